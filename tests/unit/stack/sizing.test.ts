/** Rung: unit. What an expected load takes, and what is refused because it is too small for it. */
import * as fc from "fast-check";
import { capacityConfigs, capacityReference, capacitySettings } from "../../../cli/reference/capacity";
import { queueBytes } from "../../../configs/collector/bytes";
import { allShards, bytesPerDay, mostShards, shardsPerDay } from "../../../configs/elasticsearch/shards";
import { indexTemplates } from "../../../configs/elasticsearch/templates";
import { parseSettings } from "../../../configs/stack/parse";
import { sizing, sizingTexts } from "../../../configs/stack/sizing";
import { capacity, samplingTier } from "../../../configs/sampling";
import { problemsOf, settingsWith } from "../../support/settings";

const kubernetes = { "tracing:platform": "kubernetes", "tracing:environment": "production" };
const load = (tracesPerSecond: number, more: object = {}) => ({ default: 100, expected: { tracesPerSecond, ...more } });

describe("shards of a day", () => {
  /** Not judged as a whole: the rest of it may be too small. */
  const sized = (nodes: number, tracesPerSecond: number) => {
    const { elasticsearch, sampling, ...settings } = settingsWith({ platform: "kubernetes" });
    const expected = { ...sampling.expected, tracesPerSecond };
    return { ...settings, elasticsearch: { ...elasticsearch, nodes }, sampling: { ...sampling, expected } };
  };

  test("are one up to 20 GB, then as many as the nodes, then a multiple of them", () => {
    // 1000 spans of 294 bytes a second are 25 GB a day.
    expect([70, 79, 100, 470, 480, 1000].map((traces) => shardsPerDay(sized(3, traces)))).toEqual([1, 3, 3, 3, 6, 9]);
    expect([79, 100, 170].map((traces) => shardsPerDay(sized(1, traces)))).toEqual([1, 1, 2]);
  });

  test("are a multiple of the nodes, none larger than 40 GB, whatever the load", () => {
    const stacks = fc.record({ nodes: fc.constantFrom(1, 3, 4, 9), traces: fc.integer({ min: 1, max: 20_000 }) });
    fc.assert(
      fc.property(stacks, ({ nodes, traces }) => {
        const settings = sized(nodes, traces);
        const [count, bytes] = [shardsPerDay(settings), bytesPerDay(settings)];
        return bytes <= 20e9 ? count === 1 : count % nodes === 0 && bytes / count <= 40e9;
      }),
    );
  });

  test("are in the template, as a number", () => {
    const settings = sized(3, 1000);
    expect(indexTemplates(settings).span.template.settings["index.number_of_shards"]).toBe(9);
    expect(indexTemplates(settings).service.template.settings["index.number_of_shards"]).toBe(1);
  });
});

describe("a stack that is too small for its expected load is refused, with sizes that suffice", () => {
  type Groups = Record<string, unknown>;
  const refused = (groups: Groups) => problemsOf(groups, kubernetes);
  const about = (key: string, groups: Groups) => refused(groups).filter((one) => one.startsWith(`tracing:${key}:`));
  /** A group with one more setting. */
  const with_ = (groups: Groups, key: string, value: string) => {
    const [group = "", name = ""] = key.replace("tracing:", "").split(".");
    return { ...groups, [group]: { ...(groups[group] as object | undefined), [name]: value } };
  };
  /** The problem; what its message allows mends it, each way. */
  const mended = (groups: Groups, key: string) => {
    const [problem = ""] = about(key, groups);
    const [, allowed = "", other, count] = /allowed: (\d\S+) or more(?:, or (tracing:\S+) of (\d+))?/.exec(problem) ?? [];
    expect(about(key, with_(groups, key, allowed))).toEqual([]);
    const spread = (of: Groups) => (other === "tracing:elasticsearch.nodes" ? with_(of, "elasticsearch.tls", "cert-manager") : of);
    if (other) expect(about(key, spread(with_(groups, other, count!)))).toEqual([]);
    if (other) expect(about(key, spread(with_(groups, other, String(Number(count) - 1))))).not.toEqual([]);
    return problem;
  };

  test("by its disk", () => {
    expect(mended({ sampling: load(100), elasticsearch: { storage: "100Gi" } }, "elasticsearch.storage")).toBe(
      "tracing:elasticsearch.storage: found 102400Mi; allowed: 253Gi or more, or tracing:elasticsearch.nodes of 7, for 1000 spans a second that " +
        "tracing:sampling.expected and the rates keep and 7 days of retention",
    );
  });

  test("by the volume of its snapshots", () => {
    const groups = { sampling: load(100), elasticsearch: { storage: "500Gi", snapshots: { store: "volume" } } };
    expect(about("elasticsearch.snapshots.storage", groups)).toEqual([
      expect.stringMatching(/found 20480Mi; allowed: 474Gi or more, or a shorter/),
    ]);
    const larger = { ...groups, elasticsearch: { ...groups.elasticsearch, snapshots: { store: "volume", storage: "474Gi" } } };
    expect(about("elasticsearch.snapshots.storage", larger)).toEqual([]);
  });

  test("by its queue", () => {
    const groups = { sampling: load(200), elasticsearch: { storage: "2048Gi" } };
    expect(mended(groups, "collector.queue")).toMatch(
      /^tracing:collector\.queue: found 391Mi; allowed: \d+Mi or more, which holds 120 s for 2000 spans a second/,
    );
  });

  test.each([
    ["collector", "its one instance", "collector.replicas"],
    ["sampler", "each of 3 instances", "sampler.replicas"],
    ["jaeger", "its one instance", "jaeger.replicas"],
  ])("by the processors of %s", (group, instances, key) => {
    const groups = { sampling: load(1500), sampler: { replicas: 3, memory: "32Gi" }, elasticsearch: { storage: "16384Gi" } };
    expect(mended(groups, `${group}.cpu`)).toMatch(
      new RegExp(`: found 500m for ${instances}; allowed: \\d+m or more, or tracing:${key} of \\d+, as the expected load keeps`),
    );
  });

  test("by the CPU of Elasticsearch: with several nodes, each index has a copy", () => {
    const groups = { sampling: load(300), elasticsearch: { storage: "16384Gi" } };
    expect(mended(groups, "elasticsearch.cpu")).toMatch(
      /: found 1000m for its one instance; allowed: \d+m or more, or tracing:elasticsearch\.nodes of 5, /,
    );
  });

  test("by its shards, of which a node takes a thousand", () => {
    const groups = { sampling: load(20_000), retention: "365d", elasticsearch: { storage: "16384Gi" } };
    expect(about("retention", groups)).toEqual([
      expect.stringMatching(/found 365d; allowed: a shorter retention, as its indices have \d+ shards/),
    ]);
  });

  test("and told so where nothing would do", () => {
    const groups = { sampling: load(1_000_000), elasticsearch: { storage: "16384Gi", cpu: "64" } };
    expect(about("elasticsearch.storage", groups)[0]).toContain("allowed: lower rates or a shorter retention, for");
  });

  test("but not for a load that nobody stated: the default is nobody's own", () => {
    expect(refused({ sampling: { default: 100 } })).toEqual([]);
  });

  test("and Docker is asked for its queue alone: it sets no limit on disk and processors", () => {
    const problems = problemsOf({ sampling: load(150) });
    expect(problems).toEqual([expect.stringMatching(/^tracing:collector\.queue: /)]);
  });
});

describe("the four sizes of docs/CAPACITY.md", () => {
  const all = [...capacitySettings()];

  test("are for a thousand to a million spans a second", () => {
    expect(all.map(([, settings]) => sizing(settings).received)).toEqual([1000, 10_000, 100_000, 1_000_000]);
  });

  test.each(all)("%s holds its own load by each measure", (_file, settings) => {
    const { disk, queueSeconds, processors, shardsPerDay: shards } = sizing(settings);
    expect(disk.usable).toBeGreaterThan(disk.needed);
    expect(queueSeconds).toBeGreaterThan(120);
    for (const { needed, has } of processors) expect(needed / has).toBeLessThanOrEqual(0.6);
    expect(allShards(settings)).toBeLessThanOrEqual(mostShards * settings.elasticsearch.nodes);
    expect(shards === 1 || shards % settings.elasticsearch.nodes === 0).toBe(true);
    const tier = samplingTier(settings);
    const { expected, traces } = capacity(settings.sampling, tier.memory, tier.counted);
    expect(traces).toBeGreaterThanOrEqual(expected);
    // The queue's content must leave room on the volume for the file's overhead.
    expect(queueBytes(settings)).toBeLessThan((settings.collector.queue * 2 ** 20) / 3);
  });

  test.each([
    ["elasticsearch.storage", "100k.yaml", (raw: Record<string, unknown>) => ({ ...raw, storage: "600Gi" })],
    ["elasticsearch.cpu", "1m.yaml", (raw: Record<string, unknown>) => ({ ...raw, cpu: "8" })],
  ])("with less, %s of %s is refused", (key, file, less) => {
    const raw = capacityConfigs().get(file)!;
    const changed = {
      ...raw,
      "tracing:elasticsearch": JSON.stringify(less(JSON.parse(raw["tracing:elasticsearch"]!) as Record<string, unknown>)),
    };
    expect(() => parseSettings("prod", changed)).toThrow(`tracing:${key}: found`);
  });

  test("are all in the document", () => {
    for (const [file] of all) expect(capacityReference()).toContain(`[${file}](capacity/${file})`);
  });
});

test("sizes are said in words, those of the processors on Kubernetes only", () => {
  expect(Object.keys(sizingTexts(settingsWith()))).toEqual(["spans", "storage", "queue"]);
  const [, settings] = [...capacitySettings()][0]!;
  expect(sizingTexts(settings)).toMatchObject({
    spans: "1000 a second received at peak, 109 kept",
    "sampler processors": expect.stringMatching(/^\d\.\d\d of 2\.00, those of 2 of 3$/) as string,
  });
});
