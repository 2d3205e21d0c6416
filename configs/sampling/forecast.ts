/** What a model keeps of expected traffic, and the disk that it takes. */
import { effectiveRate, type DecidingSpan } from "./effective-rate";
import { expectedTraces, type SamplingModel } from "./model";

/**
 * Disk that a stored span takes in Elasticsearch, as a share of what it weighs as it arrives; one copy, after its segments were merged. The `typical`
 * spans of docs/performance.md, which compress less well than uniform ones. `make bench` measures it as it is just after a load.
 */
export const storedShare = 0.42;

/** Traffic to forecast for. */
export interface Traffic {
  /** Traces a second. */
  readonly tracesPerSecond: number;
  readonly spansPerTrace: number;
  /** Percent of traces that hold an error, of every request alike. */
  readonly errors: number;
  /** Percent of traces by request, `METHOD /path`; what is left to 100 is requests that no rule matches. */
  readonly requests: Readonly<Record<string, number>>;
  /** Bytes of a span as it arrives. */
  readonly bytesPerSpan: number;
}

/** The traffic that stack config says to expect; requests without a rule, as it does not say which there are. */
export const expectedTraffic = (model: SamplingModel): Traffic => ({
  ...model.expected,
  tracesPerSecond: expectedTraces(model),
  requests: {},
});

/** One kind of request. Rates are percent, 0–100. */
export interface ForecastRow {
  readonly request: string;
  readonly share: number;
  readonly rate: number;
  readonly errorRate: number;
  readonly receivedSpansPerSecond: number;
  readonly keptSpansPerSecond: number;
}

export interface Forecast {
  readonly rows: readonly ForecastRow[];
  readonly receivedSpansPerSecond: number;
  readonly keptSpansPerSecond: number;
  /** Bytes a day of disk, one copy of each index. */
  readonly bytesPerDay: number;
}

/** The request that stands for all that no rule is for. */
export const anyOther = "any other";

/** What is kept at even traffic. A cap bounds traces without an error. */
export function forecast(model: SamplingModel, traffic: Traffic): Forecast {
  const named = Object.entries(traffic.requests);
  const rest = 100 - named.reduce((sum, [, share]) => sum + share, 0);
  const rows = [...named, ...(rest > 0 ? [[anyOther, rest] as const] : [])].map(([request, share]): ForecastRow => {
    const [rate, errorRate] = [effectiveRate(model, [spanOf(request, false)]), effectiveRate(model, [spanOf(request, true)])];
    const receivedSpansPerSecond = traffic.tracesPerSecond * (share / 100) * traffic.spansPerTrace;
    const kept = (rate * (100 - traffic.errors) + errorRate * traffic.errors) / 100;
    return { request, share, rate, errorRate, receivedSpansPerSecond, keptSpansPerSecond: (receivedSpansPerSecond * kept) / 100 };
  });
  const total = (of: (row: ForecastRow) => number) => rows.reduce((sum, row) => sum + of(row), 0);
  const failed = total((row) => (row.receivedSpansPerSecond * row.errorRate * traffic.errors) / 10_000);
  const well = total((row) => row.keptSpansPerSecond) - failed;
  const keptSpansPerSecond = failed + Math.min(well, model.cap ?? Infinity);
  return {
    rows,
    receivedSpansPerSecond: total((row) => row.receivedSpansPerSecond),
    keptSpansPerSecond,
    bytesPerDay: keptSpansPerSecond * traffic.bytesPerSpan * storedShare * 86_400,
  };
}

function spanOf(request: string, failed: boolean): DecidingSpan {
  const [method = "", path = ""] = request === anyOther ? [] : request.split(/ +/);
  const attributes: Record<string, string> = path === "" ? {} : { "http.request.method": method, "url.path": path };
  return { kind: "SERVER", root: true, failed, service: "", duration: 0, attributes };
}
