/**
 * Index templates of the stack's own, in place of Jaeger's: what a day's indices hold, how it is indexed, and how it lies on disk.
 *
 * A span is one document, plus one for each of its events and one for each attribute of an event: searches by what is in an event need them
 * nested. docs/decisions/0027-index-templates.md says why each setting is as it is.
 */
import { indexCopies, shardsPerDay, type VolumeSettings } from "./shards";
import type { Settings } from "../stack/schema";

/** The kinds of indices that Jaeger makes each day, and the cleaner deletes. */
export const indexKinds = ["span", "service", "dependencies", "sampling"] as const;

/** One of them. */
export type IndexKind = (typeof indexKinds)[number];

/** The kinds that the stack has templates for: Jaeger here makes no others. */
export type TemplateKind = Exclude<IndexKind, "sampling">;

/** An index template, as Elasticsearch's API takes it. */
export interface IndexTemplate {
  readonly index_patterns: readonly string[];
  readonly priority: number;
  readonly template: { readonly settings: Readonly<Record<string, unknown>>; readonly mappings: object };
}

/** Above Jaeger's own templates, which earlier versions of the stack had it write: theirs is 0. */
const priority = 1000;

/** What Jaeger puts in place of a dot in an attribute's key, as Elasticsearch would read a dot as an object. */
export const dotReplacement = "@";

/** Pattern of a kind's indices, and of no other stack's. */
export const indexPattern = ({ elasticsearch: { indexPrefix } }: Pick<Settings, "elasticsearch">, kind: IndexKind): string =>
  `${indexPrefix === undefined ? "" : `${indexPrefix}-`}jaeger-${kind}-*`;

/** Most fields of an index. Attributes whose keys come later that day are stored and shown, but cannot be searched. */
const maxFields = 1000;

/** Keys of attributes that every span may have and people search by, besides those of stack config. */
const commonTags = ["error", "sampling.policy", "span.kind"];

/** Longer values are stored, but not indexed: Elasticsearch rejects a document whose term is longer than 32,766 bytes. */
const keyword = { type: "keyword", ignore_above: 256 } as const;

/** How often new spans become searchable, seconds. */
export const refreshInterval = 5;

/** Key and value of attributes as documents of their own. Only days of before, and events, have such. */
const nestedAttributes = { type: "nested", dynamic: false, properties: { key: keyword, value: keyword } } as const;

/**
 * Mapping of the span documents. Fields are indexed for what Jaeger searches by:
 *
 * - `parentSpanID` and `spanID`: newer Jaegers find the root by the absence of the first, and page through a trace in the order of the second.
 * - `tags`, `process.tags`, `scopeTags` and `logs` are empty but for events; searches fail where they are not mapped as nested.
 * - `ignore_malformed`: a number beyond what the field takes must not reject the span.
 */
const spanMappings = (tags: readonly string[]) => ({
  dynamic_templates: ["tag", "process.tag", "scopeTag"].map((path) => ({
    [path.replace(".", "_")]: { path_match: `${path}.*`, mapping: keyword },
  })),
  properties: {
    traceID: keyword,
    spanID: { ...keyword, index: false, doc_values: true },
    parentSpanID: { ...keyword, doc_values: false },
    operationName: keyword,
    startTime: { type: "long" },
    startTimeMillis: { type: "date", format: "epoch_millis" },
    duration: { type: "long", ignore_malformed: true },
    flags: { type: "long", index: false, doc_values: false, ignore_malformed: true },
    references: { type: "object", enabled: false },
    logs: { type: "nested", dynamic: false, properties: { fields: nestedAttributes } },
    tag: {
      type: "object",
      properties: Object.fromEntries(
        [...new Set([...commonTags, ...tags])].sort().map((tag) => [tag.replaceAll(".", dotReplacement), keyword]),
      ),
    },
    tags: nestedAttributes,
    process: { properties: { serviceName: keyword, tag: { type: "object" }, tags: nestedAttributes } },
    scopeTag: { type: "object" },
    scopeTags: nestedAttributes,
  },
});

/** The templates, by the kind of index. No setting is a list: the index cleaner reads settings as texts, and fails on any other. */
export function indexTemplates(
  settings: VolumeSettings & { readonly jaeger: Pick<Settings["jaeger"], "tags"> },
): Readonly<Record<TemplateKind, IndexTemplate>> {
  const copies = indexCopies(settings);
  const of = (kind: TemplateKind, mappings: object, more: object = {}): IndexTemplate => ({
    index_patterns: [indexPattern(settings, kind)],
    priority,
    template: {
      settings: {
        "index.number_of_shards": 1,
        "index.number_of_replicas": copies,
        // A node that is restarted comes back with its copies: making others meanwhile would be work for nothing.
        "index.unassigned.node_left.delayed_timeout": copies > 0 ? "5m" : undefined,
        ...more,
      },
      mappings,
    },
  });
  return {
    span: of("span", spanMappings(settings.jaeger.tags), {
      "index.number_of_shards": shardsPerDay(settings),
      // Zstandard, in blocks of 240 KiB.
      "index.codec": "best_compression",
      // Not sorted: by trace, Elasticsearch takes a third more processor time, and no less disk.
      "index.refresh_interval": `${refreshInterval}s`,
      "index.mapping.total_fields.limit": maxFields,
      ...lateFields,
    }),
    service: of("service", { properties: { serviceName: keyword, operationName: keyword } }),
    // Jaeger searches by time alone.
    dependencies: of("dependencies", { dynamic: false, properties: { timestamp: { type: "date" } } }),
  };
}

/**
 * Keeps a document whose new fields are too many for its index; they stay unindexed. Indices that are open when Jaeger begins to store attributes as
 * fields need it at once: their template knew nothing of it.
 */
export const lateFields = { "index.mapping.total_fields.ignore_dynamic_beyond_limit": true } as const;
