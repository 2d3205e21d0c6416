/** Metrics that scripts of the stack report to the Collector by OTLP. */

export interface Gauge {
  /** Name as OpenTelemetry writes it. */
  readonly name: string;
  /** Unit in UCUM; none for a yes or no. */
  readonly unit: "s" | "";
}

/** A sum that only grows, and begins at 0 with the script. */
export interface Counter {
  /** Name as OpenTelemetry writes it. */
  readonly name: string;
}

/** The counter's name in Prometheus. */
export const counterMetric = ({ name }: Counter): string => `${name.replaceAll(".", "_")}_total`;

/** The gauge's name in Prometheus: the Collector's exporter replaces dots and adds the unit. */
export const gaugeMetric = ({ name, unit }: Gauge): string => `${name.replaceAll(".", "_")}${unit === "s" ? "_seconds" : ""}`;
