/**
 * `make bench-compare`: the stack beside Jaeger with its defaults, with and without a Collector before it, on the same Elasticsearch and the same
 * spans, one after the other. `--variants` adds variants of the stack with one thing changed. It writes a report in Markdown with plots.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { imageOrigin, imageReference } from "../../configs/images";
import { buildLedger } from "../bench/ledger";
import { measure, type Figures, type Load } from "../bench/compare/measure";
import { report, type Result } from "../bench/compare/report";
import { chart, jaegerAlone, stack, type Subject } from "../bench/compare/subjects";
import { variant, variantNames } from "../bench/compare/variants";
import { listStackResources } from "../engine/docker";
import { inTemporaryFolder } from "../machine/temporary-folder";
import { chooseSource, ensureImages } from "../stack/images";
import { anySettings } from "../stack/stack";
import { command, namesOf, wholeNumber } from "../terminal/command";
import { heartbeat, note, step } from "../terminal/output";

const subjectNames = ["defaults", "chart", "stack", "stack-10"] as const;
const profileNames = ["uniform", "typical"] as const;

interface Flags extends Omit<Load, "profile" | "queriesAt"> {
  readonly subjects: readonly (typeof subjectNames)[number][];
  readonly variants: readonly string[];
  readonly profiles: readonly Load["profile"][];
  readonly queries: readonly number[];
  readonly rounds: number;
  readonly out: string;
}

const compare = command("Compare the stack with Jaeger's defaults: CPU and disk per span, search times")
  .option("--subjects <names>", `subjects, from ${subjectNames.join(", ")}`, namesOf(subjectNames), [...subjectNames])
  .option("--variants <names>", `additional variants of the stack, from ${variantNames.join(", ")}`, namesOf(variantNames), [])
  .option("--profiles <names>", `kinds of spans, from ${profileNames.join(", ")}`, namesOf(profileNames), [...profileNames])
  .option("--warm-up <spans>", "spans sent before the measurement", wholeNumber, 200_000)
  .option("--rate <spans>", "rate of the even load, spans per second", wholeNumber, 3000)
  .option("--spans <spans>", "spans of the even load", wholeNumber, 120_000)
  .option("--burst <spans>", "spans of the burst; 0: no burst", wholeNumber, 100_000)
  .option(
    "--queries <spans>",
    "stored spans at which queries are timed, with commas between them",
    (text) => text.split(",").map(wholeNumber),
    [],
  )
  .option("--rounds <times>", "number of rounds; the report has medians", wholeNumber, 1)
  .option("--out <folder>", "output folder", "bench-report");

export default compare.action(async (flags: Flags) => {
  const { warmUp, rate, spans, burst, rounds, queries: queriesAt } = flags;
  const settings = anySettings("dev");
  const source = await ensureImages(settings, await chooseSource(settings, await listStackResources("dev")));
  const subjects: Record<string, Subject> = {
    defaults: jaegerAlone(source),
    chart: chart(source),
    stack: stack("the stack, every trace kept", source),
    "stack-10": stack("the stack, 10 % kept", source, 10),
  };
  const all = [
    ...flags.subjects.map((name) => [name, subjects[name]] as const),
    ...flags.variants.map((name) => [name, stack(`the stack: ${name}`, source, 100, variant(name))] as const),
  ];
  const out = resolve(flags.out);
  const helper = imageReference("busybox", { ...imageOrigin(settings), source });
  await inTemporaryFolder(async (folder) => {
    const ledger = await buildLedger(folder);
    const results: Result[] = [];
    for (let round = 1; round <= rounds; round++) {
      for (const profile of flags.profiles) {
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
  });
});

function summary({ cpu, bytes, documents, burstRate, sent, stored }: Figures): string {
  const processor = Object.entries(cpu).map(([name, each]) => `${name} ${each.toFixed(0)} µs`);
  const burst = burstRate === undefined ? "" : `, burst ${burstRate.toFixed(0)} spans/s`;
  return `${stored} of ${sent} stored; ${processor.join(", ")} a span; ${bytes.toFixed(0)} bytes, ${documents.toFixed(2)} documents${burst}`;
}
