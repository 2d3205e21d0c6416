/** Metrics of the canary. */
import { canaryCounters, canaryGauges } from "../../canary/metrics";
import { counterMetric, gaugeMetric, type Counter, type Gauge } from "../../reported-gauges";
import type { Described } from "./metric";

const count = (counter: Counter, unit: string, meaning: string) =>
  ({ name: counterMetric(counter), labels: [], unit, since: "start", meaning }) as const satisfies Described;

const gauge = (of: Gauge, since: Described["since"], unit: string, meaning: string) =>
  ({ name: gaugeMetric(of), labels: [], unit, since, meaning }) as const satisfies Described;

export const canarySums = {
  canarySent: count(canaryCounters.sent, "traces", "Traces of the canary that the Collector acknowledged."),
  canaryRefused: count(canaryCounters.refused, "traces", "Traces of the canary that the Collector did not take."),
  canaryFound: count(canaryCounters.found, "traces", "Traces of the canary that Jaeger showed before their deadline."),
  canaryFresh: count(canaryCounters.fresh, "traces", "Those of them that it showed as soon as the settings promise."),
  canaryMissing: count(canaryCounters.missing, "traces", "Traces of the canary that Jaeger did not show by their deadline."),
  canaryUnanswered: count(
    canaryCounters.unanswered,
    "requests",
    "Times that the canary got no answer at all from Jaeger, one for each of its traces at most.",
  ),
} as const;

export const canaryReports = {
  canaryLatency: gauge(
    canaryGauges.latency,
    "first span",
    "seconds",
    "From sending the canary's trace that was found last until it was found.",
  ),
  canaryLastSuccess: gauge(canaryGauges.lastSuccess, "first span", "seconds since 1970", "When a trace of the canary was last found."),
  canaryReported: gauge(canaryGauges.reported, "start", "seconds since 1970", "When the canary reported."),
} as const;
