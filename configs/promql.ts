/** Pieces of PromQL that rules are made of. */

/** Series of the Collector, and of Jaeger. Every selector names its job (configs/prometheus.ts): the same metric may be scraped twice. */
export const collector = (metric: string, more = "") => `${metric}{job="otel-collector"${more}}`;
export const jaeger = (metric: string, more = "") => `${metric}{job="jaeger"${more}}`;

export const byInstance = (value: string) => `sum by (job, instance) (${value})`;

/** A sum over all instances; 0 where there is nothing to add. */
export const total = (value: string) => `(sum(${value}) or vector(0))`;
