import * as pulumi from "@pulumi/pulumi";
import { ExistingElasticsearch, Jaeger, KubernetesPlatform, OtelCollector } from "tracing";

const config = new pulumi.Config();

// The components by hand, as this stack needs no Prometheus.
const platform = new KubernetesPlatform("tracing", { environment: "production" });
const elasticsearch = new ExistingElasticsearch("elasticsearch", {
  platform,
  url: config.require("elasticsearchUrl"),
  password: config.requireSecret("elasticsearchPassword"),
});
const jaeger = new Jaeger("jaeger", {
  platform,
  elasticsearch,
  retention: "14d",
  sampling: { default: 25 },
  // These pages show what a Prometheus counts.
  monitor: false,
  dependencies: false,
});
const collector = new OtelCollector("otel-collector", { platform, jaeger });

export const { otlpGrpc, otlpHttp } = collector;
export const ui = jaeger.url;
