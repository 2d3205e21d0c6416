/** Rung: component. The stack's Perses: where it runs, and what it is let do. */
import { runProgram, types, type Run } from "./support/program";

describe("on Docker", () => {
  let run: Run;
  beforeAll(async () => {
    run = await runProgram("dev");
  });

  test("it runs on memory and a volume that hold nothing to keep", () => {
    expect(run.container("perses").inputs.tmpfs).toEqual({ "/var/lib/perses": "size=4m,mode=0700,uid=65534,gid=65534" });
    expect(run.mountsOf("perses").map(({ containerPath, readOnly }) => [containerPath, readOnly ?? false])).toEqual([
      ["/perses", false],
      ["/etc/tracing/config", true],
      ["/etc/tracing/live", true],
      ["/opt/tracing/tools", true],
    ]);
  });

  test("it has the dashboards, which change under it, and its config file, which does not", () => {
    const uploads = (name: string) => (run.get(name).inputs.uploads as { file: string }[]).map(({ file }) => file.split("/").at(-1));
    expect(uploads("tracing-perses-config-upload")).toEqual(["perses.yml"]);
    expect(uploads("tracing-perses-live-upload")).toEqual([
      ...["perses-project.yaml", "perses-datasource.yaml"],
      ...["pipeline", "sampling", "storage", "objectives", "services"].map((name) => `perses-${name}.yaml`),
    ]);
  });

  test("a stack that wants none has neither it nor its image", async () => {
    const without = await runProgram("dev", { dashboards: { perses: false } });
    expect(without.resources.filter(({ name }) => name.includes("perses"))).toEqual([]);
    expect(without.ofType(types.image).filter(({ inputs }) => String(inputs.name).includes("perses"))).toEqual([]);
    expect(without.get("tracing").outputs).toHaveProperty("endpoints.prometheus");
    expect(without.get("tracing").outputs).not.toHaveProperty("endpoints.perses");
  });
});

describe("on Kubernetes", () => {
  test("it reaches only Prometheus and DNS, accepts no connections, and stores on an emptyDir", async () => {
    const run = await runProgram("staging", { dashboards: { perses: true } });
    const { ingress, egress } = run.get("tracing-perses-policy").inputs.spec as {
      ingress?: object[];
      egress: { to?: unknown; ports: { port: number }[] }[];
    };
    expect(ingress ?? []).toEqual([]);
    // The first is the cluster's DNS.
    expect(egress.slice(1)).toEqual([
      {
        to: [{ podSelector: { matchLabels: expect.objectContaining({ "app.kubernetes.io/name": "prometheus" }) as object } }],
        ports: [{ port: 9090, protocol: "TCP" }],
      },
    ]);
    const { template } = run.get("tracing-perses", "kubernetes:apps/v1:Deployment").inputs.spec as {
      template: { spec: { volumes: { name: string; emptyDir?: object }[] } };
    };
    const disks = template.spec.volumes.flatMap(({ emptyDir }) => (emptyDir ? [emptyDir] : []));
    expect(disks).toEqual(expect.arrayContaining([{ sizeLimit: "512Mi" }, { medium: "Memory", sizeLimit: "4Mi" }]));
    expect(run.get("tracing").outputs).toMatchObject({ endpoints: { perses: "http://perses.tracing.svc:8080" } });
  });
});
