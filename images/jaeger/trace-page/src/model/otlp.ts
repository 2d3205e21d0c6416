/** Spans from the OTLP JSON that Jaeger's API answers. */

export type Value = string | number | boolean | Value[] | { [key: string]: Value } | null;

export interface Attribute {
  readonly key: string;
  readonly value: Value;
}

export interface SpanEvent {
  readonly name: string;
  /** Microseconds since 1970. */
  readonly time: number;
  readonly attributes: readonly Attribute[];
}

export interface Span {
  readonly traceId: string;
  readonly id: string;
  /** Empty for a root span. */
  readonly parentId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: string;
  /** Microseconds since 1970. */
  readonly start: number;
  /** Microseconds. */
  readonly duration: number;
  readonly error: boolean;
  readonly message: string;
  readonly attributes: readonly Attribute[];
  readonly resource: readonly Attribute[];
  readonly events: readonly SpanEvent[];
}

/** Fields that have their default value are left out of the JSON. */
interface AnyValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string | number;
  doubleValue?: number | string;
  bytesValue?: string;
  arrayValue?: { values?: AnyValue[] };
  kvlistValue?: { values?: KeyValue[] };
}

interface KeyValue {
  key?: string;
  value?: AnyValue;
}

interface OtlpSpan {
  traceId?: string;
  spanId?: string;
  parentSpanId?: string;
  name?: string;
  kind?: number;
  startTimeUnixNano?: string;
  endTimeUnixNano?: string;
  attributes?: KeyValue[];
  events?: { name?: string; timeUnixNano?: string; attributes?: KeyValue[] }[];
  status?: { code?: number; message?: string };
}

export interface OtlpTraces {
  resourceSpans?: { resource?: { attributes?: KeyValue[] }; scopeSpans?: { spans?: OtlpSpan[] }[] }[];
}

const kinds = ["", "internal", "server", "client", "producer", "consumer"];
const errorStatus = 2;
const noParent = /^0*$/;

/** All spans of an answer, whatever traces they belong to. */
export function spansOf(traces: OtlpTraces): Span[] {
  return (traces.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) => {
    const attributes = attributesOf(resource?.attributes);
    const service = textOf(attributes, "service.name") ?? "unknown service";
    return (scopeSpans ?? []).flatMap(({ spans }) => (spans ?? []).map((span) => spanOf(span, service, attributes)));
  });
}

function spanOf(span: OtlpSpan, service: string, resource: readonly Attribute[]): Span {
  const start = microseconds(span.startTimeUnixNano);
  const parent = span.parentSpanId ?? "";
  return {
    traceId: span.traceId ?? "",
    id: span.spanId ?? "",
    parentId: noParent.test(parent) ? "" : parent,
    service,
    name: span.name ?? "",
    kind: kinds[span.kind ?? 0] ?? "",
    start,
    duration: Math.max(0, microseconds(span.endTimeUnixNano) - start),
    error: span.status?.code === errorStatus,
    message: span.status?.message ?? "",
    attributes: attributesOf(span.attributes),
    resource,
    events: (span.events ?? []).map(({ name, timeUnixNano, attributes }) => ({
      name: name ?? "",
      time: microseconds(timeUnixNano),
      attributes: attributesOf(attributes),
    })),
  };
}

function attributesOf(list: readonly KeyValue[] = []): Attribute[] {
  return list.map(({ key, value }) => ({ key: key ?? "", value: valueOf(value) })).sort((a, b) => (a.key < b.key ? -1 : 1));
}

function valueOf(value: AnyValue = {}): Value {
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(valueOf);
  if (value.kvlistValue) return Object.fromEntries(attributesOf(value.kvlistValue.values).map((entry) => [entry.key, entry.value]));
  // 64-bit integers come as text, and stay text: a number would round them.
  return value.stringValue ?? value.boolValue ?? value.intValue ?? value.doubleValue ?? value.bytesValue ?? null;
}

/** An attribute's text, if the list has it. */
export function textOf(attributes: readonly Attribute[], key: string): string | undefined {
  const found = attributes.find((attribute) => attribute.key === key);
  return found === undefined ? undefined : show(found.value);
}

/** A value as text for people. */
export const show = (value: Value): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Nanoseconds as a decimal text exceed what a number holds; microseconds do not. */
function microseconds(nanoseconds = "0"): number {
  return Number(BigInt(nanoseconds) / 1000n);
}
