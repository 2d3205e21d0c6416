/**
 * `make bench-sampling`: what an undecided trace and a remembered trace id take in the memory of the real Collector, as a table in Markdown.
 * configs/sampling/capacity.ts is made from these figures. It needs the program alone (`make images` or `npx tsx images/build.ts --binaries`).
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prometheusReader } from "../../configs/go-programs";
import { tailPolicies } from "../../configs/sampling";
import { toYaml } from "../../configs/yaml";
import { freePorts, metric } from "../bench/collector";
import { buildLedger } from "../bench/ledger";
import { binaryPath } from "../machine/cache";
import { holds } from "../machine/retry";
import { execOrThrow, sleep } from "../machine/run";
import { inTemporaryFolder } from "../machine/temporary-folder";
import { table } from "../reference/table";
import { command } from "../terminal/command";
import { note, UserError, step } from "../terminal/output";
import { anySettings } from "../stack/stack";

/** Traces of some spans that are undecided together. Enough that the heap at rest (about 30 MiB) is small beside them. */
const undecided = [
  { spans: 1, traces: 40_000 },
  { spans: 10, traces: 20_000 },
  { spans: 50, traces: 5000 },
];

const remembered = 200_000;

const heap = "otelcol_process_runtime_heap_alloc_bytes";
const onMemory = "otelcol_processor_tail_sampling_sampling_traces_on_memory";

export default command("Measure the memory of undecided traces").action(async () => {
  const program = binaryPath("otelcol-contrib");
  if (!existsSync(program)) throw new UserError("the Collector was not built yet: npx tsx images/build.ts --binaries");
  await inTemporaryFolder(async (folder) => {
    const ledger = await buildLedger(folder);
    const measure = async (name: string, wait: number, traces: number, spans: number) => {
      const [otlp = 0, metrics = 0] = await freePorts(2);
      const config = join(folder, `${name}.yml`);
      writeFileSync(config, configText(otlp, metrics, wait));
      // A small GOGC: what is on the heap is what is in use, within a twentieth.
      const collector = spawn(program, [`--config=${config}`], { stdio: "ignore", env: { GOGC: "5" } });
      try {
        const rest = await settled(metrics, collector);
        await execOrThrow(ledger, [
          ...["send", "--endpoint", `127.0.0.1:${otlp}`, "--traces", String(traces), "--spans-per-trace", String(spans)],
          ...["--out", join(folder, `${name}.ledger`), "--seed", "7"],
        ]);
        const held = wait > 60 ? traces : 0;
        await holds(async () => (await metric(metrics, onMemory)) === held);
        return ((await settled(metrics, collector)) - rest) / traces;
      } finally {
        collector.kill("SIGKILL");
      }
    };
    const rows: string[][] = [];
    for (const { spans, traces } of undecided) {
      step(`${traces} undecided traces of ${spans} spans`);
      const bytes = await measure(`spans-${spans}`, 600, traces, spans);
      rows.push([`an undecided trace of ${spans} spans`, String(traces), `${Math.round(bytes)} B`, `${Math.round(bytes / spans)} B`]);
      note(rows.at(-1)?.join(", ") ?? "");
    }
    step(`${remembered} remembered ids`);
    const bytes = await measure("remembered", 1, remembered, 1);
    rows.push(["a remembered trace id", String(remembered), `${Math.round(bytes)} B`, "-"]);
    console.log(`\n${table(["in memory", "of them", "heap for each", "for each span"], rows)}`);
  });
});

/** The sampling of a stack that keeps nothing by chance, so that every trace stays undecided until the wait is over. */
function configText(otlp: number, metrics: number, wait: number): string {
  const nothing = { ...anySettings("prod").sampling, default: 0, operations: [] };
  return toYaml({
    receivers: { otlp: { protocols: { grpc: { endpoint: `127.0.0.1:${otlp}` } } } },
    processors: {
      tail_sampling: {
        sampling_strategy: "span-ingest",
        decision_wait: `${wait}s`,
        num_traces: 1_000_000,
        decision_cache: { sampled_cache_size: 1_000_000, non_sampled_cache_size: 1_000_000 },
        policies: tailPolicies(nothing),
      },
    },
    // Nothing is kept, so nothing leaves.
    exporters: { otlp_http: { endpoint: "http://127.0.0.1:1" } },
    service: {
      pipelines: { traces: { receivers: ["otlp"], processors: ["tail_sampling"], exporters: ["otlp_http"] } },
      telemetry: { logs: { level: "error" }, metrics: { level: "normal", readers: [prometheusReader("127.0.0.1", metrics)] } },
    },
  });
}

/** The least heap of some seconds, in bytes: what the garbage collector leaves. */
async function settled(port: number, collector: ChildProcess): Promise<number> {
  let least = Infinity;
  for (let second = 0; second < 12; second++) {
    await sleep(1000);
    if (collector.exitCode !== null) throw new UserError(`the Collector ended with ${collector.exitCode}`);
    least = Math.min(least, (await metric(port, heap).catch(() => Infinity)) || Infinity);
  }
  return least;
}
