/** What the end-to-end tests of the Django package need to know of a stack. */
import type { Checkout } from "./checkout";

/** Their environment. */
export const djangoEnvironment = (stack: Checkout): Record<string, string> => ({
  E2E_COLLECTOR: stack.url("otlp-http"),
  E2E_JAEGER: stack.url("jaeger-ui"),
  E2E_JAEGER_SAMPLING: stack.url("jaeger-sampling"),
  E2E_COLLECTOR_METRICS: stack.url("collector-metrics"),
  E2E_PROMETHEUS: stack.url("prometheus"),
  E2E_COLLECTOR_CONTAINER: stack.container("otel-collector"),
});
