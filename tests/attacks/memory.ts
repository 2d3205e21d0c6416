/** The most memory that containers take. */
import { existsSync, readFileSync } from "node:fs";
import type { Container } from "../../cli/engine/docker";
import { memoryUse } from "../../cli/engine/docker";
import { sleep } from "../../cli/machine/run";
import type { ServiceName } from "../../configs/topology/topology";

/** Where the kernel says how much memory a container has, by the version of its control groups. */
const places = (id: string): { readonly use: string; readonly stat: string; readonly cache: RegExp }[] => [
  {
    use: `/sys/fs/cgroup/system.slice/docker-${id}.scope/memory.current`,
    stat: `/sys/fs/cgroup/system.slice/docker-${id}.scope/memory.stat`,
    cache: /^inactive_file (\d+)$/m,
  },
  {
    use: `/sys/fs/cgroup/memory/docker/${id}/memory.usage_in_bytes`,
    stat: `/sys/fs/cgroup/memory/docker/${id}/memory.stat`,
    cache: /^total_inactive_file (\d+)$/m,
  },
];

/** Memory without the page cache, bytes, as the engine counts it; undefined where the kernel does not say. */
function use(id: string): number | undefined {
  const place = places(id).find((one) => existsSync(one.use));
  if (!place) return undefined;
  try {
    const cache = place.cache.exec(readFileSync(place.stat, "utf8"))?.[1];
    return Number(readFileSync(place.use, "utf8")) - Number(cache ?? 0);
  } catch {
    return undefined; // gone in between
  }
}

/** Watches containers until it is told to end; then says the most that each took, bytes. */
export function watchMemory(containers: readonly (readonly [ServiceName, Container])[]): {
  end: () => Promise<ReadonlyMap<ServiceName, number>>;
} {
  const peak = new Map<ServiceName, number>();
  const state = { over: false };
  const watching = (async () => {
    while (!state.over) {
      const missing = containers.some(([, { Id }]) => use(Id) === undefined);
      const asked = missing ? await memoryUse(10_000) : new Map<string, number>();
      for (const [service, { Id }] of containers) {
        const now = use(Id) ?? asked.get(Id) ?? 0;
        peak.set(service, Math.max(now, peak.get(service) ?? 0));
      }
      await sleep(100);
    }
  })();
  return {
    end: async () => {
      state.over = true;
      await watching;
      return peak;
    },
  };
}
