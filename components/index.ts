/**
 * The package's public names: a whole stack, or its parts wired by hand.
 *
 * A part takes where it runs and what it depends on; `TracingStack` shows how they go together.
 */
export { Canary, type CanaryArgs } from "./canary/canary";
export { OtelCollector, type OtelCollectorArgs } from "./collector/collector";
export type { IngestTokens } from "./collector/ingest";
export { Elasticsearch, type ElasticsearchArgs, type ElasticsearchConnection } from "./elasticsearch/elasticsearch";
export type { StorageArgs } from "./elasticsearch/setup";
export { ExistingElasticsearch, type ExistingElasticsearchArgs, type ExistingElasticsearchOptions } from "./elasticsearch/existing";
export { ElasticsearchExporter, type ElasticsearchExporterArgs } from "./elasticsearch/exporter";
export { IndexCleaner, type IndexCleanerArgs } from "./jaeger/index-cleaner";
export { Jaeger, type JaegerArgs } from "./jaeger/jaeger";
export { Login, type LoginArgs } from "./login/login";
export { DockerPlatform } from "./platform/docker/platform";
export { KubernetesPlatform } from "./platform/kubernetes/platform";
export type { Platform } from "./platform/platform";
export type { AlertSecrets } from "./prometheus/alertmanager";
export { Prometheus, type PrometheusArgs } from "./prometheus/prometheus";
export { TracingStack, type StackOutputs, type TracingStackArgs } from "./tracing-stack";
export type { ComponentArgs, DockerPlatformArgs, KubernetesPlatformArgs, PlatformArgs, TraceArgs } from "./args";
export { SettingsError } from "../configs/stack/parse";
export type * from "../configs/stack/options";
