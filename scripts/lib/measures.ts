/** What a running stack says of itself: asked of its own APIs, each of which may be down. */
import type { Settings } from "../../configs/settings";
import { elasticsearchUser, paths, publishedUrl } from "../../configs/topology";
import type { Container } from "./docker";
import { readPassword } from "./password";
import { run } from "./run";
import { size } from "./say";

const patience = 5000;

/** Whether the Collector says that it is well. */
export async function collectorHealth(settings: Settings): Promise<string> {
  const answer = await fetch(`${publishedUrl(settings, "collector-health")}/healthz`, { signal: AbortSignal.timeout(patience) });
  return answer.ok ? `answers; takes spans at ${publishedUrl(settings, "otlp-http")}` : `unwell: status ${answer.status}`;
}

/** Spans that came in and traces that were kept, since the Collector started. */
export async function spanCounts(settings: Settings): Promise<string> {
  const own = '{job="otel-collector"}';
  const decided = "otelcol_processor_tail_sampling_global_count_traces_sampled_total";
  const [perSecond, received, refused, kept, all] = await Promise.all([
    query(settings, `sum(rate(otelcol_receiver_accepted_spans_total${own}[1m]))`),
    query(settings, `sum(otelcol_receiver_accepted_spans_total${own})`),
    query(settings, `sum(otelcol_receiver_refused_spans_total${own})`),
    query(settings, `sum(${decided}{job="otel-collector",sampled="true"})`),
    query(settings, `sum(${decided}${own})`),
  ]);
  if (received === undefined) return "none yet (counts are 15 s old at most)";
  const share = all ? `; ${((100 * (kept ?? 0)) / all).toFixed(1)} % of ${all} traces kept` : "";
  return `${(perSecond ?? 0).toFixed(1)} a second; ${received} received and ${refused ?? 0} refused since the Collector started${share}`;
}

/** How full the Collector's queue to Jaeger is. */
export async function queueFill(settings: Settings): Promise<string> {
  const [waiting, room] = await Promise.all(
    ["size", "capacity"].map((what) => query(settings, `sum(otelcol_exporter_queue_${what}{job="otel-collector"})`)),
  );
  return room === undefined ? "not known yet" : `${waiting ?? 0} of ${room} spans wait for Jaeger`;
}

async function query(settings: Settings, expression: string): Promise<number | undefined> {
  const address = `${publishedUrl(settings, "prometheus")}/api/v1/query?${new URLSearchParams({ query: expression }).toString()}`;
  const answer = await fetch(address, { signal: AbortSignal.timeout(patience) });
  const { data } = (await answer.json()) as { data?: { result: { value: [number, string] }[] } };
  const value = data?.result[0]?.value[1];
  return value === undefined ? undefined : Number(value);
}

interface Index {
  readonly index: string;
  readonly "store.size": string | null;
}

/** What Elasticsearch holds: number, size and age of the indices with spans. */
export async function storage(settings: Settings): Promise<string> {
  const login = Buffer.from(`${elasticsearchUser}:${await readPassword()}`).toString("base64");
  const answer = await fetch(`${publishedUrl(settings, "elasticsearch")}/_cat/indices/jaeger-*?format=json&bytes=b&h=index,store.size`, {
    headers: { authorization: `Basic ${login}` },
    signal: AbortSignal.timeout(patience),
  });
  if (!answer.ok) return `Elasticsearch answers with status ${answer.status}`;
  const indices = (await answer.json()) as Index[];
  const spans = indices.filter(({ index }) => index.startsWith("jaeger-span-")).sort((a, b) => (a.index < b.index ? -1 : 1));
  const bytes = indices.reduce((sum, index) => sum + Number(index["store.size"] ?? 0), 0);
  return `${indices.length} indices, ${size(bytes)}${spans[0] ? `; the oldest spans are in ${spans[0].index}` : ""}`;
}

/** When indices were cleaned last, and when they are next. */
export async function cleaning(settings: Settings, cleaner: Container | undefined): Promise<string> {
  const next = new Date();
  if (next.getUTCHours() >= settings.indexCleaner.hour) next.setUTCDate(next.getUTCDate() + 1);
  next.setUTCHours(settings.indexCleaner.hour, 0, 0, 0);
  const { ok, stdout } = cleaner
    ? await run("docker", ["exec", cleaner.Id, "cat", `${paths.cleanerState}/last-success`])
    : { ok: false, stdout: "" };
  const last = ok ? `last ${minute(new Date(Number(stdout) * 1000))}` : "last run unknown";
  return `${last}, next ${minute(next)}; ${settings.retention} days are kept`;
}

const minute = (date: Date) => `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
