/** Rung: schemas. kubeconform finds every rendered manifest valid for the oldest and the newest Kubernetes that is supported. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { projectFolder } from "../../render/record";
import { goTool } from "../../cli/machine/go-tools";
import { execOrThrow, run } from "../../cli/machine/run";
import { customResources, kubernetesVersions, openApi, type KubernetesVersion } from "../support/kubernetes-modules";
import { sharedFolder } from "../support/temporary-folder";
import { schemaFiles } from "./support/schemas";

const versions = Object.keys(kubernetesVersions) as KubernetesVersion[];
const stacks = ["staging", "prod"];

const folder = sharedFolder();
let kubeconform: string;

beforeAll(async () => {
  kubeconform = await goTool("kubeconform");
  const custom = await customResources();
  for (const version of versions) {
    mkdirSync(join(folder, version));
    for (const [name, text] of Object.entries(schemaFiles((await openApi(version)).definitions, custom))) {
      writeFileSync(join(folder, version, name), text);
    }
  }
}, 300_000);

interface Result {
  readonly resources: readonly { readonly kind: string; readonly name: string; readonly status: string; readonly msg: string }[];
}

/** What kubeconform says of a file or folder, about everything in it. */
async function judge(version: KubernetesVersion, path: string): Promise<Result["resources"]> {
  const location = join(folder, version, "{{.ResourceKind}}{{.KindSuffix}}.json");
  const flags = ["-strict", "-verbose", "-output", "json", "-kubernetes-version", version, "-schema-location", location];
  // kustomize reads the one, Grafana and Perses the others; no API server does.
  const ignored = ["kustomization", "/dashboards/"].flatMap((pattern) => ["-ignore-filename-pattern", pattern]);
  const { stdout, output } = await run(kubeconform, [...flags, ...ignored, path]);
  if (stdout === "") throw new Error(output);
  return (JSON.parse(stdout) as Result).resources;
}

describe.each(versions)("Kubernetes %s", (version) => {
  test.each(stacks)("accepts every manifest of %s", async (stack) => {
    const rendered = join(projectFolder, "rendered", stack);
    const results = await judge(version, rendered);
    const count = readdirSync(rendered)
      .filter((name) => name.endsWith(".yaml") && name !== "kustomization.yaml")
      .flatMap((name) => parseAllDocuments(readFileSync(join(rendered, name), "utf8"))).length;
    expect(results.filter(({ status }) => status !== "statusValid")).toEqual([]);
    expect(results).toHaveLength(count);
  });

  test("accepts the monitors and rules of the Prometheus operator", async () => {
    const out = join(folder, `operator-${version}`);
    const set = 'tracing:prometheus={"mode":"operator"}';
    await execOrThrow(process.execPath, ["--import", "tsx", "cli/main.ts", "render", "--stack", "prod", "--set", set, "--out", out], {
      cwd: projectFolder,
    });
    const results = await judge(version, out);
    expect(results.filter(({ status }) => status !== "statusValid")).toEqual([]);
    expect(results.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["ServiceMonitor", "PrometheusRule"]));
  }, 120_000);

  test.each<[string, object, string]>([
    ["a field that does not exist", { spec: { replica: 1 } }, "replica"],
    ["a text in place of a number", { spec: { replicas: "three" } }, "replicas"],
    ["a field deep in a pod", { spec: { template: { spec: { containers: [{ name: "a", readOnly: true }] } } } }, "readOnly"],
  ])("refuses %s", async (name, fault, word) => {
    const file = join(folder, `${version}-${name.replaceAll(" ", "-")}.json`);
    const selector = { matchLabels: { app: "a" } };
    const base = { selector, template: { metadata: { labels: selector.matchLabels }, spec: { containers: [{ name: "a" }] } } };
    const spec = { ...base, ...(fault as { spec: object }).spec };
    writeFileSync(file, JSON.stringify({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "a" }, spec }));
    const [result] = await judge(version, file);
    expect(result).toMatchObject({ status: "statusInvalid", msg: expect.stringContaining(word) as string });
  });
});
