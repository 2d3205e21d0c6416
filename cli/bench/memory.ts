/** Memory that containers take. */
import { memoryUse } from "../engine/docker";
import { sleep } from "../machine/run";

/** The most memory that each container took within some seconds, in bytes, by its id. */
export async function peakMemory(seconds: number): Promise<Map<string, number>> {
  const peak = new Map<string, number>();
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    for (const [id, used] of await memoryUse()) peak.set(id, Math.max(used, peak.get(id) ?? 0));
    await sleep(1000);
  }
  return peak;
}
