/** Differences between versions of the programs. Configs and rules follow the version that runs. */
import { imageOrigin, imageVersion, type ImageName, type ImageSettings } from "./images";

/** By feature: the program, and the first version that has it. */
const since = {
  /**
   * Jaeger answers a write when Elasticsearch has stored it, and gives spans ids made of their content: what is sent again is not stored twice.
   * Before, it answers when the spans are in its memory.
   */
  synchronousWrites: ["jaeger", "2.21.0"],
  /** HAProxy ends a client's HTTP/2 connection after a number of requests. */
  streamsPerConnection: ["haproxy", "3.0.0"],
} as const satisfies Record<string, readonly [ImageName, string]>;

/** The oldest Elasticsearch, major and minor, whose `best_compression` is Zstandard, and that sorts an index with nested documents in it. */
export const oldestElasticsearch = [8, 17] as const;

/** Whether an image of Elasticsearch is older than that, by its tag. */
export function isTooOld(elasticsearch: string): boolean {
  const version = imageVersion("elasticsearch", { source: "official", others: { elasticsearch } });
  return compareVersions(version, [...oldestElasticsearch, 0].join(".")) < 0;
}

export type Ability = keyof typeof since;

/** Whether a stack's version of the program has an ability. */
export function can(settings: ImageSettings, ability: Ability): boolean {
  const [name, first] = since[ability];
  return compareVersions(imageVersion(name, imageOrigin(settings)), first) >= 0;
}

/** Negative, 0 or positive, as the first is older, the same or newer. */
function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split(".").map(Number)) as [number[], number[]];
  const at = a.findIndex((part, i) => part !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
