/** The Collector: that it answers, takes spans, and has room. */
import { down, type Alert, type Watched } from "./alert";
import {
  accepted,
  enqueueFailed,
  failed,
  grown,
  minOver,
  queueCapacity,
  queueSize,
  refused,
  refusedRequests,
  sendFailed,
  total,
  totalRates,
} from "../promql";
import { is, isNot, like, series, type Matchers } from "../metrics";
import { collectorsDown, storageDown } from "./causes";
import { hygieneAlert } from "./hygiene";
import { fullSampling, undecidedShare } from "./sampling";
import { instanceCapacity } from "../../sampling";
import type { StackSettings } from "../../stack/schema";
import { jaegerWriter } from "../../topology/kubernetes";

/**
 * Share of its memory limit that what lives on the Collector's heap may take for long. From half of it on garbage has no room to pile up; at
 * three fifths its memory limiter refuses.
 */
const highMemory = 0.5;

/** A tier of the Collector, with the group of settings it has and the memory limit of an instance, MiB. */
interface Tier extends Watched {
  readonly group: "collector" | "sampler";
  readonly memory: number;
  readonly labels: Pick<Matchers<"heap">, "tier">;
}

function tiers({ collector, sampler }: StackSettings): readonly Tier[] {
  const job = "otel-collector" as const;
  const { memory, replicas } = collector;
  if (sampler.replicas === 0) return [{ job, service: job, group: "collector", labels: {}, memory, replicas }];
  return [
    { job, service: job, group: "collector", labels: { tier: isNot("sampler") }, memory, replicas },
    { job, service: "otel-sampler", group: "sampler", labels: { tier: is("sampler") }, ...sampler },
  ];
}

/** The heap of each instance of a tier as a share of its memory limit: the least of a minute, as garbage comes and goes. An expression a tier. */
export const heapShares = (settings: StackSettings): string[] =>
  tiers(settings).map(({ labels, memory }) => `${minOver(series("heap", labels), "1m")} / ${memory * 1024 * 1024}`);

/**
 * A Collector whose heap is more than a share of its limit. Resident memory would count the
 * mapped pages of the program and of the queue's file, which the kernel takes back when it needs them.
 */
const takesMemory = (settings: StackSettings) =>
  heapShares(settings)
    .map((share) => `${share} > ${highMemory}`)
    .join(" or ");

/** Share of the spans of five minutes that the Collector refused or dropped; nothing where none came. */
export const dropRate = `${totalRates(refused, failed, enqueueFailed, sendFailed)} / (${totalRates(accepted, refused, failed)} > 0)`;

/**
 * Full within an hour at the pace of ten minutes: time to act before receivers refuse. A tenth of it must be taken: what waits for a moment tells
 * nothing.
 */
const queueFills = `predict_linear(${queueSize}[10m], 3600) > ${queueCapacity} and ${queueSize} / ${queueCapacity} > 0.1`;

/**
 * A volume with a queue on it that is nearly full, as the cluster's nodes tell its own Prometheus. The queue's bound is below its volume's size, so
 * this says that something else takes room there. The stack's own Prometheus is not let in to the nodes, and Docker's volumes have no size.
 */
function queueVolume(settings: StackSettings): Alert[] {
  if (settings.prometheus.mode !== "operator") return [];
  const queues = { namespace: is(settings.kubernetes.namespace), persistentvolumeclaim: like("data-otel-(collector|sampler)-.*") };
  return [
    {
      name: "OTELQueueVolumeFull",
      expr: `${series("volumeFree", queues)} / ${series("volumeSize", queues)} < 0.1`,
      for: "5m",
      severity: "warning",
      summary: "The volume of a queue is more than 90 % full: batches that cannot be written are lost",
      value: "{{ $value | humanizePercentage }} of {{ $labels.persistentvolumeclaim }} is free.",
      first: "`kubectl get pvc`: is the volume as large as `tracing:collector.queue`?",
    },
  ];
}

export function collectorAlerts(settings: StackSettings): readonly Alert[] {
  const { traces } = instanceCapacity(settings);
  return [
    ...tiers(settings).flatMap((tier) =>
      down(tier, {
        name: "OTELCollectorDown",
        none:
          tier.group === "sampler"
            ? "No sampler answers: the gateways refuse all spans"
            : "The Collector does not answer: no spans are accepted",
        some:
          tier.group === "sampler"
            ? "A sampler does not answer: traces in its queue wait, new traces go to the others"
            : "A Collector does not answer; the others accept the spans",
        first: `\`make status\`, then \`make logs SERVICE=${tier.service}\`.`,
      }),
    ),
    {
      name: "OTELHighSpanDropRate",
      expr: `${dropRate} > 0.1`,
      for: "2m",
      severity: "critical",
      summary: "The Collector refuses or drops more than 10 % of the spans",
      value: "{{ $value | humanizePercentage }} of the spans of the last five minutes.",
      first: "`make status`: is the queue full, or the Collector short of memory?",
      follows: [...storageDown(settings), ...collectorsDown(settings)],
    },
    {
      name: "OTELRequestsRefused",
      expr: `${refusedRequests.map((counter) => total(grown(counter))).join(" + ")} > 0`,
      for: "0s",
      severity: "warning",
      summary: "A client sends requests that the Collector can never accept: it loses their spans",
      value: "{{ $value | humanize }} requests in five minutes were unreadable or larger than `tracing:limits.request`.",
      first: "the logs of the applications: which of them reports a refusal (HTTP 400, RESOURCE_EXHAUSTED)?",
    },
    hygieneAlert,
    {
      name: "OTELExporterQueueFull",
      expr: `${queueSize} / ${queueCapacity} > 0.9`,
      for: "1m",
      severity: "warning",
      summary: "The Collector's queue is more than 90 % full: once it is full, the Collector accepts no more spans",
      value: "{{ $value | humanizePercentage }} of its capacity.",
      first: `\`make logs SERVICE=${jaegerWriter(settings)}\`: why does it accept no spans?`,
      follows: storageDown(settings),
    },
    {
      name: "OTELExporterQueueFilling",
      expr: queueFills,
      for: "5m",
      severity: "warning",
      summary: "At this rate the Collector's queue will be full within an hour",
      value: "{{ $value | humanize1024 }}B will be waiting by then.",
      first: `\`make logs SERVICE=${jaegerWriter(settings)}\`: why does it accept so few spans?`,
      follows: storageDown(settings),
    },
    ...queueVolume(settings),
    {
      name: "OTELCollectorHighMemory",
      expr: takesMemory(settings),
      for: "5m",
      severity: "warning",
      summary: `Live objects take more than ${highMemory * 100} % of the Collector's memory limit of ${tiers(settings)
        .map(({ memory }) => memory)
        .join(" or ")} MiB`,
      value: "{{ $value | humanizePercentage }} of the limit.",
      first: `\`make status\`: how many spans arrive? Raise ${tiers(settings)
        .map(({ group }) => `\`tracing:${group}.memory\``)
        .join(" or ")} if the load is intended.`,
      follows: storageDown(settings),
    },
    {
      name: "OTELSamplingFull",
      expr: `${undecidedShare(settings)} > ${fullSampling}`,
      for: "1m",
      severity: "warning",
      summary: `The Collector's memory for ${traces} undecided traces is more than ${fullSampling * 100} % full: at 100 % receivers block`,
      value: "{{ $value | humanizePercentage }} of it.",
      first:
        "`make sampling`: what load is expected? Set `tracing:sampling.expected` to the real load; the preview says how much memory it needs.",
      follows: storageDown(settings),
    },
  ];
}
