/** What stored spans take of the disk. */
import type { Settings } from "../../configs/stack/schema";
import { askElasticsearch } from "../status/elasticsearch";

/** Spans that are stored, and the bytes that they take, with all that is indexed of them. */
export interface Stored {
  readonly spans: number;
  readonly bytes: number;
}

/** Bytes of a day that the brief expects at 10 %. */
const briefBytes = 100e6;
const briefPercent = 10;
const secondsPerDay = 86_400;

/** What all spans take. Segments that wait to be merged count too; nothing is forced. */
export async function stored(settings: Settings, password: string): Promise<Stored> {
  const ask = async (method: string, path: string) => {
    const answer = await askElasticsearch(settings, password, path, { method, signal: AbortSignal.timeout(60_000) });
    if (!answer.ok) throw new Error(`Elasticsearch answers ${answer.status} to ${path}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  // What is in memory or in the transaction log only is not in the size yet.
  await ask("POST", "/jaeger-span-*/_flush?wait_if_ongoing=true");
  const { count } = await ask("GET", "/jaeger-span-*/_count");
  const { _all } = await ask("GET", "/jaeger-span-*/_stats/store");
  return { spans: count as number, bytes: (_all as { total: { store: { size_in_bytes: number } } }).total.store.size_in_bytes };
}

/** The spans a second that applications may send for the brief's 100 MB a day at 10 %, in words. */
export function storagePerDay({ spans, bytes }: Stored): string {
  const each = bytes / spans;
  const perSecond = briefBytes / each / secondsPerDay / (briefPercent / 100);
  return (
    `${spans} spans take ${Math.round(each)} bytes each; at ${briefPercent} % ${briefBytes / 1e6} MB a day are ` +
    `${Math.round(perSecond)} spans/s sent, ${((perSecond * secondsPerDay) / 1e6).toFixed(1)} million a day`
  );
}
