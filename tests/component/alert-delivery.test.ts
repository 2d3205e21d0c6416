/** Rung: component. The stack's Alertmanager: where it runs, what it is let do, and where the receivers' secrets go. */
import type { Recorded } from "../../render/record";
import { runProgram, type Run } from "./support/program";

const address = "https://hooks.example.com/services/T0/B0/abcdef";
const oncall = { name: "oncall", kind: "webhook" };

describe("on Docker", () => {
  let run: Run;
  beforeAll(async () => {
    run = await runProgram("dev", {
      alerts: { delivery: "own", receivers: [oncall] },
      alertSecrets: { oncall: address },
      elasticsearch: {},
    });
  });

  test("it runs without rights, on loopback, with the secret's file and room for silences", () => {
    const { inputs } = run.container("alertmanager");
    expect(inputs).toMatchObject({
      readOnly: true,
      memory: 64,
      memorySwap: 64,
      user: "65534:65534",
      capabilities: { drops: ["ALL"] },
      ports: [{ internal: 9093, external: 9093, ip: "127.0.0.1", protocol: "tcp" }],
    });
    const networks = (inputs.networksAdvanced as { name: string }[]).map(({ name }) => name);
    expect(networks).toEqual(["tracing-backend"]);
    expect(run.mountsOf("alertmanager").map(({ containerPath, readOnly }) => [containerPath, readOnly ?? false])).toEqual([
      ["/alertmanager", false],
      ["/etc/tracing/config", true],
      ["/etc/tracing/secrets", true],
      ["/opt/tracing/tools", true],
    ]);
  });

  test("the secret is in its upload, marked as one, and nowhere else", () => {
    const holders = run.resources.filter(({ inputs, outputs }) => JSON.stringify([inputs, outputs ?? {}]).includes(address));
    expect(holders.map(({ name, secretInputs }) => [name, secretInputs])).toEqual([
      ["tracing-docker-secret-alert-receiver-oncall-upload", ["uploads"]],
    ]);
  });

  test("the stack's outputs say where it is, and who is told", () => {
    const [stack] = run.resources.filter(({ type }) => type === "tracing:components:TracingStack");
    expect(stack?.outputs).toMatchObject({
      endpoints: { alertmanager: "http://127.0.0.1:9093" },
      alertDelivery: "by the stack's Alertmanager to oncall (all)",
    });
  });

  test("a receiver without its secret is refused before anything is made", async () => {
    const alerts = { delivery: "own", receivers: [oncall, { name: "chat", kind: "slack" }] };
    const recorded: Recorded[] = [];
    await expect(runProgram("dev", { alerts, alertSecrets: { chat: address } }, { recorded })).rejects.toThrow(
      /tracing:alertSecrets\.oncall: missing/,
    );
    expect(recorded.map(({ type }) => type)).toEqual(["tracing:components:TracingStack"]);
  });
});

describe("on Kubernetes", () => {
  let run: Run;
  beforeAll(async () => {
    const mail = { name: "team", kind: "email", to: "a@example.com", from: "b@example.com", smarthost: "smtp.example.com:587" };
    run = await runProgram("staging", { alerts: { receivers: [oncall, mail], receiversSecret: "alert-receivers" } });
  });

  test("it mounts the receivers' Secret, which is not the stack's to make", () => {
    const { template } = run.get("tracing-alertmanager", "kubernetes:apps/v1:StatefulSet").inputs.spec as {
      template: { spec: { volumes: { name: string; projected?: unknown }[] } };
    };
    expect(template.spec.volumes.find(({ name }) => name === "secrets")?.projected).toEqual({
      defaultMode: 0o440,
      sources: [{ secret: { name: "alert-receivers", items: [{ key: "oncall", path: "alert-receiver-oncall" }] } }],
    });
    const secrets = run.ofType("kubernetes:core/v1:Secret").map(({ inputs }) => (inputs.metadata as { name: string }).name);
    expect(secrets.filter((name) => name.includes("alert"))).toEqual([]);
  });

  test("Prometheus alone reaches it, and it reaches the ports that its receivers have", () => {
    const { ingress, egress } = run.get("tracing-alertmanager-policy").inputs.spec as { ingress: object[]; egress: { ports: object[] }[] };
    expect(ingress).toEqual([
      {
        from: [{ podSelector: { matchLabels: expect.objectContaining({ "app.kubernetes.io/name": "prometheus" }) as object } }],
        ports: [{ port: 9093, protocol: "TCP" }],
      },
    ]);
    // The first is the cluster's DNS.
    expect(egress.slice(1)).toEqual([443, 587].map((port) => ({ ports: [{ port, protocol: "TCP" }] })));
  });

  test("a stack with nobody to tell is deployed, with a warning in its preview", async () => {
    jest.mocked(console.warn).mockClear();
    const staging = await runProgram("staging", {}, { preview: true });
    expect(staging.get("tracing").outputs).toMatchObject({ alertDelivery: "by the stack's Alertmanager to nobody" });
    expect(jest.mocked(console.warn).mock.calls.flat().join()).toContain(
      "tracing:alerts.receivers: there are none, so nobody receives alerts",
    );
  });

  test("with an operator there is none: the cluster delivers", async () => {
    const operator = await runProgram("staging", { prometheus: { mode: "operator" } });
    expect(operator.resources.filter(({ name }) => name.includes("alertmanager"))).toEqual([]);
  });
});
