/**
 * Traces for every rule of the brief, with and without an error, named as all instrumentations name them, in all shapes:
 * several services, roots last or never, spans of a trace in any order over several requests, late spans. The same for the same seed.
 */
import { createHash } from "node:crypto";
import { attributesOf, namings, requests, type BriefRequest } from "../../support/brief";
import type { Request } from "../../support/oracle";

/** How spans of a trace hang together, and in what order they arrive. */
const shapes = ["one service", "several services", "root last", "root never"] as const;

/** Traces of each kind. */
const copies = 2;

/** Number of traces that are sent: each request under each naming, in each shape, with and without an error. */
export const traceCount = requests.length * namings.length * shapes.length * 2 * copies;

interface SpanPlan {
  readonly id: string;
  readonly parent: string;
  readonly name: string;
  readonly kind: number;
  readonly service: string;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What is sent: in `first` all but the late spans, request by request; `late` after the decisions. Span ids by trace id. */
export interface Sending {
  readonly first: readonly Request["body"][];
  readonly late: readonly Request["body"][];
  readonly spans: ReadonlyMap<string, { readonly first: readonly string[]; readonly late: readonly string[] }>;
}

/**
 * @param seed What ids and choices derive from.
 * @param parts Requests that the spans of all traces are spread over.
 */
export function briefTraces(seed: number, parts = 6): Sending {
  const id = (text: string, length: number) => createHash("sha256").update(`${seed} ${text}`).digest("hex").slice(0, length);
  let choices = 0;
  const below = (limit: number) => parseInt(id(`choice ${choices++}`, 12), 16) % limit;
  const first: object[][] = Array.from({ length: parts }, () => []);
  const late: object[] = [];
  const spans = new Map<string, { first: string[]; late: string[] }>();
  const start = BigInt(Date.now()) * 1_000_000n;
  const resource = (traceId: string, { service, ...span }: SpanPlan) => ({
    resource: { attributes: [attribute("service.name", service)] },
    scopeSpans: [{ scope: { name: "e2e" }, spans: [otlp(traceId, span, start)] }],
  });
  let n = 0;
  for (const request of requests) {
    for (const naming of namings) {
      for (const shape of shapes) {
        for (const failed of [false, true]) {
          for (let copy = 0; copy < copies; copy++, n++) {
            const traceId = id(`trace ${n}`, 32);
            const plan = planOf({ request, naming, shape, failed, own: (name) => id(`${n} ${name}`, 16), clientFails: copy === 1 });
            // Any spans in any request; where the root comes last, alone in the last one.
            for (const span of plan)
              first[shape === "root last" && span.parent === "" ? parts - 1 : below(parts - 1)]!.push(resource(traceId, span));
            const known = { first: plan.map((span) => span.id), late: [] as string[] };
            spans.set(traceId, known);
            if (copy > 0) continue;
            // A late span shares its trace's fate, also where it is an error.
            const after = {
              ...plan.at(-1)!,
              id: id(`${n} late`, 16),
              parent: plan[0]!.id,
              kind: 2,
              failed: true,
              attributes: {},
              name: "late",
            };
            late.push(resource(traceId, after));
            known.late.push(after.id);
          }
        }
      }
    }
  }
  return { first: first.map((resourceSpans) => ({ resourceSpans })), late: [{ resourceSpans: late }], spans };
}

interface Choice {
  readonly request: BriefRequest;
  readonly naming: (typeof namings)[number];
  readonly shape: (typeof shapes)[number];
  readonly failed: boolean;
  readonly own: (name: string) => string;
  readonly clientFails: boolean;
}

function planOf({ request, naming, shape, failed, own, clientFails }: Choice): SpanPlan[] {
  const service = "sampling-web";
  const server = {
    id: own("server"),
    name: `${request.method} ${request.route}`,
    kind: 2,
    service,
    failed,
    attributes: attributesOf(request, naming),
  };
  // A client span carries ERROR for every 4xx that its service expects: it is no error of the trace.
  const client = { name: "SELECT", kind: 3, service, failed: clientFails, attributes: { "db.system.name": "postgresql" } };
  const queries = ["a", "b"].map((name) => ({ ...client, id: own(name), parent: server.id }));
  if (shape === "root never") return [{ ...server, parent: own("absent") }, ...queries];
  if (shape !== "several services") return [{ ...server, parent: "" }, ...queries];
  const gateway = { ...server, id: own("gateway"), parent: "", name: "GET gateway/", service: "sampling-gateway", failed: false };
  return [
    { ...gateway, attributes: { "http.request.method": "GET", "url.path": "/gateway" } },
    { ...client, id: own("call"), parent: gateway.id, service: gateway.service },
    { ...server, parent: own("call") },
    ...queries,
  ];
}

const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });

const otlp = (traceId: string, { id, parent, name, kind, failed, attributes }: Omit<SpanPlan, "service">, start: bigint) => ({
  traceId,
  spanId: id,
  parentSpanId: parent === "" ? undefined : parent,
  name,
  kind,
  startTimeUnixNano: String(start),
  endTimeUnixNano: String(start + 5_000_000n),
  status: failed ? { code: 2 } : {},
  attributes: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
});
