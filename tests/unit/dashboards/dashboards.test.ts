/** Rung: unit. The catalogue of panels: what its queries read, and what it tells people. */
import { dashboards, type Dashboard, type Panel } from "../../../configs/dashboards";
import type { Unit } from "../../../configs/dashboards/dashboard";
import { catalogue, metricsOf, queriesOf, readingOf, recordsOf, stacks } from "../../support/dashboards";

const panelsOf = ({ sections }: Dashboard): Panel[] => sections.flatMap(({ panels }) => [...panels]);

describe("readingOf", () => {
  test("finds metrics and labels, also within functions", () => {
    expect(
      readingOf(
        'sum by (job, le) (rate(a_bucket{b="c"}[5m])) / on (job) tracing:d offset 1d or label_replace(vector(1), "x", "y", "", "")',
      ),
    ).toEqual({
      names: ["a_bucket", "tracing:d"],
      labels: ["job", "le", "b"],
      errors: 0,
    });
  });

  test.each(["sum(", "rate(a[5m]", "a{b=}", "a b", "sum by job (a)"])("sees that %s is no PromQL", (expr) => {
    expect(readingOf(expr).errors).toBeGreaterThan(0);
  });
});

describe.each(Object.entries(stacks))("the dashboards of the stack %s", (_name, settings) => {
  const all = dashboards(settings);
  const queries = queriesOf(settings).map((one) => [`${one.dashboard}: ${one.panel.title}: ${one.query.legend}`, one] as const);
  const records = recordsOf(settings);

  test("are those that are asked for, with names and titles of their own", () => {
    expect(all.map(({ name }) => name)).toEqual(["pipeline", "sampling", "storage", "objectives", "services"]);
    expect(new Set(all.map(({ title }) => title)).size).toBe(all.length);
    for (const { name } of all) expect(name).toMatch(/^[a-z][a-z-]{2,30}$/);
  });

  test("have panels whose titles differ, also as parts of addresses", () => {
    for (const dashboard of all) {
      const titles = panelsOf(dashboard).map(({ title }) => title.toLowerCase().replace(/[^a-z0-9]+/g, "-"));
      expect(new Set(titles).size).toBe(titles.length);
    }
  });

  test("say of each panel in one sentence what is normal and what to do", () => {
    for (const { title, description } of all.flatMap(panelsOf)) {
      expect([title, description]).toEqual([title, expect.stringMatching(/^[A-Z0-9][^.].{30,200}\.$/)]);
      // One sentence: a full stop within it belongs to a number or a name.
      expect(description.slice(0, -1)).not.toMatch(/[.!?] [A-Z]/);
      expect(description).not.toMatch(/undefined|NaN|\[object/);
    }
  });

  test.each(queries)("%s is PromQL that reads the catalogue and recorded series only", (_where, { query }) => {
    const { names, errors } = readingOf(query.expr);
    expect(errors).toBe(0);
    expect(names.filter((name) => !catalogue.has(name) && !records.has(name))).toEqual([]);
  });

  test.each(queries)("%s selects and groups by labels that its series have", (_where, { query }) => {
    const { names, labels } = readingOf(query.expr);
    // Recorded series have the labels that their rule groups by.
    const known = new Set([
      "job",
      "instance",
      "policy",
      "of",
      "place",
      "objective",
      "sender",
      "verdict",
      ...names.flatMap((name) => [...(catalogue.get(name)?.labels ?? [])]),
    ]);
    expect(labels.filter((label) => !known.has(label))).toEqual([]);
  });

  test.each(queries)("%s names its series by labels that it still has", (_where, { query, panel }) => {
    const grouped = [...query.expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => (list ?? "").split(", "));
    // Selectors that nothing sums up keep all labels, and so do recorded series.
    const kept = new Set(["instance", "name", "objective", "of", ...grouped]);
    const wanted = [...query.legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label ?? "");
    expect(
      [...wanted, ...(panel.kind === "table" ? [panel.by] : [])].filter((label) => !kept.has(label) && !query.expr.includes(`"${label}"`)),
    ).toEqual([]);
  });

  test.each(queries)("%s uses the variables that its dashboard has", (_where, { dashboard, query }) => {
    const variables = (all.find(({ name }) => name === dashboard)?.variables ?? []).map(({ name }) => name);
    // A dollar sign in a policy's name is two of them.
    const named = [...query.expr.replaceAll("$$", "").matchAll(/\$(\w+)/g)].map(([, name]) => name ?? "");
    expect(named.filter((name) => !variables.includes(name))).toEqual([]);
  });

  /** Units of the metrics, and form of the expression, for each unit of a panel. */
  const fits: Record<Unit, { readonly units: RegExp; readonly expr: RegExp }> = {
    "spans/s": { units: /^(spans|documents|requests|0 or 1)$/, expr: /rate\(|tracing:spans_per_second/ },
    "traces/s": { units: /^(traces|seconds since 1970)$/, expr: /rate\(|increase\(.*\/ 300$/ },
    "requests/s": { units: /^(spans|calls|requests|connections)$/, expr: /rate\(|tracing:ingest_(requests|failed_handshakes)_per_second/ },
    "bytes/s": { units: /^bytes$/, expr: /tracing:ingest_bytes_per_second/ },
    percent: { units: /./, expr: /^100 \* |^(label_replace\()?vector\(/ },
    bytes: { units: /^bytes$/, expr: /./ },
    seconds: { units: /^(seconds|seconds since 1970|bytes)$/, expr: /histogram_quantile|time\(\)|86400|_seconds/ },
    count: { units: /./, expr: /./ },
    state: { units: /^(0 or 1|nodes)$/, expr: /./ },
  };

  test.each(queries)("%s has the unit that its panel says", (_where, { panel, query }) => {
    const { units, expr } = fits[query.unit ?? panel.unit];
    expect(query.expr).toMatch(expr);
    expect(metricsOf(settings, query.expr).filter(({ unit }) => !units.test(unit))).toEqual([]);
  });

  test("have columns of several units in tables only, and limits where they can be drawn", () => {
    for (const panel of all.flatMap(panelsOf)) {
      if (panel.kind !== "table") expect(panel.queries.filter(({ unit }) => unit !== undefined)).toEqual([]);
      if (panel.limit) expect(["time series", "stat"]).toContain(panel.kind);
      if (panel.kind === "status") expect(panel.unit).toBe("state");
    }
  });
});

describe("panels follow the settings", () => {
  const titles = (stack: string, dashboard: string) =>
    panelsOf(dashboards(stacks[stack]!).find(({ name }) => name === dashboard)!).map(({ title }) => title);
  const queriesIn = (stack: string, title: string) => queriesOf(stacks[stack]!).filter(({ panel }) => panel.title === title);

  test("snapshots are shown where they are made", () => {
    expect(titles("dev", "storage")).toContain("Newest snapshot");
    expect(titles("minimal", "storage")).not.toContain("Newest snapshot");
  });

  test("the cap is shown where there is one, policies where the Collector decides", () => {
    expect(titles("capped", "sampling")).toContain("Cut by the cap");
    expect(titles("dev", "sampling")).not.toContain("Cut by the cap");
    expect(titles("dev", "sampling")).toContain("Policies");
    expect(titles("decided by the application", "sampling")).not.toContain("Policies");
  });

  test("a missing copy is a fault where there are copies", () => {
    expect(queriesIn("prod", "Elasticsearch").map(({ query }) => query.legend)).toContain("no copy is missing");
    expect(queriesIn("dev", "Elasticsearch").map(({ query }) => query.legend)).not.toContain("no copy is missing");
  });

  test("each policy is compared with its configured rate, under the Collector's name for it", () => {
    const [configured] = queriesIn("with every kind of rule", "Policies");
    const rates = [...configured!.query.expr.matchAll(/label_replace\(vector\(([\d.]+)\), "policy", ("(?:[^"\\]|\\.)*"), "", ""\)/g)];
    expect(rates.map(([, percent, name]) => [JSON.parse(name!) as string, Number(percent)])).toEqual([
      ["errors", 100],
      ["slow", 100],
      ["GET /$$ref/*", 50],
      ["GET /healthz", 0],
      ["batch: any other", 1],
      ["default", 5.25],
    ]);
  });

  test("heaps are compared with the limits of both tiers", () => {
    const [heap] = queriesIn("prod", "Heap of the Collector");
    const { collector, sampler } = stacks.prod!;
    for (const { memory } of [collector, sampler]) expect(heap!.query.expr).toContain(`/ ${memory * 2 ** 20}`);
  });
});
