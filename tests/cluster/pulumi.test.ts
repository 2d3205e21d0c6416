/**
 * Rung: cluster. The product itself: the Pulumi CLI brings staging up, finds nothing to change, carries out an edit of the sampling rates by
 * what must change alone, heeds the policy pack, and takes everything away. Where the CLI is not on the PATH, these tests are skipped and counted as such.
 */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { projectFolder } from "../../render/record";
import { run, tail, type Outcome } from "../../cli/machine/run";
import { until } from "../support/waiting";
import { images, isOfJob, kubectl, tryKubectl } from "./support/cluster";

const onPath = (process.env.PATH ?? "").split(":").some((folder) => existsSync(join(folder, "pulumi")));
const folder = mkdtempSync(join(tmpdir(), "tracing-pulumi-"));
const configFile = join(folder, "Pulumi.staging.yaml");
const namespace = "tracing-test-pulumi";
const env = {
  PULUMI_BACKEND_URL: `file://${folder}`,
  PULUMI_CONFIG_PASSPHRASE: "test",
  PULUMI_SKIP_UPDATE_CHECK: "true",
  PULUMI_NODEJS_TRANSPILE_ONLY: "true",
};

interface Step {
  readonly op: string;
  readonly urn: string;
}

/** Runs the CLI on the stack. */
function tryPulumi(command: string, ...args: string[]): Promise<Outcome> {
  const all = [command, ...args, "--stack", "staging", "--non-interactive", "--config-file", configFile];
  return run("pulumi", all, { cwd: projectFolder, env, timeout: 15 * 60_000 });
}

/** Runs the CLI, which must succeed; returns what it printed. */
async function pulumi(command: string, ...args: string[]): Promise<string> {
  const { ok, stdout, output, why } = await tryPulumi(command, ...args);
  if (!ok) throw new Error(`pulumi ${command}: ${why}\n${tail(output, 40)}`);
  return stdout;
}

/** What a preview would do, without what stays as it is: operations with names. */
async function changes(...args: string[]): Promise<string[]> {
  const { steps } = JSON.parse(await pulumi("preview", "--json", ...args)) as { steps: Step[] };
  return steps
    .filter(({ op }) => op !== "same" && op !== "read" && op !== "refresh")
    .map(({ op, urn }) => `${op} ${urn.split("::").at(-1) ?? ""}`);
}

/** The stack's file, in a namespace of the tests', with a default rate, and more. */
function configure(percent: number, more: Readonly<Record<string, string>> = {}): void {
  const { config } = parse(readFileSync(join(projectFolder, "Pulumi.staging.yaml"), "utf8")) as { config: Record<string, object> };
  const own = {
    "tracing:images": images,
    "tracing:kubernetes": { namespace, cluster: "test", volumes: "delete", nodes: "any", zones: "any" },
    // The stack file's senders need a Secret.
    "tracing:ingest": { mode: "report" },
    "tracing:sampling": { ...config["tracing:sampling"], default: percent },
    ...more,
  };
  const kept = existsSync(configFile) ? (parse(readFileSync(configFile, "utf8")) as object) : {};
  writeFileSync(configFile, stringify({ ...kept, config: { ...config, ...own } }));
}

/** Names and identities of the pods, without those that are on their way out and those of Jobs. */
async function pods(): Promise<Map<string, string>> {
  const { items } = JSON.parse(await kubectl("-n", namespace, "get", "pods", "-o", "json")) as {
    items: { metadata: { name: string; uid: string; deletionTimestamp?: string; ownerReferences?: { kind: string }[] } }[];
  };
  const lasting = items.filter((pod) => !pod.metadata.deletionTimestamp && !isOfJob(pod));
  return new Map(lasting.map(({ metadata: { name, uid } }) => [name, uid]));
}

(onPath ? describe : describe.skip)("the Pulumi CLI", () => {
  beforeAll(async () => {
    copyFileSync(join(projectFolder, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
    configure(50);
    const { ok, output } = await run("pulumi", ["stack", "init", "staging", "--no-select", "--non-interactive"], { cwd: folder, env });
    if (!ok) throw new Error(tail(output));
    await pulumi("up", "--yes", "--skip-preview");
  }, 900_000);

  afterAll(async () => {
    await tryKubectl("delete", "namespace", namespace, "--ignore-not-found", "--timeout=5m");
    rmSync(folder, { recursive: true, force: true });
  }, 600_000);

  test("finds nothing to change after it has brought the stack up, also when it looks at the cluster", async () => {
    expect(await changes("--refresh")).toEqual([]);
  }, 120_000);

  test("carries out an edit of the sampling rates by the samplers' file and the samplers alone", async () => {
    const before = await pods();
    configure(30);
    expect((await changes()).filter((change) => !/^(create|delete)-replace/.test(change)).sort()).toEqual([
      "replace tracing-otel-sampler-config",
      "update tracing-otel-sampler",
    ]);
    await pulumi("up", "--yes", "--skip-preview");
    const after = await pods();
    const renewed = [...after].filter(([name, uid]) => before.get(name) !== uid).map(([name]) => name);
    expect(renewed.sort()).toEqual(["otel-sampler-0", "otel-sampler-1"]);
    expect(await changes()).toEqual([]);
  }, 600_000);

  test("is stopped by the policy pack where staging would break a rule, and by nothing else", async () => {
    const preview = ["preview", "--policy-pack", join(projectFolder, "policy")] as const;
    await pulumi(...preview);
    configure(30, { "tracing:retention": "3d" });
    const { ok, output } = await tryPulumi(...preview);
    configure(30);
    expect(output).toContain("tracing:retention: found 3d; allowed in staging: from 7d to 90d");
    expect(ok).toBe(false);
  }, 300_000);

  test("takes everything away, volumes included", async () => {
    await pulumi("destroy", "--yes", "--skip-preview");
    expect((await tryKubectl("get", "namespace", namespace)).ok).toBe(false);
    // The cluster deletes a volume some time after its claim.
    const claimed = async () =>
      (await kubectl("get", "persistentvolumes", "-o", "jsonpath={.items[*].spec.claimRef.namespace}")).split(" ");
    expect(await until(120, claimed, (namespaces) => !namespaces.includes(namespace))).not.toContain(namespace);
  }, 600_000);
});
