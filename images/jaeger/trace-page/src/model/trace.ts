/** Traces from spans: the rows of a search result, and the layout of a waterfall. */
import { textOf, type Span } from "./otlp";

/** The span attribute that names the sampling policy which kept the trace. */
const policyAttribute = "sampling.policy";

export interface Trace {
  readonly id: string;
  readonly root: Span;
  /** Whether the root span itself is stored; if not, `root` is the earliest span. */
  readonly complete: boolean;
  /** Each service with the number of its spans, the most first. */
  readonly services: readonly (readonly [name: string, spans: number])[];
  /** Microseconds since 1970. */
  readonly start: number;
  /** Microseconds. */
  readonly duration: number;
  readonly errors: number;
  readonly policies: readonly string[];
  readonly spans: readonly Span[];
}

/** Traces by id, the newest first. */
export function tracesOf(spans: readonly Span[]): Trace[] {
  const byTrace = groupBy(spans, ({ traceId }) => traceId);
  return [...byTrace].map(([id, own]) => traceOf(id, own)).sort((a, b) => b.start - a.start);
}

function traceOf(id: string, unordered: readonly Span[]): Trace {
  const spans = [...unordered].sort((a, b) => a.start - b.start);
  const root = spans.find(({ parentId }) => parentId === "");
  const first = spans[0] as Span;
  const end = spans.reduce((latest, span) => Math.max(latest, span.start + span.duration), 0);
  const counts = [...groupBy(spans, ({ service }) => service)].map(([name, own]) => [name, own.length] as const);
  const policies = spans.map(({ attributes }) => textOf(attributes, policyAttribute)).filter((name) => name !== undefined);
  return {
    id,
    root: root ?? first,
    complete: root !== undefined,
    services: counts.sort((a, b) => b[1] - a[1]),
    start: first.start,
    duration: end - first.start,
    errors: spans.filter(({ error }) => error).length,
    policies: [...new Set(policies)],
    spans,
  };
}

export interface Row {
  readonly span: Span;
  readonly depth: number;
  /** Where the span's bar begins and how long it is, in percent of the trace. */
  readonly left: number;
  readonly width: number;
}

/** The rows of a waterfall: each span below its parent, siblings by time. Spans whose parent is not stored stand at the top level. */
export function waterfall({ spans, start, duration }: Trace): Row[] {
  const ids = new Set(spans.map(({ id }) => id));
  const children = groupBy(spans, ({ id, parentId }) => (ids.has(parentId) && parentId !== id ? parentId : ""));
  const rows: Row[] = [];
  const seen = new Set<Span>();
  // A stack, as a chain of thousands of spans would be too deep for calls.
  const place = (tops: readonly Span[]) => {
    const open = tops.map((span) => ({ span, depth: 0 })).reverse();
    for (let next = open.pop(); next; next = open.pop()) {
      const { span, depth } = next;
      if (seen.has(span)) continue;
      seen.add(span);
      rows.push({ span, depth, left: percent(span.start - start, duration), width: percent(span.duration, duration) });
      open.push(...(children.get(span.id) ?? []).map((child) => ({ span: child, depth: depth + 1 })).reverse());
    }
  };
  place(children.get("") ?? []);
  // What is left has its parents in a circle.
  place(spans);
  return rows;
}

/** The row to look at first: the deepest error, which is nearest to the cause, or the first row. */
export function firstChoice(rows: readonly Row[]): number {
  return rows.reduce((best, { span, depth }, index) => {
    const before = rows[best];
    return span.error && (!before?.span.error || depth > before.depth) ? index : best;
  }, 0);
}

const percent = (part: number, whole: number): number => (whole === 0 ? 0 : (part / whole) * 100);

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
