import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { hashSalt, type SamplingStrategy, type TailPolicy } from "../../../configs/sampling";
import { toYaml } from "../../../configs/yaml";
import type { Span } from "../../support/sampling-models";
import { freePorts, program, run } from "./programs";

/** One tail_sampling processor. */
export interface Sampler {
  readonly policies: readonly TailPolicy[];
  readonly strategy: SamplingStrategy;
}

/** A trace id of no special kind, the same for the same number. */
export const traceId = (n: number): string => createHash("sha256").update(`trace ${n}`).digest("hex").slice(0, 32);

/** Where the Collector's hash of a trace id lies, 0 ≤ u < 100: FNV-1a, 64 bit, over the salt and the id. */
export function hashOf(id: string): number {
  const bytes = [...Buffer.from(hashSalt), ...Buffer.from(id, "hex")];
  const hash = bytes.reduce((sum, byte) => BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n), 0xcbf29ce484222325n);
  return (Number(hash >> 11n) / 2 ** 53) * 100;
}

/**
 * Sends traces through a Collector that has all samplers side by side; the ids that each of them kept. Spans of a trace arrive one after
 * the other. The Collector is stopped then, and decides on what is undecided by the same rules as in time.
 */
export async function keptBy(samplers: readonly Sampler[], traces: readonly (readonly Span[])[], folder: string): Promise<Set<string>[]> {
  const kept = samplers.map(() => new Set<string>());
  const storage = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const sampler = kept[Number(request.url?.slice(1))]!;
      for (const [, id] of Buffer.concat(chunks)
        .toString()
        .matchAll(/"traceId":"([0-9a-f]{32})"/g))
        sampler.add(id!);
      response.setHeader("Content-Type", "application/json").end("{}");
    });
  });
  await new Promise<void>((resolve) => storage.listen(0, "127.0.0.1", resolve));
  const [port] = await freePorts(1);
  const config = join(folder, "samplers.yml");
  writeFileSync(config, samplersConfig(samplers, port!, (storage.address() as AddressInfo).port));
  const { code, output } = await run(program("otelcol-contrib"), [`--config=${config}`], {
    until: /Everything is ready/,
    meanwhile: () => send(port!, traces),
  });
  await new Promise((resolve) => storage.close(resolve));
  if (code !== 0) throw new Error(output);
  return kept;
}

function samplersConfig(samplers: readonly Sampler[], port: number, storagePort: number): string {
  const each = <T>(kind: string, make: (sampler: Sampler, i: number) => T) =>
    Object.fromEntries(samplers.map((sampler, i) => [`${kind}/${i}`, make(sampler, i)]));
  return toYaml({
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    processors: each("tail_sampling", ({ policies, strategy }) => ({
      decision_wait: "60s",
      num_traces: 10_000,
      sampling_strategy: strategy,
      policies,
    })),
    exporters: each("otlp_http", (_sampler, i) => ({
      traces_endpoint: `http://127.0.0.1:${storagePort}/${i}`,
      encoding: "json",
      compression: "none",
      sending_queue: { enabled: false },
    })),
    service: {
      telemetry: { metrics: { level: "none" } },
      pipelines: each("traces", (_sampler, i) => ({
        receivers: ["otlp"],
        processors: [`tail_sampling/${i}`],
        exporters: [`otlp_http/${i}`],
      })),
    },
  });
}

/** Sends the first spans of all traces, then the second ones, and so on. */
async function send(port: number, traces: readonly (readonly Span[])[]): Promise<void> {
  for (let n = 0; n < Math.max(...traces.map((trace) => trace.length)); n++) {
    const spans = traces.flatMap((trace, i) => trace.slice(n, n + 1).map((span) => otlpSpan(span, traceId(i), n)));
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
    const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    if (!response.ok) throw new Error(`the Collector answers ${response.status}: ${await response.text()}`);
  }
}

const kindNumbers = { INTERNAL: 1, SERVER: 2, CLIENT: 3, CONSUMER: 5 } as const;

function otlpSpan(span: Span, id: string, n: number): object {
  return {
    traceId: id,
    spanId: String(n + 1).padStart(16, "0"),
    ...(span.root ? {} : { parentSpanId: "00000000000000ff" }),
    name: "span",
    kind: kindNumbers[span.kind],
    startTimeUnixNano: "1800000000000000000",
    endTimeUnixNano: "1800000000000000001",
    status: span.failed ? { code: 2 } : {},
    attributes: Object.entries(span.attributes).map(([key, value]) => ({ key, value: { stringValue: value } })),
  };
}
