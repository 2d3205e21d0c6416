/** Rung: binaries. The queue on disk: what waits in it, whatever its shape, stays within the file that the volume has room for. */
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { mebibyte, queueBytes, queueFileBytes } from "../../configs/collector/bytes";
import { collectorConfig } from "../../configs/collector/config";
import { paths, ports } from "../../configs/topology/ports";
import { sleep } from "../../cli/machine/run";
import { moved, ready, scraped } from "../rules/support/moved";
import { requestBytes, type Span } from "../support/otlp-bytes";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { collectorArgs, program, run } from "./support/programs";

jest.setTimeout(5 * 60_000);
const folder = temporaryFolder();

const settings = settingsWith({ collector: { memory: "1Gi" } });

/** What may wait here, so that it is soon full. */
const room = 16 * mebibyte;

/** An address that nobody answers at. */
const nobody = "127.0.0.1:1";

/** The file grows by so much at a time. */
const step = 16 * mebibyte;

/** The stack's own config on free ports of this host, where nobody is Jaeger; and which port became which. */
async function here(): ReturnType<typeof moved<typeof ports.collector>> {
  const queue = join(folder(), "queue");
  mkdirSync(queue, { recursive: true });
  return moved(folder(), ports.collector, (topology) =>
    collectorConfig(settings, { ...topology, jaegerOtlp: nobody })
      .replaceAll(paths.collectorQueue, queue)
      .replace(`queue_size: ${queueBytes(settings)}`, `queue_size: ${room}`),
  );
}

/** What waits in the queue, bytes. */
async function inQueue(port: number): Promise<number> {
  const series = (await scraped(port)).find((line) => line.startsWith("otelcol_exporter_queue_size"));
  return Number(series?.split(" ").at(-1) ?? 0);
}

let serial = 0;
/** Traces of one span each; every id is another. */
const traces = (count: number, padding: number): Buffer =>
  requestBytes({
    resource: { attributes: [["service.name", "s"]] },
    spans: Array.from({ length: count }, (): Span => {
      const id = (++serial).toString(16);
      const now = BigInt(Date.now()) * 1_000_000n;
      return {
        traceId: id.padStart(32, "f"),
        spanId: id.padStart(16, "f"),
        name: "n",
        start: now,
        end: now,
        attributes: padding ? [["p", "x".repeat(padding)]] : undefined,
      };
    }),
  });

// A page of the file has 4 KiB: what is a little more than half of one leaves the most unused.
test.each([
  ["the smallest traces", 0],
  ["traces of half a page", 1900],
])("a queue full of %s fits the file that the volume has room for", async (_what, padding) => {
  const { config, at } = await here();
  let [waiting, file] = [0, 0];
  const { output } = await run(program("otelcol-contrib"), collectorArgs(config), {
    until: ready,
    seconds: 90,
    // It would first empty its queue.
    signal: "SIGKILL",
    meanwhile: async () => {
      // A full queue blocks: a request is not answered any more. Nor is one, for a while, on a busy machine; so the queue is asked too.
      for (let full = false; !full;) {
        const body = new Uint8Array(traces(padding ? 1000 : 4000, padding));
        const send = () =>
          fetch(`http://127.0.0.1:${at.otlpHttp}/v1/traces`, {
            method: "POST",
            headers: { "content-type": "application/x-protobuf" },
            body,
            signal: AbortSignal.timeout(4000),
          });
        const status = await send().then(
          (answer) => answer.status,
          () => undefined,
        );
        // The memory limiter refuses for a moment.
        if (status === 503) await sleep(200);
        waiting = await inQueue(at.telemetry);
        full = status === undefined && waiting > room * 0.95;
      }
      const folderOf = join(folder(), "queue");
      file = readdirSync(folderOf).reduce((sum, name) => sum + statSync(join(folderOf, name)).size, 0);
    },
  });
  expect(output.split("\n").filter((line) => /storage is full|no space/i.test(line))).toEqual([]);
  expect(waiting).toBeGreaterThan(room * 0.95);
  expect(waiting).toBeLessThanOrEqual(room);
  expect((file - step) / waiting).toBeLessThan(queueFileBytes(settings) / queueBytes(settings));
});
