/** Settings that all programs written in Go share. */

/**
 * Share of a container's memory limit that the Go runtime aims at: it collects garbage harder near it, and the rest is for what the
 * runtime does not count. The Collector's own guide names 80 %.
 */
const memoryShare = 0.8;

/** Bounds of all latency histograms, in seconds. 0.1 is among them: the alert on latency asks for it. */
export const latencyBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Views that drop what a program's HTTP and gRPC libraries count of each request: many series, which no rule asks for. */
export const withoutRequestMetrics: readonly object[] = ["http.*", "rpc.*"].map((name) => ({
  selector: { instrument_name: name },
  stream: { aggregation: { drop: {} } },
}));

/** The variable that tells the Go runtime its limit, for a container's limit in MiB. */
export const goMemoryLimit = (limit: number): { GOMEMLIMIT: string } => ({ GOMEMLIMIT: `${Math.floor(limit * memoryShare)}MiB` });

/**
 * A reader for a program's own metrics, with their names pinned: since 0.152 an explicit reader leaves out `_total` and units unless
 * told otherwise, and every rule that names a metric would go silent.
 */
export function prometheusReader(host: string, port: number): object {
  return {
    pull: {
      exporter: { prometheus: { host, port, without_type_suffix: false, without_units: false, without_scope_info: true } },
    },
  };
}
