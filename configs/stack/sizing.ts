/** What the expected load takes of a stack, beside what the stack has: spans, disk, shards, queue and processors. */
import { queueBytes, queueForWaiting } from "../collector/bytes";
import { allShards, bytesPerDay, indexCopies, mostShards, shardsPerDay, storedDays } from "../elasticsearch/shards";
import { freeAtLow } from "../elasticsearch/watermarks";
import { samplingTier } from "../sampling/capacity";
import { expectedTraffic, forecast } from "../sampling/forecast";
import { hasJaegerCollectors, hasSamplers, ownElasticsearch } from "../topology/kubernetes";
import type { Settings } from "./schema";

/** Groups that a load is judged by. */
export type SizedSettings = Pick<Settings, "platform" | "retention" | "elasticsearch" | "sampling" | "collector" | "sampler" | "jaeger">;

/**
 * Microseconds of one processor that a span takes, of typical spans on a warm stack: docs/performance.md. It was an old server's core, half as fast as
 * a current one. `received` is for a Collector that samples, or for each of a gateway and a sampler; the rest is for spans that are kept.
 */
const processor = { received: 150, written: 100, indexed: 350 } as const;

/** Share of a service's processors that the expected load may take: beyond it, there is nothing left for bursts, restarts and merges. */
const processorShare = 0.6;

/** Seconds that the queue must hold what is kept: as long as Elasticsearch takes to restart, and as long again. */
const leastQueue = 120;

/** What a group of services is asked for, and has, in thousandths of a processor. */
interface Processors {
  readonly group: "collector" | "sampler" | "jaeger" | "elasticsearch";
  readonly needed: number;
  readonly has: number;
  /** Instances that are counted on: several carry the load also while one of them is away. */
  readonly counted: number;
  readonly instances: number;
}

/** What the expected load means. */
export interface Sizing {
  /** Spans a second at peak: received, and kept. */
  readonly received: number;
  readonly kept: number;
  /** Bytes of disk a day, one copy. */
  readonly bytesPerDay: number;
  readonly copies: number;
  readonly shardsPerDay: number;
  /** Bytes on all nodes: what all days take, and what may be taken before Elasticsearch puts no more there. Docker has no limit of its own. */
  readonly disk: { readonly needed: number; readonly usable: number | undefined };
  /** Seconds that the queues hold what is kept at peak. */
  readonly queueSeconds: number;
  /** Empty on Docker, which sets no limits. */
  readonly processors: readonly Processors[];
}

const mebibyte = 2 ** 20;

/** How many instances of several are counted on: all but one. */
const countedOn = (instances: number): number => Math.max(1, instances - 1);

/** Sizes of a stack for its expected load. */
export function sizing(settings: SizedSettings): Sizing {
  const { elasticsearch, sampling, collector } = settings;
  const { receivedSpansPerSecond: received, keptSpansPerSecond: kept } = forecast(sampling, expectedTraffic(sampling));
  const copies = indexCopies(settings) + 1;
  const own = ownElasticsearch(settings) && settings.platform === "kubernetes";
  const tier = samplingTier(settings);
  return {
    received,
    kept,
    bytesPerDay: bytesPerDay(settings),
    copies,
    shardsPerDay: shardsPerDay(settings),
    disk: {
      needed: bytesPerDay(settings) * copies * storedDays(settings),
      usable: own ? elasticsearch.nodes * (elasticsearch.storage * mebibyte - freeAtLow(elasticsearch.storage * mebibyte)) : undefined,
    },
    queueSeconds: (queueBytes({ collector }) * tier.counted) / (kept * sampling.expected.bytesPerSpan),
    processors: settings.platform === "kubernetes" ? processorsOf(settings, received, kept) : [],
  };
}

function processorsOf(settings: SizedSettings, received: number, kept: number): Processors[] {
  const { collector, sampler, jaeger, elasticsearch } = settings;
  const of = (group: Processors["group"], instances: number, cpu: number, micros: number): Processors => {
    const counted = countedOn(instances);
    return { group, needed: Math.ceil(micros / 1000), has: counted * cpu, counted, instances };
  };
  return [
    of("collector", collector.maxReplicas ?? collector.replicas, collector.cpu, received * processor.received),
    ...(hasSamplers(settings) ? [of("sampler", sampler.replicas, sampler.cpu, received * processor.received)] : []),
    of("jaeger", hasJaegerCollectors(settings) ? jaeger.collectors : jaeger.replicas, jaeger.cpu, kept * processor.written),
    ...(ownElasticsearch(settings)
      ? [of("elasticsearch", elasticsearch.nodes, elasticsearch.cpu, kept * processor.indexed * (indexCopies(settings) + 1))]
      : []),
  ];
}

const gibibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 30)}Gi`;
const perSecond = (value: number): string => value.toFixed(value < 10 ? 1 : 0);
const cores = (thousandths: number): string => (thousandths / 1000).toFixed(thousandths < 10_000 ? 2 : 0);

/** The seconds as people read them. */
function timeText(seconds: number): string {
  if (seconds >= 86_400) return `${Math.floor(seconds / 86_400)} days`;
  if (seconds >= 7200) return `${Math.floor(seconds / 3600)} hours`;
  return seconds >= 120 ? `${Math.floor(seconds / 60)} minutes` : `${Math.floor(seconds)} s`;
}

/** The same as sentences, by what they are about. */
export function sizingTexts(settings: SizedSettings): Readonly<Record<string, string>> {
  const { received, kept, copies, disk, processors, ...sizes } = sizing(settings);
  const copied = copies === 1 ? "one copy" : `${copies} copies`;
  const usable = disk.usable === undefined ? "" : ` of ${gibibytes(disk.usable)} that may be filled`;
  const days = `${settings.retention} days and the two that the cleaner may keep more`;
  const shards = sizes.shardsPerDay === 1 ? "1 shard" : `${sizes.shardsPerDay} shards`;
  return {
    spans: `${perSecond(received)} a second received at peak, ${perSecond(kept)} kept`,
    storage: `${gibibytes(sizes.bytesPerDay * copies)} a day in ${shards} and ${copied}; ${gibibytes(disk.needed)}${usable} for ${days}`,
    queue: `holds what is kept for ${timeText(sizes.queueSeconds)} while Jaeger is away`,
    ...Object.fromEntries(
      processors.map(({ group, needed, has, counted, instances }) => [
        `${group} processors`,
        `${cores(needed)} of ${cores(has)}${instances > 1 ? `, those of ${counted} of ${instances}` : ""}`,
      ]),
    ),
  };
}

/**
 * What is too small for the expected load, one sentence each, with what would do.
 *
 * @param namespace What keys begin with, `tracing`.
 */
export function sizeProblems(namespace: string, settings: SizedSettings): string[] {
  const { kept, disk, queueSeconds, processors } = sizing(settings);
  const { nodes, storage } = settings.elasticsearch;
  const load = `for ${perSecond(kept)} spans a second that ${namespace}:sampling.expected and the rates keep`;
  const at = (key: string, found: string, allowed: string) => `${namespace}:${key}: found ${found}; allowed: ${allowed}`;
  const problems: string[] = [];
  if (disk.usable !== undefined && disk.needed > disk.usable) {
    const each = leastStorage(disk.needed / nodes);
    problems.push(
      at(
        "elasticsearch.storage",
        `${storage}Mi${nodes > 1 ? ` on each of ${nodes} nodes` : ""}`,
        `${gibibytes(each)} or more, ${load} and ${settings.retention} days of retention; or a shorter retention, lower rates, or more nodes`,
      ),
    );
  }
  const most = mostShards * nodes;
  if (ownElasticsearch(settings) && allShards(settings) > most) {
    problems.push(
      at(
        "elasticsearch.nodes",
        String(nodes),
        `${Math.ceil(allShards(settings) / mostShards)} or more, as ${allShards(settings)} shards ${load} are too many for ${nodes}`,
      ),
    );
  }
  if (queueSeconds < leastQueue) {
    const { counted } = samplingTier(settings);
    const bytes = (kept * settings.sampling.expected.bytesPerSpan * leastQueue) / counted;
    problems.push(
      at(
        "collector.queue",
        `${settings.collector.queue}Mi`,
        `${queueForWaiting(bytes / mebibyte)}Mi or more, which holds ${leastQueue} s ${load}`,
      ),
    );
  }
  for (const { group, needed, has, counted, instances } of processors) {
    const wanted = needed / processorShare;
    if (wanted <= has) continue;
    const each = has / counted;
    const enough = Math.ceil(wanted / each);
    problems.push(
      at(
        `${group}.cpu`,
        `${each}m for ${instances > 1 ? `each of ${instances} instances` : "its one instance"}`,
        `${Math.ceil(wanted / counted)}m or more, or ${enough > 1 ? enough + 1 : 1} instances: the expected load keeps ${cores(needed)} processors busy, which ` +
          `must be ${processorShare * 100} % at most, also while one of several instances is away`,
      ),
    );
  }
  return problems;
}

/** The smallest disk, bytes, of which some bytes may be filled. */
function leastStorage(usable: number): number {
  let size = usable;
  while (size - freeAtLow(size) < usable) size *= 1.01;
  return size;
}
