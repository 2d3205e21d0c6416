/** Needs of the expected load and capacity of the stack: spans, disk, shards, queue and processors. */
import { mebibyte, queueBytes, queueForWaiting } from "../collector/bytes";
import { compact } from "../compact";
import { allShards, bytesPerDay, indexCopies, mostShards, shardsPerDay, storedDays } from "../elasticsearch/shards";
import { freeAtLow } from "../elasticsearch/watermarks";
import { samplingTier } from "../sampling/capacity";
import { expectedTraffic, forecast } from "../sampling/forecast";
import { statesLoad } from "../sampling/model";
import { hasJaegerCollectors, hasSamplers, ownElasticsearch } from "../topology/kubernetes";
import { most } from "./most";
import type { Settings } from "./schema";

/** Groups of settings that the sizes depend on. */
export type SizedSettings = Pick<Settings, "platform" | "retention" | "elasticsearch" | "sampling" | "collector" | "sampler" | "jaeger">;

/**
 * CPU time of a typical span on a warm stack, microseconds, measured on an old server's core, half as fast as a current one:
 * docs/performance.md. `received` is for a Collector that samples, or for a gateway and a sampler each; `redacted` is
 * for the tier that applications send to (docs/measurements.md); the rest is for kept spans.
 */
const processor = { received: 120, redacted: 30, written: 110, indexed: 360 } as const;

/** Share of a service's processors that the expected load may take: beyond it, there is nothing left for bursts, restarts and merges. */
export const processorShare = 0.6;

/** Seconds of kept spans that the queue must hold: twice the time that Elasticsearch takes to restart. */
export const leastQueue = 120;

/** Needed and available CPU of a group of services, millicores. */
interface Processors {
  readonly group: "collector" | "sampler" | "jaeger" | "elasticsearch";
  readonly needed: number;
  readonly has: number;
  /** Instances that must carry the load: all but one, if there are several. */
  readonly counted: number;
  readonly instances: number;
}

/** Sizes that follow from the expected load. */
export interface Sizing {
  /** Spans a second at peak: received, and kept. */
  readonly received: number;
  readonly kept: number;
  /** Bytes of disk a day, one copy. */
  readonly bytesPerDay: number;
  readonly copies: number;
  readonly shardsPerDay: number;
  /** Bytes on all nodes: needed by all days, and usable below the low watermark. Undefined on Docker, which sets no limit. */
  readonly disk: { readonly needed: number; readonly usable: number | undefined };
  /** Seconds that the queues hold what is kept at peak. */
  readonly queueSeconds: number;
  /** Empty on Docker, which sets no limits. */
  readonly processors: readonly Processors[];
}

/** Room in a snapshot volume beside what it holds: segments that merges have replaced stay until the last snapshot that has them goes. */
const replacedSegments = 1.25;

/** How many instances of several are counted on: all but one. */
const countedOn = (instances: number): number => Math.max(1, instances - 1);

/** Sizes of a stack for its expected load. */
export function sizing(settings: SizedSettings): Sizing {
  const { elasticsearch, sampling, collector } = settings;
  const { receivedSpansPerSecond: begun, keptSpansPerSecond: kept } = forecast(sampling, expectedTraffic(sampling));
  // An application that decides sends only what is kept.
  const received = sampling.decide === "app" ? kept : begun;
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
      // Of several nodes one may be lost: the others then hold its copies, too.
      usable: own
        ? countedOn(elasticsearch.nodes) * (elasticsearch.storage * mebibyte - freeAtLow(elasticsearch.storage * mebibyte))
        : undefined,
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
  return compact([
    of("collector", collector.maxReplicas ?? collector.replicas, collector.cpu, received * (processor.received + processor.redacted)),
    hasSamplers(settings) && of("sampler", sampler.replicas, sampler.cpu, received * processor.received),
    of("jaeger", hasJaegerCollectors(settings) ? jaeger.collectors : jaeger.replicas, jaeger.cpu, kept * processor.written),
    ownElasticsearch(settings) &&
      of("elasticsearch", elasticsearch.nodes, elasticsearch.cpu, kept * processor.indexed * (indexCopies(settings) + 1)),
  ]);
}

const gibibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 30)}Gi`;
const perSecond = (value: number): string => value.toFixed(value < 10 ? 1 : 0);
const cores = (thousandths: number): string => (thousandths / 1000).toFixed(thousandths < 10_000 ? 2 : 0);

/** The seconds as people read them. */
function timeText(seconds: number): string {
  if (!Number.isFinite(seconds)) return "any time";
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

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

/** Numbers of nodes and of instances that stack config may have; of two nodes none is a majority. */
const nodeCounts = upTo(most.nodes).filter((count) => count !== 2);
const instanceCounts = upTo(most.instances);
const mostStorage = most.storage * 2 ** 30;
const mostCpu = most.cores * 1000;

/**
 * Sizes that are too small for the load in stack config, one sentence each, with sizes that suffice. The default load is an assumption, so it is
 * no error, except if it needs more shards than any Elasticsearch accepts.
 *
 * @param namespace Prefix of the keys, `tracing`.
 */
export function sizeProblems(namespace: string, settings: SizedSettings): string[] {
  const sizes = sizing(settings);
  const load = `for ${perSecond(sizes.kept)} spans a second that ${namespace}:sampling.expected and the rates keep`;
  /** Several ways out, of which some may not be there. */
  const problem = (key: string, found: string, ways: readonly (string | undefined)[], why: string) => {
    const allowed = compact(ways);
    return `${namespace}:${key}: found ${found}; allowed: ${allowed.length > 0 ? allowed.join(", or ") : "lower rates or a shorter retention"}, ${why}`;
  };
  const nodes = (passes: (of: SizedSettings) => boolean) => {
    const more = nodeCounts.filter((count) => count > settings.elasticsearch.nodes);
    const enough = more.find((count) => passes({ ...settings, elasticsearch: { ...settings.elasticsearch, nodes: count } }));
    return enough === undefined ? undefined : `${namespace}:elasticsearch.nodes of ${enough}`;
  };
  return [
    ...shardProblems(settings, nodes, problem),
    ...(statesLoad(settings.sampling)
      ? [
          ...diskProblems(settings, sizes, load, nodes, problem),
          ...queueProblems(settings, sizes, load, problem),
          ...sizes.processors.flatMap((processors) => processorProblems(namespace, settings, processors, nodes, problem)),
        ]
      : []),
  ];
}

type Problem = (key: string, found: string, ways: readonly (string | undefined)[], why: string) => string;
type Nodes = (passes: (of: SizedSettings) => boolean) => string | undefined;

function shardProblems(settings: SizedSettings, nodes: Nodes, problem: Problem): string[] {
  const fits = (of: SizedSettings) => allShards(of) <= mostShards * of.elasticsearch.nodes;
  if (!ownElasticsearch(settings) || fits(settings)) return [];
  const ways = [nodes(fits), "a shorter retention"];
  return [
    problem(
      "retention",
      `${settings.retention}d`,
      ways,
      `as its indices have ${allShards(settings)} shards and a node takes ${mostShards}`,
    ),
  ];
}

function diskProblems(settings: SizedSettings, { disk }: Sizing, load: string, nodes: Nodes, problem: Problem): string[] {
  if (disk.usable === undefined) return [];
  const { storage, nodes: count, snapshots } = settings.elasticsearch;
  const each = leastStorage(disk.needed / countedOn(count));
  const fits = (of: SizedSettings) => {
    const { needed, usable = 0 } = sizing(of).disk;
    return needed <= usable;
  };
  const copied = bytesPerDay(settings) * (storedDays(settings) + snapshots.retention) * replacedSegments;
  return compact([
    disk.needed > disk.usable &&
      problem(
        "elasticsearch.storage",
        `${storage}Mi${count > 1 ? ` on each of ${count} nodes, of which one may be lost` : ""}`,
        [each <= mostStorage ? `${gibibytes(each)} or more` : undefined, nodes(fits)],
        `${load} and ${settings.retention} days of retention`,
      ),
    snapshots.store === "volume" &&
      copied > snapshots.storage * mebibyte &&
      problem(
        "elasticsearch.snapshots.storage",
        `${snapshots.storage}Mi`,
        [copied <= mostStorage ? `${gibibytes(copied)} or more` : undefined, "a shorter snapshots.retention"],
        load,
      ),
  ]);
}

function queueProblems(settings: SizedSettings, { kept, queueSeconds }: Sizing, load: string, problem: Problem): string[] {
  if (queueSeconds >= leastQueue) return [];
  const bytes = (kept * settings.sampling.expected.bytesPerSpan * leastQueue) / samplingTier(settings).counted;
  const ways = [`${queueForWaiting(bytes / mebibyte)}Mi or more`];
  return [problem("collector.queue", `${settings.collector.queue}Mi`, ways, `which holds ${leastQueue} s ${load}`)];
}

function processorProblems(
  namespace: string,
  settings: SizedSettings,
  { group, needed, has, counted, instances }: Processors,
  nodes: Nodes,
  problem: Problem,
): string[] {
  const fits = (of: SizedSettings) => sizing(of).processors.every((one) => one.group !== group || one.needed / processorShare <= one.has);
  if (fits(settings)) return [];
  const each = Math.ceil(needed / processorShare / counted);
  const field = instancesOf(settings, group);
  const enough =
    field && instanceCounts.find((count) => count > instances && fits({ ...settings, [group]: { ...settings[group], [field]: count } }));
  const more = group === "elasticsearch" ? nodes(fits) : enough && `${namespace}:${group}.${field} of ${enough}`;
  return [
    problem(
      `${group}.cpu`,
      `${has / counted}m for ${instances > 1 ? `each of ${instances} instances` : "its one instance"}`,
      [each <= mostCpu ? `${each}m or more` : undefined, more || undefined],
      `as the expected load keeps ${cores(needed)} processors busy, which must be ${processorShare * 100} % at most, also while one of several instances is away`,
    ),
  ];
}

/** The setting for a service's number of instances, where there may be more. */
function instancesOf(settings: SizedSettings, group: Processors["group"]): string | undefined {
  if (group === "sampler") return "replicas";
  if (group === "jaeger") return hasJaegerCollectors(settings) ? "collectors" : "replicas";
  if (group === "elasticsearch" || !hasSamplers(settings)) return undefined;
  return settings.collector.maxReplicas === undefined ? "replicas" : "maxReplicas";
}

/** The smallest disk, bytes, of which some bytes may be filled. */
function leastStorage(usable: number): number {
  let size = usable;
  while (size - freeAtLow(size) < usable) size *= 1.01;
  return size;
}
