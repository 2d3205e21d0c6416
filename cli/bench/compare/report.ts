/** The report of a comparison: tables in Markdown, with ratios to Jaeger's defaults, and plots in SVG. Pure functions. */
import { table } from "../../reference/table";
import { median } from "../median";
import { javaCompilers, type Figures } from "./measure";
import { bars, lines } from "./plot";

/** One run. */
export interface Result {
  readonly subject: string;
  readonly title: string;
  readonly profile: string;
  readonly figures: Figures;
}

/** What all others are compared with. */
const baseline = "defaults";

/** Containers that are not part of a span's way. */
const besides = ["elasticsearch-setup", javaCompilers];

/** A figure that the tables have, of each run. */
const measures: readonly {
  readonly title: string;
  readonly unit: string;
  readonly digits: number;
  readonly of: (figures: Figures) => number;
}[] = [
  { title: "Elasticsearch's processor", unit: "µs a span", digits: 1, of: ({ cpu }) => cpu.elasticsearch ?? Number.NaN },
  { title: "Jaeger's processor", unit: "µs a span", digits: 1, of: ({ cpu }) => cpu.jaeger ?? Number.NaN },
  { title: "the Collector's processor", unit: "µs a span", digits: 1, of: ({ cpu }) => cpu["otel-collector"] ?? 0 },
  {
    title: "processor of the whole way",
    unit: "µs a span",
    digits: 1,
    of: ({ cpu }) => Object.entries(cpu).reduce((sum, [name, each]) => (besides.includes(name) ? sum : sum + each), 0),
  },
  {
    title: "Elasticsearch's processor without any span",
    unit: "µs a second",
    digits: 0,
    of: ({ idle }) => idle.elasticsearch ?? Number.NaN,
  },
  { title: javaCompilers, unit: "µs a span, not counted above", digits: 1, of: ({ cpu }) => cpu[javaCompilers] ?? Number.NaN },
  { title: "disk", unit: "bytes a stored span", digits: 0, of: ({ bytes }) => bytes },
  { title: "documents", unit: "a stored span", digits: 2, of: ({ documents }) => documents },
  { title: "burst", unit: "spans/s stored", digits: 0, of: ({ burstRate }) => burstRate ?? Number.NaN },
  { title: "burst, from the last taken to the last stored", unit: "s", digits: 1, of: ({ burstDrain }) => burstDrain ?? Number.NaN },
  { title: "burst", unit: "% of it stored", digits: 1, of: ({ burstStored }) => 100 * (burstStored ?? Number.NaN) },
  {
    title: "memory",
    unit: "MiB at most",
    digits: 0,
    of: ({ memory }) => Object.values(memory).reduce((sum, one) => sum + one, 0) / 2 ** 20,
  },
  { title: "stored", unit: "% of the spans sent", digits: 1, of: ({ sent, stored }) => (100 * stored) / sent },
];

/** The files of the report, by name. */
export function report(results: readonly Result[]): Readonly<Record<string, string>> {
  const profiles = [...new Set(results.map(({ profile }) => profile))];
  const parts = profiles.map((profile) =>
    section(
      results.filter((result) => result.profile === profile),
      profile,
    ),
  );
  return {
    "report.md": `# Comparison\n\n${parts.map(({ text }) => text).join("\n")}`,
    ...Object.assign({}, ...parts.map(({ plots }) => plots)),
    "figures.json": `${JSON.stringify(results, undefined, 1)}\n`,
  } as Record<string, string>;
}

function section(results: readonly Result[], profile: string): { text: string; plots: Record<string, string> } {
  const subjects = [...new Map(results.map(({ subject, title }) => [subject, title]))];
  const of = (subject: string, measure: (figures: Figures) => number) =>
    median(results.filter((result) => result.subject === subject).map(({ figures }) => measure(figures)));
  const rows = measures.map(({ title, unit, digits, of: measure }) => {
    const base = of(baseline, measure);
    return [
      `${title}, ${unit}`,
      ...subjects.map(([subject]) => {
        const value = of(subject, measure);
        const ratio = Number.isFinite(base) && base > 0 && subject !== baseline ? ` (${(value / base).toFixed(2)})` : "";
        return Number.isFinite(value) ? value.toFixed(digits) + ratio : "-";
      }),
    ];
  });
  const plots: Record<string, string> = {
    [`${profile}-cpu.svg`]: bars(
      "Processor time of a span, µs",
      subjects.map(([subject, title]) => ({
        title,
        parts: (["elasticsearch", "jaeger", "otel-collector"] as const).map((name) => ({
          name,
          value: of(subject, ({ cpu }) => cpu[name] ?? 0),
        })),
      })),
    ),
    [`${profile}-bytes.svg`]: bars(
      "Disk of a stored span, bytes",
      subjects.map(([subject, title]) => ({ title, parts: [{ name: "bytes", value: of(subject, ({ bytes }) => bytes) }] })),
    ),
  };
  const queries = queryTables(results, subjects);
  for (const { kind, plot } of queries) plots[`${profile}-query-${kind.replaceAll(/[^a-z0-9]+/g, "-")}.svg`] = plot;
  const head = ["", ...subjects.map(([, title]) => title)];
  const text = [
    `## ${profile} spans\n\nIn parentheses: the ratio to ${subjects.find(([subject]) => subject === baseline)?.[1] ?? "the first"}.\n`,
    `${table(head, rows)}\n`,
    ...Object.keys(plots).map((file) => `![${file.replace(".svg", "")}](${file})`),
    "",
    ...queries.map(
      ({ kind, rows: found }) => `### Search: ${kind}\n\nMedian and 95th percentile, ms, by the number of stored spans.\n\n${found}\n`,
    ),
  ];
  return { text: text.join("\n"), plots };
}

function queryTables(results: readonly Result[], subjects: readonly (readonly [string, string])[]) {
  const counts = [...new Set(results.flatMap(({ figures }) => Object.keys(figures.queries)))].map(Number).sort((a, b) => a - b);
  const kinds = [...new Set(results.flatMap(({ figures }) => Object.values(figures.queries).flatMap((found) => Object.keys(found))))];
  const of = (subject: string, count: number, kind: string, quantile: "median" | "p95") =>
    median(results.flatMap((result) => (result.subject === subject ? (result.figures.queries[count]?.[kind]?.[quantile] ?? []) : [])));
  return kinds.map((kind) => ({
    kind,
    rows: table(
      ["spans", ...subjects.map(([, title]) => title)],
      counts.map((count) => [
        String(count),
        ...subjects.map(([subject]) => `${of(subject, count, kind, "median").toFixed(0)}, ${of(subject, count, kind, "p95").toFixed(0)}`),
      ]),
    ),
    plot: lines(
      `${kind}: 95th percentile, ms`,
      counts,
      subjects.map(([subject, title]) => ({ title, values: counts.map((count) => of(subject, count, kind, "p95")) })),
    ),
  }));
}
