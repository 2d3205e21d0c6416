/** Rung: component. The dashboards that a stack on Kubernetes hands to the cluster's Grafana. */
import { manifests } from "../../render/manifests";
import type { Recorded } from "../../render/record";
import { runProgram, strangers, type Run } from "./support/program";

interface ConfigMap {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
  readonly data: Readonly<Record<string, string>>;
}

const ofDashboards = ({ name }: Recorded) => name.startsWith("tracing-kubernetes-dashboards-");
const mapsOf = (run: Run) => run.resources.filter(ofDashboards).map(({ inputs }) => inputs as unknown as ConfigMap);

const names = ["objectives", "pipeline", "sampling", "services", "storage"];

let inOwn: Run;
let elsewhere: Run;

beforeAll(async () => {
  inOwn = await runProgram("prod", { dashboards: { grafana: {} } });
  elsewhere = await runProgram("staging", { dashboards: { grafana: { label: "example.com/board", namespace: "grafana" } } });
});

test("each is a ConfigMap in the stack's namespace, with the sidecar's label and whole JSON", () => {
  const maps = mapsOf(inOwn).toSorted((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1));
  expect(maps.map(({ metadata }) => [metadata.name, metadata.namespace])).toEqual(
    names.map((name) => [`tracing-dashboard-${name}`, "tracing"]),
  );
  for (const { metadata, data } of maps) {
    expect(metadata.labels).toEqual({ "app.kubernetes.io/part-of": "tracing", grafana_dashboard: "1" });
    const [[file, text] = ["", ""], ...others] = Object.entries(data);
    expect(others).toEqual([]);
    expect(file).toBe(`${metadata.name.replace("dashboard-", "")}.json`);
    expect(JSON.parse(text)).toMatchObject({ tags: ["tracing", "prod"], uid: expect.stringMatching(/^tracing-prod-/) as string });
    // What one ConfigMap may hold.
    expect(text.length).toBeLessThan(1024 * 1024);
  }
});

test("label and namespace follow the settings; other objects stay in the stack's namespace", () => {
  const maps = mapsOf(elsewhere);
  expect(maps).toHaveLength(names.length);
  for (const { metadata } of maps) {
    expect(metadata.namespace).toBe("grafana");
    expect(metadata.labels["example.com/board"]).toBe("1");
  }
  const others = elsewhere.resources.filter((resource) => resource.type === "kubernetes:core/v1:ConfigMap" && !ofDashboards(resource));
  expect(others.filter(({ inputs }) => (inputs as unknown as ConfigMap).metadata.namespace !== "tracing")).toEqual([]);
});

test("they belong to the platform's component, and wait for the stack's namespace only", () => {
  expect(strangers(inOwn.resources)).toEqual([]);
  const namespaceOf = (run: Run) => run.get("tracing-kubernetes-namespace").urn;
  const waiting = (run: Run) =>
    run.resources.filter((resource) => ofDashboards(resource) && resource.dependencies.includes(namespaceOf(run)));
  expect(waiting(inOwn)).toHaveLength(names.length);
  expect(waiting(elsewhere)).toEqual([]);
});

test("are rendered as manifests of their own", () => {
  const files = manifests(inOwn.resources);
  expect(files["dashboards.yaml"]?.match(/^kind: ConfigMap$/gm)).toHaveLength(names.length);
  expect(files["kustomization.yaml"]).toContain("- dashboards.yaml");
});
