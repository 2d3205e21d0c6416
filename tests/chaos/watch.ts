/** What a running stack shows while a row is carried out: its alerts, and whether it stores spans as they come. */
import type { Settings } from "../../configs/stack/schema";
import { runningStack } from "../../cli/running";
import { alertsIn } from "../../cli/status/prometheus";
import { answered } from "../../cli/machine/retry";
import { sleep } from "../../cli/machine/run";
import type { Running } from "../../cli/status/running";

/** Collects the alerts that fire from now on; one that fires already tells of what was before. */
export async function watchAlerts(settings: Settings): Promise<{ end: () => Promise<string[]> }> {
  const stack = runningStack(settings);
  // Prometheus may be what is broken.
  const look = () => alertsIn(stack, "firing").catch((): ReadonlySet<string> => new Set());
  const before = await look();
  const fired = new Set<string>();
  let over = false;
  const watching = (async () => {
    while (!over) {
      for (const alert of await look()) if (!before.has(alert)) fired.add(alert);
      await sleep(2000);
    }
  })();
  return {
    end: async () => {
      over = true;
      await watching;
      return [...fired].sort();
    },
  };
}

/** Spans are stored as they come where the newest one is not older than this, ms. */
const fresh = 5000;

/** When the newest stored span of a service began, ms since 1970; undefined where there is none. */
async function newest(stack: Running, service: string): Promise<number | undefined> {
  const indices = "/jaeger-span-*";
  const lenient = "ignore_unavailable=true&allow_no_indices=true";
  await stack.elasticsearch("POST", `${indices}/_refresh?${lenient}`);
  const found = await stack.elasticsearch("POST", `${indices}/_search?${lenient}`, {
    size: 0,
    query: { term: { "process.serviceName": service } },
    aggs: { newest: { max: { field: "startTimeMillis" } } },
  });
  return (found as { aggregations?: { newest: { value: number | null } } }).aggregations?.newest.value ?? undefined;
}

/**
 * Waits until a span of the service that began after a moment is stored while it is fresh; the seconds from that moment, undefined where it takes
 * longer than `patience`, ms. The queue keeps the order in which spans came, so a fresh one comes behind all that waited.
 */
export async function recovery(stack: Running, service: string, since: number, patience: number): Promise<number | undefined> {
  const recovered = async () => {
    // Elasticsearch may be what recovers.
    const at = await newest(stack, service).catch(() => undefined);
    const now = Date.now();
    return at !== undefined && at >= since && now - at < fresh ? Math.round((now - since) / 1000) : undefined;
  };
  return answered(recovered, { within: Math.max(0, since + patience - Date.now()) });
}
