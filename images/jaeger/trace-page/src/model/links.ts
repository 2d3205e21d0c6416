/** Links to other places, from the UI's config, which Jaeger writes into the page (`linkPatterns`). */
import { show, type Attribute, type Span } from "./otlp";
import type { Trace } from "./trace";

export interface LinkPattern {
  readonly type: "traces" | "process" | "tags" | "logs";
  readonly key?: string;
  readonly url: string;
  readonly text: string;
}

export interface Link {
  readonly url: string;
  readonly text: string;
}

/** The UI's config, as index.html has it. */
export const linkPatterns = (): readonly LinkPattern[] =>
  (globalThis as { getJaegerUiConfig?: () => { linkPatterns?: readonly LinkPattern[] } | null }).getJaegerUiConfig?.()?.linkPatterns ?? [];

type Value = string | number;
type Lookup = (name: string) => Value | undefined;

const functions: Readonly<Record<string, (value: Value, ...args: string[]) => Value>> = {
  add: (value, by) => Number(value) + Number(by),
  pad_start: (value, length, filler) => String(value).padStart(Number(length), filler),
  epoch_micros_to_date_iso: (value) => (Number.isFinite(Number(value)) ? new Date(Number(value) / 1000).toISOString() : value),
};

/** A pattern with its values put in; undefined where one is missing. */
function filled({ url, text }: LinkPattern, lookup: Lookup): Link | undefined {
  let whole = true;
  const put = (template: string, encode: (value: string) => string) =>
    template.replace(/#\{([^{}]*)\}/g, (_all, inside: string) => {
      const [name = "", call] = inside.split("|").map((part) => part.trim());
      const value = lookup(name);
      if (value === undefined) {
        whole = false;
        return "";
      }
      const [called = "", ...args] = call?.split(/ +/) ?? [];
      return encode(String(functions[called]?.(value, ...args) ?? value));
    });
  const link = { url: put(url, encodeURIComponent), text: put(text, (value) => value) };
  return whole && /^https?:\/\//.test(link.url) ? link : undefined;
}

const traceField = ({ id, root, start, duration }: Trace): Lookup => {
  const fields = new Map<string, Value>([
    ["traceID", id],
    ["traceName", `${root.service}: ${root.name}`],
    ["startTime", start],
    ["endTime", start + duration],
    ["duration", duration],
  ]);
  return (name) => fields.get(name);
};

/** The links of a trace. */
export const traceLinks = (patterns: readonly LinkPattern[], trace: Trace): Link[] =>
  patterns.filter(({ type }) => type === "traces").flatMap((pattern) => filled(pattern, traceField(trace)) ?? []);

/** The links of one attribute among others; what these have not, a span, its ancestors and the trace may have. */
export function attributeLinks(
  patterns: readonly LinkPattern[],
  at: { readonly type: LinkPattern["type"]; readonly list: readonly Attribute[]; readonly span: Span; readonly trace: Trace },
  key: string,
): Link[] {
  const { type, list, span, trace } = at;
  const lookup: Lookup = (name) => {
    const own = list.find((attribute) => attribute.key === name);
    if (own) return show(own.value);
    const seen = new Set<Span>();
    for (let next: Span | undefined = span; next && !seen.has(next); next = parentOf(next, trace)) {
      seen.add(next);
      const found = [...next.attributes, ...next.resource].find((attribute) => attribute.key === name);
      if (found) return show(found.value);
    }
    return traceField(trace)(name);
  };
  return patterns.filter((pattern) => pattern.type === type && pattern.key === key).flatMap((pattern) => filled(pattern, lookup) ?? []);
}

const parentOf = ({ parentId }: Span, { spans }: Trace): Span | undefined =>
  parentId === "" ? undefined : spans.find(({ id }) => id === parentId);
