/** What `make bench-redaction` measures, as text. */
import { hygieneProcessors } from "../../configs/collector/hygiene";
import { spanMetrics } from "../../configs/collector/connectors";
import { redactionProcessors } from "../../configs/collector/redaction";
import { prometheusReader } from "../../configs/go-programs";
import type { Settings } from "../../configs/stack/schema";
import { toYaml } from "../../configs/yaml";
import { table } from "../reference/table";
import { median } from "./median";

/** One load through one Collector. */
export interface Round {
  readonly load: string;
  readonly redaction: boolean;
  readonly spansPerSecond: number;
  /** Microseconds of a processor that a span took. */
  readonly micros: number;
}

/** A Collector that does with spans all that the stack's does before it samples, and then drops them. */
export function benchConfig(settings: Settings, redaction: boolean, otlp: number, metrics: number): string {
  const door = { ...hygieneProcessors(settings), ...(redaction ? redactionProcessors(settings) : {}) };
  const page = { endpoint: "127.0.0.1:0" };
  return toYaml({
    receivers: { otlp: { protocols: { grpc: { endpoint: `127.0.0.1:${otlp}`, max_recv_msg_size_mib: settings.limits.request } } } },
    processors: { ...door, "filter/all": { trace_conditions: [{ context: "span", conditions: ["true"] }] } },
    connectors: { span_metrics: spanMetrics, forward: {} },
    // Nothing is left for the first.
    exporters: { otlp_http: { endpoint: "http://127.0.0.1:1" }, prometheus: page },
    service: {
      pipelines: {
        "traces/received": { receivers: ["otlp"], processors: Object.keys(door), exporters: ["span_metrics", "forward"] },
        "traces/dropped": { receivers: ["forward"], processors: ["filter/all"], exporters: ["otlp_http"] },
        metrics: { receivers: ["span_metrics"], exporters: ["prometheus"] },
      },
      telemetry: { logs: { level: "error" }, metrics: { level: "normal", readers: [prometheusReader("127.0.0.1", metrics)] } },
    },
  });
}

/** Medians of all rounds, a row for each load with and without redaction. */
export function redactionReport(rounds: readonly Round[]): string {
  const loads = [...new Set(rounds.map(({ load }) => load))];
  const of = (load: string, redaction: boolean, value: "spansPerSecond" | "micros") =>
    median(rounds.filter((round) => round.load === load && round.redaction === redaction).map((round) => round[value]));
  const rows = loads.flatMap((load) =>
    [false, true].map((redaction) => {
      const [fast, micros] = [of(load, redaction, "spansPerSecond"), of(load, redaction, "micros")];
      const more = redaction ? `${(micros - of(load, false, "micros")).toFixed(1)} µs` : "-";
      return [load, redaction ? "with" : "without", fast.toFixed(0), `${micros.toFixed(1)} µs`, more];
    }),
  );
  return table(["spans", "redaction", "spans/s", "CPU of a span", "more"], rows);
}
