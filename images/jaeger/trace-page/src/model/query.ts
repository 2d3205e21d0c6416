/** What is searched for: its place in the page's address, its errors, and the requests to Jaeger's API. */

export interface Query {
  readonly service: string;
  readonly operation: string;
  readonly correlationId: string;
  /** Further tags as people write them: `http.route=/orders error=true`. */
  readonly tags: string;
  /** One of `lookbacks`, or "custom" for `from` to `to`. */
  readonly lookback: string;
  /** Local times, as a browser's field for date and time has them. */
  readonly from: string;
  readonly to: string;
  /** As Go writes durations: `100ms`, `1.5s`. */
  readonly minDuration: string;
  readonly limit: string;
}

export const emptyQuery: Query = {
  service: "",
  operation: "",
  correlationId: "",
  tags: "",
  lookback: "1h",
  from: "",
  to: "",
  minDuration: "",
  limit: "20",
};

/** Minutes of each time range that can be chosen by name. */
export const lookbacks: Readonly<Record<string, number>> = { "15m": 15, "1h": 60, "6h": 360, "1d": 1440, "2d": 2880, "7d": 10080 };

export const customRange = "custom";

export const limits = ["20", "50", "100"] as const;

const correlationTag = "correlation_id";
const fields = Object.keys(emptyQuery) as (keyof Query)[];

/** The query in an address, and its defaults where the address says nothing. */
export function queryFrom(search: string): Query {
  const params = new URLSearchParams(search);
  return Object.fromEntries(fields.map((name) => [name, params.get(name) ?? emptyQuery[name]])) as unknown as Query;
}

/** The part of an address that holds a query; what has its default is left out. */
export function searchOf(query: Query): string {
  const params = new URLSearchParams();
  for (const name of fields) if (query[name] !== emptyQuery[name]) params.set(name, query[name]);
  return params.toString();
}

/** What is wrong with each field. */
export function problemsOf(query: Query): Partial<Record<keyof Query, string>> {
  const custom = query.lookback === customRange;
  const unordered = custom && query.from !== "" && query.to !== "" && Date.parse(query.from) >= Date.parse(query.to);
  const found = {
    minDuration:
      query.minDuration === "" || /^(\d+(\.\d+)?(us|µs|ms|s|m|h))+$/.test(query.minDuration) ? undefined : "Example: 100ms, 1.5s",
    tags: parseTags(query.tags) ? undefined : 'Example: http.route=/orders error=true, or key="a value"',
    lookback: custom || Object.hasOwn(lookbacks, query.lookback) ? undefined : "Unknown time range",
    from: custom && Number.isNaN(Date.parse(query.from)) ? "Required" : undefined,
    to: custom && Number.isNaN(Date.parse(query.to)) ? "Required" : unordered ? "Must be later than the start" : undefined,
    limit: /^[1-9]\d{0,3}$/.test(query.limit) ? undefined : "A number up to 9999",
  };
  return Object.fromEntries(Object.entries(found).filter(([, problem]) => problem !== undefined));
}

/** Tags by name, or undefined where the text is no list of them. */
export function parseTags(text: string): Record<string, string> | undefined {
  const tags: Record<string, string> = {};
  const pair = /\s*([^\s="]+)=(?:"([^"]*)"|([^\s"]*))(?=\s|$)\s*/y;
  while (pair.lastIndex < text.trimEnd().length) {
    const match = pair.exec(text);
    if (!match?.[1]) return undefined;
    tags[match[1]] = match[2] ?? match[3] ?? "";
  }
  return tags;
}

/** All tags of a query, the correlation id among them. */
export function tagsOf(query: Query): Record<string, string> {
  const id = query.correlationId.trim();
  return { ...(id === "" ? {} : { [correlationTag]: id }), ...parseTags(query.tags) };
}

/** Start and end of a query's time range, in milliseconds since 1970. */
export function rangeOf(query: Query, now: number): readonly [start: number, end: number] {
  if (query.lookback === customRange) return [Date.parse(query.from), Date.parse(query.to)];
  return [now - (lookbacks[query.lookback] ?? 60) * 60_000, now];
}

/** The request for traces, whole, of any tags. */
export function findTracesPath(query: Query, now: number): string {
  const [start, end] = rangeOf(query, now);
  return withParams("api/v3/traces", {
    "query.service_name": query.service,
    "query.operation_name": query.operation,
    "query.start_time_min": new Date(start).toISOString(),
    "query.start_time_max": new Date(end).toISOString(),
    "query.duration_min": query.minDuration,
    "query.num_traces": query.limit,
  });
}

/** The request for traces by tags. Jaeger 2.13 takes tags only here, and only with a service. */
export function findByTagsPath(query: Query, service: string, now: number): string {
  const [start, end] = rangeOf(query, now);
  return withParams("api/traces", {
    service,
    operation: query.operation,
    start: String(start * 1000),
    end: String(end * 1000),
    minDuration: query.minDuration,
    limit: query.limit,
    tags: JSON.stringify(tagsOf(query)),
  });
}

function withParams(path: string, params: Readonly<Record<string, string>>): string {
  return `${path}?${new URLSearchParams(Object.entries(params).filter(([, value]) => value !== "")).toString()}`;
}

/** A trace id out of what somebody pasted: 32 hexadecimal digits or fewer, not all zero. */
export function traceIdFrom(text: string): string | undefined {
  const id = text.trim().toLowerCase();
  return /^(?!0+$)[0-9a-f]{1,32}$/.test(id) ? id.padStart(32, "0") : undefined;
}
