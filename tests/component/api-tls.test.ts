/** Rung: component. TLS to the APIs of Prometheus and Alertmanager: which objects it adds, in which order they are rolled, and what stays as it is. */
import { runProgram, types, type Run } from "./support/program";

type Mode = "off" | "accept" | "both" | "on";
const stackOf = (mode: Mode, tls: object = {}) => runProgram("staging", { kubernetes: { tls: { mode, ...tls } } });

const runs = {} as Record<Mode, Run>;
beforeAll(async () => {
  for (const mode of ["off", "accept", "both", "on"] as const) runs[mode] = await stackOf(mode);
});

const services = ["prometheus", "alertmanager"] as const;
const certificate = "kubernetes:cert-manager.io/v1:Certificate";

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}
interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName: string };
  readonly configMap?: { readonly name: string };
}
const statefulSet = (run: Run, service: string) => run.get(`tracing-${service}`, "kubernetes:apps/v1:StatefulSet");
const pod = (run: Run, service: string) => {
  const spec = statefulSet(run, service).inputs.spec as { template: { spec: { containers: Container[]; volumes: Volume[] } } };
  return spec.template.spec;
};
const requested = (run: Run) => run.ofType(certificate).map(({ inputs }) => (inputs.metadata as { name: string }).name);

test("without TLS, a stack is what it is without the setting", async () => {
  const plain = await runProgram("staging", { kubernetes: {} });
  const all = ({ resources }: Run) => resources.map(({ urn, inputs, dependencies }) => ({ urn, inputs, dependencies }));
  expect(all(runs.off)).toEqual(all(plain));
});

test.each(services)("with TLS, the pod of %s gets a proxy with its certificate, and its own container no key", (service) => {
  for (const mode of ["accept", "both", "on"] as const) {
    const { containers, volumes } = pod(runs[mode], service);
    expect(containers.map(({ name }) => name)).toEqual([service, "tls-proxy"]);
    const [own, proxy] = containers as [Container, Container];
    const mounted = ({ volumeMounts }: Container) =>
      volumeMounts.map(({ name, mountPath }) => [mountPath, volumes.find((volume) => volume.name === name)?.secret?.secretName]);
    expect(mounted(proxy)).toEqual([
      ["/etc/tracing/config", undefined],
      ["/etc/tracing/certificates", `${service}-tier-tls`],
    ]);
    expect(mounted(own).map(([, secret]) => secret)).not.toContain(`${service}-tier-tls`);
    const { data, metadata } = runs[mode].get(`tracing-${service}-tls-proxy-config`).inputs as {
      data: Record<string, string>;
      metadata: { name: string };
    };
    expect(Object.keys(data)).toEqual(["haproxy.cfg", "tls-proxy.sh"]);
    expect(volumes.map(({ configMap }) => configMap?.name)).toContain(metadata.name);
  }
});

test("the step to TLS replaces no resource, and takes none away", () => {
  const urns = (mode: Mode) => runs[mode].resources.map(({ urn }) => urn);
  for (const mode of ["accept", "both", "on"] as const) expect(urns(mode)).toEqual(expect.arrayContaining(urns("off")));
});

test("certificates are requested for both, unless somebody else makes them, and none where Prometheus is the cluster's", async () => {
  const own = services.map((service) => `${service}-tier-tls`);
  expect(requested(runs.on)).toEqual(expect.arrayContaining(own));
  expect(requested(await stackOf("on", { certificates: "external" }))).toEqual([]);
  const operated = await runProgram("staging", { kubernetes: { tls: { mode: "on" } }, prometheus: { mode: "operator" } });
  for (const name of own) expect(requested(operated)).not.toContain(name);
});

test("in an update, Alertmanager takes TLS before Prometheus uses it", () => {
  const before = (mode: Mode) => runs[mode].dependenciesOf(statefulSet(runs[mode], "prometheus"), "kubernetes:apps/v1:StatefulSet");
  expect(before("off")).not.toContain("tracing-alertmanager");
  expect(before("both")).toContain("tracing-alertmanager");
});

test("the stack's outputs name the addresses that clients use", () => {
  const [plain, secure] = [
    { prometheus: "http://prometheus.tracing.svc:9090", alertmanager: "http://alertmanager.tracing.svc:9093" },
    { prometheus: "https://prometheus.tracing.svc:9490", alertmanager: "https://alertmanager.tracing.svc:9493" },
  ];
  const wanted: readonly (readonly [Mode, object])[] = [
    ["off", plain],
    ["accept", plain],
    ["both", secure],
    ["on", secure],
  ];
  for (const [mode, endpoints] of wanted) expect(runs[mode].get("tracing").outputs).toMatchObject({ endpoints });
});

test("on Docker there is no proxy", async () => {
  const names = (await runProgram("dev")).ofType(types.container).map(({ name }) => name);
  expect(names.filter((name) => name.includes("tls-proxy"))).toEqual([]);
});
