/** Rung: component. The policy pack on what the program declares: every stack is in order, and one change for the worse is found. */
import { imageNames, imageOrigin, imageReference } from "../../configs/images";
import { parseSettings } from "../../configs/stack/parse";
import { mayBeAlone } from "../../policy/bounds";
import { plain, type Declared } from "../../policy/declared";
import { resourceRules } from "../../policy/resource-rules";
import { stackRules } from "../../policy/stack-rules";
import { stackConfig } from "../../render/record";
import { runProgram, type Run } from "./support/program";

type Props = Record<string, unknown>;

// The SDK shows a pack its resources through this, and it throws at what a preview does not know. It comes without types.
const { unknownCheckingProxy } = require("@pulumi/policy/proxy") as { unknownCheckingProxy: (props: object) => object };

/** The resources of a run as the pack's index.ts gets them. */
const declared = (run: Run): Declared[] =>
  run.resources.map(({ type, name, inputs }) => ({ type, name, props: plain(unknownCheckingProxy(inputs)) as Props }));

const settingsOf = (stack: string, more: Record<string, string> = {}) => parseSettings(stack, { ...stackConfig(stack), ...more });

/** Every violation, as `rule: resource: sentence`. */
function violations(stack: string, resources: readonly Declared[], more: Record<string, string> = {}): string[] {
  return [
    ...resourceRules.flatMap(({ name, check }) =>
      resources.flatMap((resource) => check(resource).map((problem) => `${name}: ${resource.name}: ${problem}`)),
    ),
    ...stackRules.flatMap(({ name, check }) => check(settingsOf(stack, more), resources).map((problem) => `${name}: ${problem}`)),
  ];
}

describe.each(["dev", "staging", "prod"])("%s", (stack) => {
  test.each([
    ["an update", false],
    ["a preview", true],
  ])("is in order in %s", async (_, preview) => {
    const resources = declared(await runProgram(stack, {}, { preview }));
    // Rules that find nothing to judge would be green too.
    expect(resources.filter(({ type }) => /Container$|:(Deployment|StatefulSet|CronJob)$/.test(type)).length).toBeGreaterThan(4);
    expect(violations(stack, resources)).toEqual([]);
  });
});

describe("a change for the worse of prod is found:", () => {
  let prod: Declared[];
  beforeAll(async () => {
    prod = declared(await runProgram("prod"));
  });

  /** All of prod, with one resource of a kind changed; not of what may be alone. */
  function broken(kind: string, change: (props: Props) => void): Declared[] {
    const place = prod.findIndex(
      ({ type, name }) => type.endsWith(`:${kind}`) && ![...mayBeAlone].some((service) => name.includes(service)),
    );
    expect(place).not.toBe(-1);
    const copy = structuredClone(prod[place]!);
    change(copy.props);
    return prod.with(place, copy);
  }

  interface Pod extends Props {
    containers: [Record<"securityContext" | "resources", Props> & { image: string }];
  }
  const pod = (props: Props) => (props as { spec: { template: { spec: Pod } } }).spec.template.spec;

  test.each<[string, string, (props: Props) => void]>([
    ["no-privileges", "Deployment", (props) => (pod(props).containers[0].securityContext.privileged = true)],
    ["no-privileges", "StatefulSet", (props) => (pod(props).hostNetwork = true)],
    ["limits-set", "Deployment", (props) => delete pod(props).containers[0].resources.limits],
    ["no-latest", "StatefulSet", (props) => (pod(props).containers[0].image = "docker.io/app:latest")],
    ["no-public-load-balancer", "Service", (props) => ((props.spec as Props).type = "LoadBalancer")],
    ["survives-loss", "PodDisruptionBudget", (props) => ((props.spec as Props).maxUnavailable = 0)],
    ["survives-loss", "StatefulSet", (props) => ((props.spec as Props).replicas = 1)],
    ["survives-loss", "Deployment", (props) => Object.assign(pod(props), { affinity: {}, topologySpreadConstraints: [] })],
    ["survives-loss", "PodDisruptionBudget", (props) => ((props.spec as Props).maxUnavailable = "100%")],
    ["ingest-restricted", "NetworkPolicy", (props) => Object.assign(props.spec as Props, { podSelector: {}, ingress: [{}] })],
    ["no-superuser", "Deployment", (props) => (pod(props).volumes = [{ name: "p", secret: { secretName: "elasticsearch-password" } }])],
  ])("%s (%s)", (rule, kind, change) => {
    expect([...new Set(violations("prod", broken(kind, change)).map((violation) => violation.split(":")[0]))]).toEqual([rule]);
  });

  // policy.test.ts of the unit tests has each bound.
  test.each<[string, Record<string, string>]>([
    ["retention-bounds", { "tracing:retention": "3d" }],
    ["sampling-bounds", { "tracing:sampling": '{"default":100}' }],
  ])("%s", (rule, config) => {
    expect(violations("prod", prod, config).map((violation) => violation.split(":")[0])).toEqual([rule]);
  });

  test("images-by-digest, of every image that prod runs", () => {
    const found = violations("prod", prod, { "tracing:imageDigests": "required" });
    const run = imageNames
      .map((name) => imageReference(name, imageOrigin(settingsOf("prod"))))
      .filter((image) => JSON.stringify(prod).includes(image));
    expect(run.length).toBeGreaterThan(5);
    expect(found.map((violation) => violation.split(" ").slice(0, 2).join(" ")).sort()).toEqual(
      run.map((image) => `images-by-digest: ${image}`).sort(),
    );
  });

  test("encrypted-connections", () => {
    const elasticsearch = '{"external":{"url":"http://es.example.com:9200","passwordSecret":"admin"}}';
    expect(violations("prod", prod, { "tracing:elasticsearch": elasticsearch })).toEqual([
      "encrypted-connections: tracing:elasticsearch.external.url: found http://es.example.com:9200; allowed in production: an https address",
    ]);
  });

  test("environment-by-name", () => {
    const alone = prod.filter(({ type }) => !type.endsWith(":PodDisruptionBudget"));
    expect(violations("prod", alone, { "tracing:environment": "staging" })).toEqual([
      "environment-by-name: tracing:environment: found staging; the stack prod is production",
    ]);
  });
});

test.each<[string, Props]>([
  ["the engine's socket", { mounts: [{ type: "bind", source: "/var/run/docker.sock", target: "/var/run/docker.sock" }] }],
  ["a device", { devices: [{ hostPath: "/dev/mem" }] }],
])("a container of dev that is given %s is found", async (_, more) => {
  const resources = declared(await runProgram("dev"));
  const place = resources.findIndex(({ type, props }) => type.endsWith(":Container") && props.start !== false);
  const changed = resources.with(place, { ...resources[place]!, props: { ...resources[place]!.props, ...more } });
  expect(violations("dev", changed)).toEqual([expect.stringMatching(/^no-privileges: .* of its host$/)]);
});

test("an ingress is in order with the login that comes with it, and found without", async () => {
  const ingress = { host: "jaeger.example.com", className: "nginx", namespace: "ingress", tlsSecret: "tls", usersSecret: "users" };
  const resources = declared(await runProgram("prod", { jaeger: { replicas: 2, collectors: 2, ingress } }));
  expect(violations("prod", resources)).toEqual([]);
  const withoutUsers = JSON.parse(JSON.stringify(resources).replaceAll("/etc/tracing/users", "/etc/tracing/other")) as Declared[];
  expect(violations("prod", withoutUsers)).toEqual(["ingress-asks-login: jaeger leads to jaeger, which asks for no login"]);
});

test("an ingress that leads to the login is in order, and found if that is no login", async () => {
  const ingress = { host: "tracing.example.com", className: "nginx", namespace: "ingress", tlsSecret: "tls" };
  const roles = { traces: { everyone: true } };
  const client = { clientId: "tracing", clientSecret: "client", replicas: 2 };
  const login = { issuer: "https://id.example.com", url: "https://tracing.example.com", ...client, roles };
  const resources = declared(await runProgram("prod", { login, jaeger: { replicas: 2, collectors: 2, ingress } }));
  expect(violations("prod", resources)).toEqual([]);
  const other = JSON.parse(JSON.stringify(resources).replaceAll("/oauth2-proxy.cfg", "/other.cfg")) as Declared[];
  expect(violations("prod", other)).toEqual(["ingress-asks-login: jaeger leads to login, which asks for no login"]);
});
