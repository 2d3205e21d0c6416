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

describe("a stack that is too small for the load that it states is refused, and told what would do", () => {
  const refused = (groups: Record<string, unknown>) => problemsOf(groups, kubernetes);
  /** The same with what a message allows is not refused for it any more. */
  const mended = (groups: Record<string, unknown>, about: string, with_: (allowed: string) => Record<string, unknown>) => {
    const problem = refused(groups).find((one) => one.startsWith(`tracing:${about}:`))!;
    const allowed = /allowed: (\S+)/.exec(problem)![1]!;
    expect(refused({ ...groups, ...with_(allowed) }).filter((one) => one.startsWith(`tracing:${about}:`))).toEqual([]);
    return problem;
  };

  test("by its disk", () => {
    const groups = { sampling: load(100), elasticsearch: { storage: "100Gi" } };
    const problem = mended(groups, "elasticsearch.storage", (storage) => ({ elasticsearch: { storage } }));
    expect(problem).toBe(
      "tracing:elasticsearch.storage: found 102400Mi; allowed: 253Gi or more, for 1000 spans a second that tracing:sampling.expected and the rates " +
        "keep and 7 days of retention; or a shorter retention, lower rates, or more nodes",
    );
  });

  test("by its queue", () => {
    const groups = { sampling: load(200), elasticsearch: { storage: "2048Gi" } };
    const problem = mended(groups, "collector.queue", (queue) => ({ collector: { queue, memory: "2Gi" } }));
    expect(problem).toMatch(/^tracing:collector\.queue: found 391Mi; allowed: \d+Mi or more, which holds 120 s for 2000 spans a second/);
  });

  test.each(["collector", "sampler", "jaeger", "elasticsearch"])("by the processors of %s", (group) => {
    const groups = { sampling: load(1500), sampler: { replicas: 3, memory: "32Gi" }, elasticsearch: { storage: "16384Gi" } };
    const problem = mended(groups, `${group}.cpu`, (cpu) => ({ [group]: { ...groups[group as keyof typeof groups], cpu } }));
    expect(problem).toMatch(
      /: found \d+m for (its one instance|each of 3 instances); allowed: \d+m or more, or \d+ instances: the expected load keeps/,
    );
  });

  test("by its shards, of which a node takes a thousand", () => {
    const groups = { sampling: load(20_000), retention: "365d", elasticsearch: { storage: "16384Gi" } };
    expect(refused(groups).find((one) => one.startsWith("tracing:elasticsearch.nodes:"))).toMatch(
      /found 1; allowed: \d+ or more, as \d+ shards/,
    );
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
    // What waits must fit beside the file's own needs on its volume.
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
