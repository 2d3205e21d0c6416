/** How many undecided traces the Collector has room for, how long it waits for them, and what it then remembers. */
import type { Settings } from "../stack/schema";
import { hasSamplers } from "../topology/kubernetes";
import { expectedTraces, type SamplingModel } from "./model";

/**
 * Bytes that an undecided trace takes in the Collector: `trace + span × spans`. Measured with spans of 11 attributes on Collector 0.158.0 by
 * `make bench-sampling` (docs/measurements.md); longer attributes take more.
 */
const pendingBytes = { trace: 1000, span: 1300 } as const;

/** Bytes of a remembered trace id, in either of the two caches: measured likewise. */
const rememberedBytes = 132;

/**
 * Share of the Collector's memory limit for undecided traces and for what is remembered of decided ones. Its memory limiter refuses spans at
 * three fifths; the rest carries the load.
 */
const samplingShare = 0.2;

/** Decided trace ids that are remembered, per trace in memory, so that late spans share their trace's fate. */
const rememberedPerTrace = 10;

/** Time, in seconds, that spans wait in an SDK before it exports them: the default of OTEL_BSP_SCHEDULE_DELAY. */
const exportDelay = 5;

/** Seconds from a trace's first span until it is given up, or decided on: the longest trace, and its exporter's delay. */
export const decisionWaitOf = ({ expected }: Pick<SamplingModel, "expected">): number =>
  Math.ceil(expected.longestTrace / 1000) + exportDelay;

/** What tail_sampling is sized by. */
export interface Capacity {
  /** See {@link decisionWaitOf}. */
  readonly decisionWait: number;
  /** Undecided traces that fit: memory limit × 0.2 / (bytes of a trace of the expected size + 2 × 10 × 132, what is remembered for each). */
  readonly traces: number;
  /** Decided traces that are remembered, of either kind: at full load 10 × the decision wait long. */
  readonly remembered: number;
  /** Undecided traces at the expected load: new traces a second × decision wait, over the instances that share them. */
  readonly expected: number;
}

/** The Collectors that sample. */
export interface SamplingTier {
  /** The group of settings that sizes them. */
  readonly group: "collector" | "sampler";
  /** Memory limit of each, MiB. */
  readonly memory: number;
  /** How many there are. */
  readonly instances: number;
  /** How many of them are counted on: several hold the load also while one of them is away, and trace ids do not spread quite evenly. */
  readonly counted: number;
}

/** Who samples: the Collector itself, or the samplers behind it. */
export function samplingTier({ collector, sampler }: Pick<Settings, "collector" | "sampler">): SamplingTier {
  if (!hasSamplers({ sampler })) return { group: "collector", memory: collector.memory, instances: 1, counted: 1 };
  const { memory, replicas } = sampler;
  return { group: "sampler", memory, instances: replicas, counted: Math.max(1, replicas - 1) };
}

/**
 * @param memory The memory limit of a Collector that samples, MiB.
 * @param counted How many of these share the load.
 */
export function capacity({ expected }: SamplingModel, memory: number, counted = 1): Capacity {
  const decisionWait = decisionWaitOf({ expected });
  const traces = Math.floor((memory * 1024 * 1024 * samplingShare) / placeBytes(expected.spansPerTrace));
  return {
    decisionWait,
    traces,
    remembered: traces * rememberedPerTrace,
    expected: Math.ceil((expectedTraces({ expected }) * decisionWait) / counted),
  };
}

/** What each Collector that samples has room for. */
export const instanceCapacity = (settings: Pick<Settings, "sampling" | "collector" | "sampler">): Capacity =>
  capacity(settings.sampling, samplingTier(settings).memory);

/** Bytes of an undecided trace of some spans. */
export const traceBytes = (spans: number): number => pendingBytes.trace + pendingBytes.span * spans;

/** Bytes that a place for an undecided trace takes: the trace, and the ids that are remembered for it in both caches. */
const placeBytes = (spans: number): number => traceBytes(spans) + 2 * rememberedPerTrace * rememberedBytes;

/** An expected load that the memory does not hold: beyond it receivers are held up until traces are decided. */
export function capacityProblems(namespace: string, model: SamplingModel, tier: SamplingTier): string[] {
  // Where the application decides, every trace is kept as it arrives.
  if (model.decide === "app" && model.cap === undefined) return [];
  const { group, memory, instances, counted } = tier;
  const { expected, traces, decisionWait } = capacity(model, memory, counted);
  if (expected <= traces) return [];
  const { spansPerTrace } = model.expected;
  const needed = Math.ceil((expected * placeBytes(spansPerTrace)) / samplingShare / 1024 / 1024);
  return [
    `${namespace}:sampling.expected: found ${expectedTraces(model)} traces of ${spansPerTrace} spans a second, each undecided for up to ` +
      `${decisionWait} s; ${namespace}:${group}.memory of ${memory}Mi holds ${traces} such traces, not ${expected}` +
      `${instances > 1 ? `, the share of a sampler while one of ${instances} is away` : ""}; allowed: a smaller load, or a memory of at least ${needed}Mi`,
  ];
}
