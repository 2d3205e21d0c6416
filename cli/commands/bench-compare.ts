/**
 * `make bench-compare`: the stack beside Jaeger with its defaults, with and without a Collector before it, on the same Elasticsearch and the same
 * spans, one after the other. `--variants` adds variants of the stack with one thing changed. It writes a report in Markdown with plots.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { imageOrigin, imageReference } from "../../configs/images";
import { buildLedger } from "../bench/ledger";
import { measure, type Figures, type Load } from "../bench/compare/measure";
import { report, type Result } from "../bench/compare/report";
import { chart, jaegerAlone, stack, type Subject } from "../bench/compare/subjects";
import { variant, variantNames } from "../bench/compare/variants";
import { listStackResources } from "../engine/docker";
import { chooseSource, ensureImages } from "../stack/images";
import { anySettings } from "../stack/stack";
import { heartbeat, main, note, step, UserError } from "../terminal/output";

const help = `usage: npx tsx cli/main.ts bench-compare [OPTIONS]

  --subjects a,b    of defaults, chart, stack, stack-10 (default: all)
  --variants a,b    variants of the stack besides: ${variantNames.join(", ")}
  --profiles a,b    of uniform, typical (default: both)
  --warm-up N       spans that are sent before anything is measured (default 200000)
  --rate N          spans a second of the even load (default 3000)
  --spans N         spans of the even load (default 120000)
  --burst N         spans of the burst; 0: none (default 100000)
  --queries N,N     stored spans at which queries are timed (default: none)
  --rounds N        how often all is done (default 1); the report has medians
  --out folder      where the report goes (default bench-report)`;

const text = { type: "string" } as const;

main(async () => {
  const { values } = parseArgs({
    options: {
      ...{
        subjects: text,
        variants: text,
        profiles: text,
        "warm-up": text,
        rate: text,
        spans: text,
        burst: text,
        queries: text,
        rounds: text,
        out: text,
      },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const problems: string[] = [];
  const list = (name: "subjects" | "variants" | "profiles", known: readonly string[], otherwise: readonly string[]): readonly string[] => {
    const given = values[name]?.split(",") ?? otherwise;
    const unknown = given.filter((one) => !known.includes(one));
    if (unknown.length > 0) problems.push(`--${name}: found ${unknown.join(", ")}; allowed: ${known.join(", ")}`);
    return given;
  };
  const numbers = (name: "warm-up" | "rate" | "spans" | "burst" | "queries" | "rounds", otherwise: string): number[] => {
    const given = (values[name] ?? otherwise).split(",").filter(Boolean);
    if (given.some((one) => !/^\d+$/.test(one))) problems.push(`--${name}: found ${values[name] ?? ""}; allowed: a whole number`);
    return given.map(Number);
  };
  const subjectNames = ["defaults", "chart", "stack", "stack-10"];
  const wanted = list("subjects", subjectNames, subjectNames);
  const changed = list("variants", variantNames, []);
  const profiles = list("profiles", ["uniform", "typical"], ["uniform", "typical"]) as Load["profile"][];
  const [warmUp = 0, rate = 0, spans = 0, burst = 0, rounds = 0] = (
    [
      ["warm-up", "200000"],
      ["rate", "3000"],
      ["spans", "120000"],
      ["burst", "100000"],
      ["rounds", "1"],
    ] as const
  ).map(([name, otherwise]) => numbers(name, otherwise)[0]);
  const queriesAt = numbers("queries", "");
  if (problems.length > 0) throw new UserError(problems.join("\n"));

  const settings = anySettings("dev");
  const source = await ensureImages(settings, await chooseSource(settings, await listStackResources("dev")));
  const subjects: Record<string, Subject> = {
    defaults: jaegerAlone(source),
    chart: chart(source),
    stack: stack("the stack, every trace kept", source),
    "stack-10": stack("the stack, 10 % kept", source, 10),
  };
  const all = [
    ...wanted.map((name) => [name, subjects[name]] as const),
    ...changed.map((name) => [name, stack(`the stack: ${name}`, source, 100, variant(name))] as const),
  ];
  const folder = mkdtempSync(join(tmpdir(), "tracing-bench-"));
  const out = resolve(values.out ?? "bench-report");
  const helper = imageReference("busybox", { ...imageOrigin(settings), source });
  try {
    const ledger = await buildLedger(folder);
    const results: Result[] = [];
    for (let round = 1; round <= rounds; round++) {
      for (const profile of profiles) {
        for (const [name, subject] of all) {
          if (!subject) continue;
          step(`${subject.title}, ${profile} spans${rounds > 1 ? `, round ${round} of ${rounds}` : ""}`);
          const load = { profile, warmUp, rate, spans, burst, queriesAt };
          const figures = await heartbeat("measuring", measure(subject, load, ledger, folder, helper));
          results.push({ subject: name, title: subject.title, profile, figures });
          note(summary(figures));
          // After each: what is there when it is interrupted is not lost.
          mkdirSync(out, { recursive: true });
          for (const [file, content] of Object.entries(report(results))) writeFileSync(join(out, file), content);
        }
      }
    }
    note(`the report: ${join(out, "report.md")}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function summary({ cpu, bytes, documents, burstRate, sent, stored }: Figures): string {
  const processor = Object.entries(cpu).map(([name, each]) => `${name} ${each.toFixed(0)} µs`);
  const burst = burstRate === undefined ? "" : `, burst ${burstRate.toFixed(0)} spans/s`;
  return `${stored} of ${sent} stored; ${processor.join(", ")} a span; ${bytes.toFixed(0)} bytes, ${documents.toFixed(2)} documents${burst}`;
}
