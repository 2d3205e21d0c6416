/** Rung: unit. Hygiene at the door: where it stands, what it follows from, and that what it lets through fits into Elasticsearch. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { collectorConfig, type CollectorRole } from "../../../configs/collector/config";
import { dropReasons, eventBudget, hygieneProcessors } from "../../../configs/collector/hygiene";
import { redactionProcessors } from "../../../configs/collector/redaction";
import { kubernetesTopology } from "../../../configs/topology/kubernetes";
import { projectFolder } from "../../../render/record";
import { settingsWith } from "../../support/settings";
import { parsed, type CollectorFile } from "../support/yaml";

const kubernetes = { platform: "kubernetes", sampler: { replicas: 2 } };
const textOf = (groups: Record<string, unknown> = {}) => JSON.stringify(hygieneProcessors(settingsWith(groups)));
const names = Object.keys(hygieneProcessors(settingsWith()));
const redaction = Object.keys(redactionProcessors(settingsWith()));

test.each<[CollectorRole, boolean]>([
  ["single", true],
  ["gateway", true],
  ["sampler", false],
])("a %s looks at what comes in, behind the memory limit and before all else: %s", (role, looks) => {
  const settings = settingsWith(kubernetes);
  const file = parsed<CollectorFile>(collectorConfig(settings, kubernetesTopology(settings), role));
  const { processors } = file.service.pipelines["traces/received"]!;
  expect(processors).toEqual(["memory_limiter", ...(looks ? [...names, ...redaction, "attributes"] : [])]);
  expect(Object.keys(file.processors!).filter((name) => names.includes(name))).toEqual(looks ? [...names].sort() : []);
});

test("what drops spans has a processor for each reason, before what repairs them", () => {
  expect(names).toEqual([...Object.values(dropReasons), "transform/hygiene", "filter/surplus_events"]);
});

test("no processor drops a span for a statement that fails", () => {
  expect(Object.values(hygieneProcessors(settingsWith())).map(({ error_mode: mode }) => mode)).toEqual(names.map(() => "ignore"));
});

test.each([
  ["the retention", { retention: "3d" }, `UnixNano(Now()) - ${3n * 86_400_000_000_000n}`],
  ["the clock's skew", { limits: { clockSkew: "90s" } }, "UnixNano(Now()) + 90000000000"],
  ["attributes", { limits: { attributes: 99 } }, "limit(span.attributes, 99, "],
  ["events", { limits: { events: 77 } }, "Len(span.events) > 77"],
  ["links", { limits: { links: 222 } }, "Len(span.links) > 222"],
  ["the bytes of a key", { limits: { keyBytes: 111 } }, "Len(k) <= 111"],
  ["the bytes of a value", { limits: { valueBytes: 3333 } }, "Len(v) <= 3333"],
])("follows from the settings: %s", (_what, groups, expression) => {
  expect(textOf(groups)).toContain(expression);
  expect(textOf()).not.toContain(expression);
});

test("attributes that searches and sampling go by stay, as many as may", () => {
  const tags = Array.from({ length: 40 }, (_, i) => `tag.${i}`);
  const first = /limit\(span\.attributes, 32, (\[.*?\])\)/.exec(
    textOf({ limits: { attributes: 32 }, jaeger: { tags } }).replaceAll('\\"', '"'),
  );
  const kept = JSON.parse(first![1]!) as string[];
  expect(kept).toHaveLength(32);
  expect(kept).toEqual(expect.arrayContaining(["http.request.method", "url.path", "tag.0"]));
});

test("holds nothing that the Collector would put a variable in for", () => {
  expect(textOf()).not.toMatch(/\$\$|\$\{/);
});

test("whatever the limits, a span that passes has fewer nested documents than Elasticsearch takes", () => {
  const within = ([min, max]: readonly [number, number]) => fc.integer({ min, max });
  const limits = fc.record({ attributes: within([32, 1000]), events: within([16, 500]), links: within([128, 2000]) });
  fc.assert(
    fc.property(limits, ({ attributes, events, links }) => {
      const budget = eventBudget({ ...settingsWith({ limits: { attributes, events, links } }).limits });
      // Of each event itself, its name, what it keeps, and its marks: of attributes that were left out, that were altered, and of its name.
      const ofEvents = (count: number, each: number) => count * (2 + each + 3);
      const few = Math.min(events, budget.few);
      const most = Math.max(ofEvents(few, attributes), ofEvents(events, Math.min(attributes, budget.attributes)));
      expect(3 * attributes + links + most + 20).toBeLessThan(10_000);
      // An exception's four attributes fit.
      expect(budget.attributes).toBeGreaterThanOrEqual(4);
    }),
  );
});

test("the page of limits names each of them with its default, and what follows for events", () => {
  const page = readFileSync(join(projectFolder, "docs/LIMITS.md"), "utf8");
  const { limits } = settingsWith();
  const { few, attributes } = eventBudget(limits);
  for (const [name, value] of Object.entries(limits)) {
    const words: Record<string, string> = { request: "4 MiB", clockSkew: "an hour" };
    const text = words[name] ?? value.toLocaleString("en").replace(/^1,000$/, "1000");
    expect(page).toContain(`\`tracing:limits.${name}\`, ${text} |`);
  }
  expect(page).toContain(`more than ${few} events | ${attributes} |`);
});
