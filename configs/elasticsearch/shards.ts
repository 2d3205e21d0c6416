/** How a day's spans are divided over shards, and the disk that they take. */
import { expectedTraffic, forecast } from "../sampling/forecast";
import { statesLoad } from "../sampling/model";
import type { Settings } from "../stack/schema";

/** What this depends on. */
export type VolumeSettings = Pick<Settings, "elasticsearch" | "sampling">;

const gigabyte = 1e9;

/** Bytes a day that one shard takes, whatever the number of nodes: design rule, as several small shards cost more than one. */
export const oneShard = 20 * gigabyte;

/** The largest a shard may get, bytes. Elastic advises 10 to 50 GB: larger ones take long to move after a node was lost. */
export const largestShard = 40 * gigabyte;

/** Days of indices that are on disk at most: the cleaner keeps up to a day more, and today's. */
export const storedDays = ({ retention }: Pick<Settings, "retention">): number => retention + 2;

/** Copies of an index beside the first: one on a second node, where there is one. */
export const indexCopies = ({ elasticsearch: { nodes, external } }: Pick<Settings, "elasticsearch">): number =>
  nodes > 1 || external ? 1 : 0;

/** Bytes of disk that an average day's spans take, one copy. */
export const bytesPerDay = ({ sampling }: Pick<Settings, "sampling">): number =>
  (forecast(sampling, expectedTraffic(sampling)).bytesPerDay * sampling.expected.average) / 100;

/** Shards of a day's spans: one while they are few or nobody says how many come, then a multiple of the nodes, so that each has as much to do. */
export function shardsPerDay(settings: VolumeSettings): number {
  const { nodes, external } = settings.elasticsearch;
  const bytes = bytesPerDay(settings);
  if (bytes <= oneShard || !statesLoad(settings.sampling)) return 1;
  // How many nodes others' Elasticsearch has is not known.
  const machines = external ? 1 : nodes;
  return Math.ceil(bytes / largestShard / machines) * machines;
}

/** Most shards of a node, by Elasticsearch's own limit (`cluster.max_shards_per_node`). Beyond it no index is made. */
export const mostShards = 1000;

/** Shards that the stack's indices have: spans and services, of each day, with their copies. Nobody writes dependencies. */
export const allShards = (settings: VolumeSettings & Pick<Settings, "retention">): number =>
  (shardsPerDay(settings) + 1) * (indexCopies(settings) + 1) * storedDays(settings);
