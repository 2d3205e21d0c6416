/** Variants of the stack, each with one thing changed, to see what that thing is worth. */
import { parse, stringify } from "yaml";
import { files } from "../../../configs/topology/ports";
import type { IndexTemplate } from "../../../configs/elasticsearch/templates";
import type { Change } from "./subjects";

type Template = {
  template: {
    settings: Record<string, unknown>;
    mappings: { dynamic_templates: Record<string, { mapping: object }>[]; properties: Record<string, Record<string, unknown>> };
  };
};

/** A change of the template for spans. */
const template =
  (change: (template: Template) => void): Change =>
  (file, text) => {
    if (file !== "template-span.json") return text;
    const parsed = JSON.parse(text) as IndexTemplate as unknown as Template;
    change(parsed);
    return JSON.stringify(parsed);
  };

const setting = (name: string, value: unknown): Change =>
  template(({ template: { settings } }) => {
    // Of undefined, JSON writes nothing.
    settings[name] = value;
  });

const sorted = (...fields: string[]): Change =>
  template(({ template: { settings } }) => {
    settings["index.sort.field"] = fields.join();
    settings["index.sort.order"] = fields.map(() => "asc").join();
  });

interface CollectorFile {
  processors: Record<string, unknown>;
  service: { pipelines: Record<string, { processors?: string[] }> };
}

/** The Collector without one of its processors. */
const without =
  (processor: string): Change =>
  (file, text) => {
    if (file !== files.collector) return text;
    const config = parse(text) as CollectorFile;
    config.processors = Object.fromEntries(Object.entries(config.processors).filter(([name]) => name !== processor));
    for (const pipeline of Object.values(config.service.pipelines))
      pipeline.processors = (pipeline.processors ?? []).filter((name) => name !== processor);
    return stringify(config);
  };

interface JaegerFile {
  extensions: { jaeger_storage: { backends: Record<string, { elasticsearch: Record<string, unknown> }> } };
}

const jaeger =
  (change: (elasticsearch: Record<string, unknown>) => void): Change =>
  (file, text) => {
    if (file !== files.jaeger) return text;
    const config = parse(text) as JaegerFile;
    for (const backend of Object.values(config.extensions.jaeger_storage.backends)) change(backend.elasticsearch);
    return stringify(config);
  };

const variants: Readonly<Record<string, Change>> = {
  "codec default": setting("index.codec", undefined),
  "sorted by trace": sorted("traceID"),
  "sorted by operation": sorted("operationName", "traceID"),
  "attributes without doc values": template(({ template: { mappings } }) => {
    const indexed = { type: "keyword", ignore_above: 256, doc_values: false };
    for (const dynamic of mappings.dynamic_templates) for (const one of Object.values(dynamic)) one.mapping = indexed;
    const { properties } = mappings.properties.tag as { properties: Record<string, unknown> };
    for (const name of Object.keys(properties)) properties[name] = indexed;
  }),
  "refresh 1s": setting("index.refresh_interval", "1s"),
  "refresh 30s": setting("index.refresh_interval", "30s"),
  "translog async": setting("index.translog.durability", "async"),
  "ids indexed": template(({ template: { mappings } }) => {
    mappings.properties.spanID = { type: "keyword" };
    mappings.properties.parentSpanID = { type: "keyword" };
  }),
  "references indexed": template(({ template: { mappings } }) => {
    const text = { type: "keyword" };
    mappings.properties.references = { type: "nested", dynamic: false, properties: { refType: text, traceID: text, spanID: text } };
  }),
  "duration not ignore_malformed": template(({ template: { mappings } }) => {
    mappings.properties.duration = { type: "long" };
    mappings.properties.flags = { type: "long", index: false, doc_values: false };
  }),
  "tags listed": jaeger(
    (elasticsearch) =>
      (elasticsearch.tags_as_fields = { include: "http.request.method,http.response.status_code,http.route,url.path,correlation_id" }),
  ),
  "one bulk worker": jaeger((elasticsearch) => {
    if (elasticsearch.bulk_processing) elasticsearch.bulk_processing = { ...elasticsearch.bulk_processing, workers: 1 };
  }),
};

/** Variants that leave a processor of the Collector out, by its name. */
const prefix = "without ";

/** The names of all variants. */
export const variantNames: readonly string[] = [
  ...Object.keys(variants),
  ...[
    "memory_limiter",
    "filter/invalid_ids",
    "filter/out_of_time",
    "filter/too_many_links",
    "transform/hygiene",
    "filter/surplus_events",
    "attributes",
    "tail_sampling",
  ].map((name) => prefix + name),
];

/** The change that a variant is. */
export const variant = (name: string): Change =>
  name.startsWith(prefix) ? without(name.slice(prefix.length)) : (variants[name] ?? ((_file, text) => text));
