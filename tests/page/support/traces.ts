/** Traces as Jaeger 2.13 answers them, and an API that has them. */
import type { Answer, Api } from "./server";

export interface SpanFixture {
  readonly id: string;
  readonly parent?: string;
  readonly service: string;
  readonly name: string;
  /** Milliseconds after the trace's start. */
  readonly start: number;
  readonly length: number;
  readonly error?: string;
  readonly exception?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

const begin = Date.now() - 60_000;
const nanoseconds = (milliseconds: number) => `${begin + milliseconds}000000`;
const text = (attributes: Readonly<Record<string, string>>) =>
  Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }));

/** One trace in OTLP JSON, the resources of its services apart. */
export function otlp(traceId: string, spans: readonly SpanFixture[]): Answer {
  const resourceSpans = [...new Set(spans.map(({ service }) => service))].map((service) => ({
    resource: { attributes: text({ "service.name": service }) },
    scopeSpans: [
      {
        spans: spans
          .filter((span) => span.service === service)
          .map((span) => ({
            traceId,
            spanId: span.id,
            parentSpanId: span.parent ?? "",
            name: span.name,
            kind: 2,
            startTimeUnixNano: nanoseconds(span.start),
            endTimeUnixNano: nanoseconds(span.start + span.length),
            attributes: text(span.attributes ?? {}),
            status: span.error === undefined ? {} : { code: 2, message: span.error },
            events:
              span.exception === undefined
                ? []
                : [
                    {
                      name: "exception",
                      timeUnixNano: nanoseconds(span.start + 1),
                      attributes: text({ "exception.type": span.exception }),
                    },
                  ],
          })),
      },
    ],
  }));
  return { body: { result: { resourceSpans } } };
}

export const notFound: Answer = { status: 404, body: { error: { httpCode: 404, message: "No traces found" } } };

/** An API with traces by id. It finds by the correlation id of any span, with the service named, as Jaeger wants it. */
export function jaegerWith(traces: Readonly<Record<string, readonly SpanFixture[]>>): Api {
  const entries = Object.entries(traces);
  const services = [...new Set(entries.flatMap(([, spans]) => spans.map(({ service }) => service)))];
  return ({ pathname, searchParams }) => {
    if (pathname === "/api/v3/services") return { body: { services } };
    if (pathname === "/api/v3/operations") return { body: { operations: [{ name: "GET /orders", spanKind: "server" }] } };
    if (pathname === "/api/v3/traces") {
      const [first] = entries;
      return first ? otlp(...first) : notFound;
    }
    if (pathname === "/api/traces") {
      const service = searchParams.get("service");
      if (!service) return { status: 400, body: { errors: [{ code: 400, msg: "parameter 'service' is required" }] } };
      const wanted = (JSON.parse(searchParams.get("tags") ?? "{}") as Record<string, string>).correlation_id;
      const matches = (span: SpanFixture) => span.service === service && span.attributes?.correlation_id === wanted;
      return { body: { data: entries.filter(([, spans]) => spans.some(matches)).map(([traceID]) => ({ traceID })) } };
    }
    const id = pathname.split("/").at(-1) ?? "";
    const spans = traces[id];
    return spans ? otlp(id, spans) : notFound;
  };
}
