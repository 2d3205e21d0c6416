/**
 * `make bench-redaction`: spans a second that the real Collector takes, and the processor time of a span, with redaction and without, in turns,
 * as a table in Markdown. It needs the program alone (`make images` or `npx tsx images/build.ts --binaries`).
 */
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hygieneArgs } from "../../configs/collector/hygiene";
import { freePorts, metric } from "../bench/collector";
import { buildLedger } from "../bench/ledger";
import { benchConfig, redactionReport, type Round } from "../bench/redaction";
import { binaryPath } from "../machine/cache";
import { holds } from "../machine/retry";
import { execOrThrow } from "../machine/run";
import { inTemporaryFolder } from "../machine/temporary-folder";
import { anySettings } from "../stack/stack";
import { command, wholeNumber } from "../terminal/command";
import { note, step, UserError } from "../terminal/output";

interface Flags {
  readonly spans: number;
  readonly warmUp: number;
  readonly rounds: number;
}

/** Seconds of processor time since the start. */
const cpu = "otelcol_process_cpu_seconds_total";

/** The operation of root spans, which one span in ten is. */
const loads = { "without a secret": "GET /api/orders", "an address in every tenth": "GET /api/users/joe@example.com" } as const;

const bench = command("Spans a second and CPU of a span with redaction and without, on the Collector itself")
  .option("--spans <spans>", "spans that each round sends", wholeNumber, 300_000)
  .option("--warm-up <spans>", "spans that are sent before them, and not measured", wholeNumber, 50_000)
  .option("--rounds <times>", "how often all is done, in turns; the table has medians", wholeNumber, 5);

export default bench.action(async ({ spans, warmUp, rounds }: Flags) => {
  const program = binaryPath("otelcol-contrib");
  if (!existsSync(program)) throw new UserError("the Collector was not built yet: npx tsx images/build.ts --binaries");
  const settings = anySettings("dev");
  await inTemporaryFolder(async (folder) => {
    const ledger = await buildLedger(folder);
    let sent = 0;
    const measure = async (load: keyof typeof loads, redaction: boolean): Promise<Round> => {
      const [otlp = 0, metrics = 0] = await freePorts(2);
      const config = join(folder, "collector.yml");
      writeFileSync(config, benchConfig(settings, redaction, otlp, metrics));
      const collector = spawn(program, [`--config=${config}`, ...hygieneArgs], { stdio: "ignore" });
      const send = (count: number) =>
        execOrThrow(ledger, [
          ...["send", "--endpoint", `127.0.0.1:${otlp}`, "--spans", String(count), "--connections", "4", "--profile", "typical"],
          ...["--operation", loads[load], "--out", join(folder, `sent-${++sent}`)],
        ]);
      try {
        await holds(async () => (await metric(metrics, cpu).catch(() => 0)) > 0);
        await send(warmUp);
        const [before, start] = [await metric(metrics, cpu), performance.now()];
        await send(spans);
        const seconds = (performance.now() - start) / 1000;
        const used = (await metric(metrics, cpu)) - before;
        return { load, redaction, spansPerSecond: spans / seconds, micros: (used * 1e6) / spans };
      } finally {
        collector.kill("SIGKILL");
      }
    };
    const all: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      step(`Round ${round} of ${rounds}`);
      for (const load of Object.keys(loads) as (keyof typeof loads)[]) {
        // Neither is always the first.
        for (const redaction of round % 2 === 1 ? [false, true] : [true, false]) {
          const one = await measure(load, redaction);
          all.push(one);
          note(`${load}, ${redaction ? "with" : "without"}: ${one.spansPerSecond.toFixed(0)} spans/s, ${one.micros.toFixed(1)} µs`);
        }
      }
    }
    console.log(`\n${redactionReport(all)}`);
  });
});
