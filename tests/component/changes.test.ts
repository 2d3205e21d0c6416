/** Rung: component. What an edit of stack config changes: exactly the resources that must, and never data. */
import type { Recorded } from "../../render/record";
import { runProgram, types, type Run } from "./support/program";

let base: Run;
beforeAll(async () => {
  base = await runProgram("dev");
});

/** Names of the resources whose inputs differ between two runs, with the names of these inputs. */
function differences(one: Run, other: Run): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const resource of one.resources) {
    const changed = changedInputs(
      resource,
      other.resources.find(({ urn }) => urn === resource.urn),
    );
    if (changed.length > 0) found[resource.name] = changed;
  }
  return found;
}

function changedInputs(one: Recorded, other: Recorded | undefined): string[] {
  const names = new Set([...Object.keys(one.inputs), ...Object.keys(other?.inputs ?? {})]);
  return [...names].filter((name) => JSON.stringify(one.inputs[name]) !== JSON.stringify(other?.inputs[name])).sort();
}

const urns = (run: Run) => run.resources.map(({ urn }) => urn).sort();

test("the same config gives the same inputs again", async () => {
  const again = await runProgram("dev");
  expect(differences(base, again)).toEqual({});
  expect(urns(again)).toEqual(urns(base));
});

describe("an edit of", () => {
  test.each<[string, Record<string, unknown>, Record<string, string[]>]>([
    [
      "the sampling rates: the Collector and its file, and what dashboards compare with, live",
      { sampling: { default: 10, operations: [{ operation: "POST /api/auth/login", percent: 100 }] } },
      {
        "tracing-otel-collector": ["envs", "labels"],
        "tracing-otel-collector-config-upload": ["uploads"],
        "tracing-perses-live-upload": ["uploads"],
      },
    ],
    [
      "the retention: how far Jaeger looks back, what the cleaner deletes, and how old a span may be that the Collector takes",
      { retention: "14d" },
      {
        "tracing-otel-collector": ["labels"],
        "tracing-otel-collector-config-upload": ["uploads"],
        "tracing-jaeger": ["labels"],
        "tracing-jaeger-config-upload": ["uploads"],
        "tracing-index-cleaner": ["labels"],
        "tracing-index-cleaner-config-upload": ["uploads"],
        "tracing-perses-live-upload": ["uploads"],
        "tracing-prometheus": ["labels"],
        "tracing-prometheus-config-upload": ["uploads"],
      },
    ],
    [
      "the Collector's memory: its limits, outside and in its file, and the alert on it",
      { collector: { memory: "512Mi" } },
      {
        "tracing-otel-collector": ["envs", "labels", "memory", "memorySwap"],
        "tracing-otel-collector-config-upload": ["uploads"],
        "tracing-perses-live-upload": ["uploads"],
        "tracing-prometheus": ["labels"],
        "tracing-prometheus-config-upload": ["uploads"],
      },
    ],
    [
      "Elasticsearch's memory: its limit and heap",
      { elasticsearch: { memory: "2Gi", snapshots: { store: "volume" } } },
      { "tracing-elasticsearch": ["envs", "memory", "memorySwap"] },
    ],
    ["a port of the host: its service", { publish: { ports: { prometheus: 9999 } } }, { "tracing-prometheus": ["ports"] }],
    [
      "the cleaner's hour: the cleaner",
      { indexCleaner: { hour: 4 } },
      {
        "tracing-index-cleaner": ["command", "labels"],
        "tracing-index-cleaner-config-upload": ["uploads"],
      },
    ],
    [
      "the environment: what marks traces and metrics",
      { environment: "staging", alerts: { delivery: "off" }, dashboards: { perses: true }, ingest: { mode: "off" } },
      {
        "tracing-otel-collector": ["envs", "labels"],
        "tracing-otel-collector-config-upload": ["uploads"],
        "tracing-prometheus": ["labels"],
        "tracing-prometheus-config-upload": ["uploads"],
      },
    ],
  ])("%s, and nothing else", async (_what, config, expected) => {
    const edited = await runProgram("dev", config);
    expect(differences(base, edited)).toEqual(expected);
    expect(urns(edited)).toEqual(urns(base));
  });

  test("the sampling rates with 'decide: app': the strategies file and the dashboards, live, and no service", async () => {
    const ten = await runProgram("dev", { sampling: { default: 10, decide: "app" } });
    const twenty = await runProgram("dev", { sampling: { default: 20, decide: "app" } });
    expect(differences(ten, twenty)).toEqual({
      "tracing-jaeger-live-upload": ["uploads"],
      "tracing-perses-live-upload": ["uploads"],
    });
  });

  test("the images: containers and images only, no volume, network or password", async () => {
    const changed = new Set(Object.keys(differences(base, await runProgram("dev", { images: "local" }))));
    const lasting = [types.volume, types.network, types.password].flatMap((type) => base.ofType(type));
    expect(lasting).toHaveLength(36);
    expect(lasting.filter(({ name }) => changed.has(name))).toEqual([]);
    expect(changed.size).toBe(base.ofType(types.container).length + base.ofType(types.image).length);
  });
});

test("the outputs show what an edit of the sampling rates changes", async () => {
  const rates = { default: 10, errors: 100, operations: [{ operation: "GET /health", percent: 0 }] };
  const edited = await runProgram("dev", { sampling: rates });
  expect(edited.get("tracing").outputs).toMatchObject({
    samplingRates: { "GET /health": "0 % (with an error 100 %)", "any other": "10 % (with an error 100 %)" },
    samplingStrategy: "trace-complete",
  });
});
