/** Traces of the tests as OTLP, and the ids that they get. */
import { createHash } from "node:crypto";
import { hashSalt } from "../../configs/sampling";
import type { Request } from "./oracle";
import type { Span } from "./sampling-models";

/** A trace id of no special kind, the same for the same number. */
export const traceId = (n: number): string => createHash("sha256").update(`trace ${n}`).digest("hex").slice(0, 32);

/** Where the Collector's hash of a trace id lies, 0 ≤ u < 100: FNV-1a, 64 bit, over the salt and the id. */
export function hashOf(id: string): number {
  const bytes = [...Buffer.from(hashSalt), ...Buffer.from(id, "hex")];
  const hash = bytes.reduce((sum, byte) => BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n), 0xcbf29ce484222325n);
  return (Number(hash >> 11n) / 2 ** 53) * 100;
}

/** Export requests of traces: the first spans of all of them, then the second ones, and so on; each span with its own service. */
export function requestsOf(traces: readonly (readonly Span[])[]): Request[] {
  return Array.from({ length: Math.max(...traces.map((trace) => trace.length)) }, (_, n) => ({
    at: 0,
    body: {
      resourceSpans: traces.flatMap((trace, i) =>
        trace.slice(n, n + 1).map((span) => ({
          resource: { attributes: [{ key: "service.name", value: { stringValue: span.service } }] },
          scopeSpans: [{ spans: [otlpSpan(span, traceId(i), n)] }],
        })),
      ),
    },
  }));
}

const kindNumbers = { INTERNAL: 1, SERVER: 2, CLIENT: 3, PRODUCER: 4, CONSUMER: 5 } as const;

function otlpSpan(span: Span, id: string, n: number): object {
  return {
    traceId: id,
    spanId: String(n + 1).padStart(16, "0"),
    parentSpanId: span.root ? undefined : "00000000000000ff",
    name: "span",
    kind: kindNumbers[span.kind],
    startTimeUnixNano: "1800000000000000000",
    endTimeUnixNano: String(1_800_000_000_000_000_000n + BigInt(span.duration) * 1_000_000n),
    status: span.failed ? { code: 2 } : {},
    attributes: Object.entries(span.attributes).map(([key, value]) => ({ key, value: { stringValue: value } })),
  };
}
