/** Outages that other alerts follow from: each is a critical alert of {@link down} or of Elasticsearch. */
import { compact } from "../../compact";
import type { Cause } from "./alert";
import { hasSamplers, jaegerWriter } from "../../topology/kubernetes";
import type { StackSettings } from "../../stack/schema";

export const elasticsearchDown: Cause = { name: "ElasticsearchDown" };

/** The instances of the Collector that applications, and whoever reports, send to. */
export const collectorDown: Cause = { name: "OTELCollectorDown", service: "otel-collector" };

/** All tiers of the Collector. */
export const collectorsDown = (settings: StackSettings): Cause[] =>
  compact([collectorDown, hasSamplers(settings) && { name: "OTELCollectorDown", service: "otel-sampler" }]);

/** Whatever keeps a trace from being found: of the Collector, of storage, or of Jaeger's searches. */
export const searchDown = (settings: StackSettings): Cause[] =>
  compact([
    ...collectorsDown(settings),
    ...storageDown(settings),
    jaegerWriter(settings) !== "jaeger" && { name: "JaegerDown", service: "jaeger" },
  ]);

/** Whatever keeps spans from being stored behind the Collector. */
export const storageDown = (settings: StackSettings): Cause[] => [
  elasticsearchDown,
  { name: "JaegerDown", service: jaegerWriter(settings) },
];
