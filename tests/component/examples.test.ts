/** Rung: component. Each example is a program that makes what its README says, in an update and in a preview. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { projectFolder, record, type Recorded } from "../../render/record";
import { Run, shortTraces } from "./support/program";

const folder = join(projectFolder, "examples");
const examples = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
  .map(({ name }) => name);

const config = {
  "tracing:kubeconfig": "{}",
  "tracing:elasticsearchUrl": "https://elastic.example.com:9243",
  "tracing:elasticsearchPassword": "s3cret",
};

const run = async (example: string, preview = false): Promise<Run> => {
  const program = () => require(join(folder, example, "index")) as unknown;
  const recorded: Recorded[] = [];
  await jest.isolateModulesAsync(async () => {
    await shortTraces(() => record("dev", config, { program, preview, recorded }));
  });
  return new Run(recorded);
};

describe.each(examples)("%s", (example) => {
  test("makes the same resources in an update and in a preview, each under a name of its own", async () => {
    const urns = (of: Run) => of.resources.map(({ urn }) => urn).sort();
    const update = await run(example);
    expect(update.resources.length).toBeGreaterThan(10);
    expect(urns(await run(example, true))).toEqual(urns(update));
    const names = update.resources.map(({ type, inputs }) => {
      const { metadata, name } = inputs as { metadata?: { namespace?: string; name: string }; name?: string };
      return metadata ? `${type} ${metadata.namespace ?? ""}/${metadata.name}` : name && `${type} ${name}`;
    });
    const given = names.filter((name) => name !== undefined);
    expect(given.filter((name, i) => given.indexOf(name) !== i)).toEqual([]);
  });

  test("is a project with a README that the list names", () => {
    const project = parse(readFileSync(join(folder, example, "Pulumi.yaml"), "utf8")) as Record<string, string>;
    expect(project).toMatchObject({ name: example, runtime: "nodejs" });
    expect(existsSync(join(folder, example, "README.md"))).toBe(true);
    expect(readFileSync(join(folder, "README.md"), "utf8")).toContain(`| [${example}](${example}) |`);
  });
});

const objects = (of: Run) => of.resources.filter(({ type }) => type.startsWith("kubernetes:"));

test("eks: every object uses the given provider, whose kubeconfig stays a secret", async () => {
  const made = await run("eks");
  const { urn, secretInputs } = made.get("cluster", "pulumi:providers:kubernetes");
  expect(secretInputs).toEqual(["kubeconfig"]);
  expect(made.ofType("pulumi:providers:kubernetes")).toHaveLength(1);
  expect(objects(made).filter(({ provider }) => !provider.startsWith(urn))).toEqual([]);
});

test("existing-elasticsearch: its password is in one Secret, and no Elasticsearch is deployed", async () => {
  const made = await run("existing-elasticsearch");
  const holders = made.resources.filter(({ inputs }) => JSON.stringify(inputs).includes("s3cret"));
  expect(holders.map(({ name, secretInputs }) => [name, secretInputs])).toEqual([
    ["tracing-secret-elasticsearch-password", ["stringData"]],
  ]);
  expect(made.ofType("kubernetes:apps/v1:StatefulSet").map(({ name }) => name)).toEqual(["otel-collector"]);
  const { data } = made.get("jaeger-config").inputs as { data: Record<string, string> };
  expect(data["jaeger-config.yml"]).toContain("https://elastic.example.com:9243");
  expect(made.get("index-cleaner", "kubernetes:batch/v1:CronJob").parent).toMatch(/IndexCleaner::index-cleaner$/);
});

test("prometheus-operator: monitors and rules have the labels that the cluster's Prometheus selects", async () => {
  const made = await run("prometheus-operator");
  const watched = made.resources.filter(({ type }) => type.startsWith("kubernetes:monitoring.coreos.com"));
  expect(watched.map(({ name }) => name)).toContain("tracing-kubernetes-monitors-rules");
  for (const { inputs } of watched) expect(inputs.metadata).toMatchObject({ labels: { release: "kube-prometheus-stack" } });
  expect(made.ofType("kubernetes:apps/v1:StatefulSet").map(({ name }) => name)).not.toContain("tracing-prometheus");
});

// Its transform is applied by an engine, which mocks are not.
test("overrides: node selector, annotation and processor are in what is made", async () => {
  const made = await run("overrides");
  const { spec } = made.get("tracing-elasticsearch", "kubernetes:apps/v1:StatefulSet").inputs as {
    spec: { template: { metadata: { annotations: object }; spec: { nodeSelector: object } } };
  };
  expect(spec.template.spec.nodeSelector).toEqual({ "node.kubernetes.io/instance-type": "r7i.large" });
  expect(spec.template.metadata.annotations).toEqual({ "example.com/owner": "platform" });
  const { data } = made.get("tracing-otel-collector-config").inputs as { data: Record<string, string> };
  const { service } = parse(data["otel-config.yml"] ?? "") as { service: { pipelines: Record<string, { processors: string[] }> } };
  expect(service.pipelines["traces/received"]?.processors.at(-1)).toBe("redaction/email");
});

test("two-stacks: neither has an object in the other's namespace, nor its provider or labels", async () => {
  const made = await run("two-stacks");
  for (const name of ["blue", "green"]) {
    const own = objects(made).filter((resource) => resource.name.startsWith(`${name}-`));
    expect(own.length).toBeGreaterThan(30);
    const provider = made.get(`${name}-cluster`).urn;
    for (const { type, inputs, provider: used } of own) {
      const { metadata } = inputs as { metadata: { name: string; namespace?: string; labels?: Record<string, string> } };
      expect(type === "kubernetes:core/v1:Namespace" ? metadata.name : metadata.namespace).toBe(`tracing-${name}`);
      expect(metadata.labels?.["app.kubernetes.io/instance"] ?? name).toBe(name);
      expect(used.startsWith(provider)).toBe(true);
    }
  }
});
