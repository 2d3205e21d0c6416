/**
 * Rung: binaries. A load beyond what the Collector has memory for is visible: the gauge that the alert OTELSamplingFull goes by, looked at
 * once a second, on a Collector with room for a hundred undecided traces.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { prometheusReader } from "../../configs/go-programs";
import { instanceCapacity } from "../../configs/sampling";
import { tailSampling } from "../../configs/collector/tail-sampling";
import { toYaml } from "../../configs/yaml";
import { sleep } from "../../cli/machine/run";
import { requestsOf } from "../support/otlp";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { freePorts, program, run } from "./support/programs";

jest.setTimeout(3 * 60_000);
const folder = temporaryFolder();

/** Undecided traces that there is room for. */
const room = 100;
const seconds = 30;
/** A rule below the default: whole traces are waited for. */
const settings = settingsWith({
  sampling: { operations: [{ operation: "GET /health", percent: 0 }], expected: { longestTrace: "1s", tracesPerSecond: 10 } },
});
const { decisionWait } = instanceCapacity(settings);

const gauge = /^otelcol_processor_tail_sampling_sampling_traces_on_memory(?:\{.*\})? (\S+)$/m;

/** What the gauge says, as a share of the room, second by second, under a load that is a multiple of what there is room for. */
async function underLoad(load: number): Promise<number[]> {
  const [otlp, metrics] = (await freePorts(2)) as [number, number];
  const config = join(folder(), "collector.yml");
  const text = toYaml({
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } } },
    processors: { tail_sampling: { ...tailSampling(settings), num_traces: room } },
    exporters: { debug: {} },
    service: {
      pipelines: { traces: { receivers: ["otlp"], processors: ["tail_sampling"], exporters: ["debug"] } },
      telemetry: {
        logs: { level: "info", sampling: { enabled: true } },
        metrics: { level: "normal", readers: [prometheusReader("127.0.0.1", metrics)] },
      },
    },
  });
  writeFileSync(config, text);
  const shares: number[] = [];
  let over = false;
  const requests = requestsOf(
    Array.from({ length: seconds * 200 }, () => [
      { kind: "SERVER", failed: false, root: true, service: "web", duration: 0, attributes: {} } as const,
    ]),
  );
  const resources = (requests[0]?.body as { resourceSpans: object[] }).resourceSpans;
  // A trace at a time, as an application sends them; a receiver that is held up holds up its sender.
  const send = async () => {
    const began = Date.now();
    for (let n = 0; !over; n++) {
      const due = began + (n * 1000) / ((load * room) / decisionWait);
      await sleep(Math.max(0, due - Date.now()));
      const body = JSON.stringify({ resourceSpans: [resources[n % resources.length]] });
      await fetch(`http://127.0.0.1:${otlp}/v1/traces`, { method: "POST", headers: { "content-type": "application/json" }, body });
    }
  };
  const watch = async () => {
    for (let n = 0; n < seconds; n++) {
      await sleep(1000);
      const page = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
      shares.push(Number(gauge.exec(page)?.[1] ?? 0) / room);
    }
    over = true;
  };
  const { code, output } = await run(program("otelcol-contrib"), [`--config=${config}`], {
    until: /Everything is ready/,
    meanwhile: async () => {
      await Promise.all([send(), watch()]);
    },
    seconds: seconds + 60,
  });
  if (code !== 0) throw new Error(output);
  // The first waits fill the memory.
  return shares.slice(decisionWait + 4);
}

/** The alert takes the highest of eight looks: it must not need luck. */
test("half as much again as fits: one look in five or more sees the memory full", async () => {
  const shares = await underLoad(1.5);
  expect(shares.filter((share) => share > 0.8).length).toBeGreaterThanOrEqual(shares.length / 5);
});

test("half of what fits: no look does", async () => {
  const shares = await underLoad(0.5);
  expect(shares.filter((share) => share > 0.8)).toEqual([]);
  expect(Math.max(...shares)).toBeGreaterThan(0.3);
});
