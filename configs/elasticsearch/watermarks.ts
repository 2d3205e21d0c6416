/** Elasticsearch's disk watermarks: how little free disk makes it do what. Elasticsearch is told of them, and alerts go off before them. */
import type { Settings } from "../stack/schema";

/**
 * - `low`: no more copies of shards come to the node.
 * - `high`: no shard at all does, so the next day's index cannot be made; several nodes move shards away.
 * - `flood_stage`: indices take no more writes.
 */
export type Watermark = keyof typeof onDocker;

/** The name of a watermark's setting. */
export const watermarkSetting = (watermark: Watermark): string => `cluster.routing.allocation.disk.watermark.${watermark}`;

/**
 * Free disk on Docker, MiB. The defaults are shares of the disk, which there is the host's: on a well-filled one the indices would turn
 * read-only with gigabytes free.
 */
const onDocker = { low: 2048, high: 1024, flood_stage: 500 } as const;

/** All of them. */
export const watermarks = Object.keys(onDocker) as readonly Watermark[];

/** Free disk on Docker below which no new index is placed, bytes. */
export const leastFreeDisk = onDocker.low * 2 ** 20;

/** Elasticsearch's defaults: a share of the disk, GiB at most. On Kubernetes the disk is Elasticsearch's alone. */
const defaults = {
  low: { share: 0.15, most: 200 },
  high: { share: 0.1, most: 150 },
  flood_stage: { share: 0.05, most: 100 },
} as const satisfies Record<Watermark, object>;

/** Elasticsearch's settings; none where its defaults are meant. */
export function watermarkEnv({ platform }: Pick<Settings, "platform">): Record<string, string> {
  if (platform === "kubernetes") return {};
  const size = (free: number) => (free % 1024 === 0 ? `${free / 1024}gb` : `${free}mb`);
  return Object.fromEntries(watermarks.map((name) => [watermarkSetting(name), size(onDocker[name])]));
}

/** Free bytes of a disk of Elasticsearch's own below which no more copies come to it. */
export const freeAtLow = (size: number): number => Math.min(defaults.low.share * size, defaults.low.most * 2 ** 30);

/** PromQL for the free bytes at a watermark of disks whose sizes an expression gives. */
export function freeAt({ platform }: Pick<Settings, "platform">, watermark: Watermark, size: string): string {
  if (platform === "docker") return String(onDocker[watermark] * 2 ** 20);
  const { share, most } = defaults[watermark];
  return `clamp_max(${share} * ${size}, ${most * 2 ** 30})`;
}
