/** Gauges that scripts of the stack report to the Collector by OTLP. */

export interface Gauge {
  /** Name as OpenTelemetry writes it. */
  readonly name: string;
  /** Unit in UCUM; none for a yes or no. */
  readonly unit: "s" | "";
}

/** The gauge's name in Prometheus: the Collector's exporter replaces dots and adds the unit. */
export const gaugeMetric = ({ name, unit }: Gauge): string => `${name.replaceAll(".", "_")}${unit === "s" ? "_seconds" : ""}`;
