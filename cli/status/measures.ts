/** What a running stack says of itself: asked of its own APIs, each of which may be down. */
import { jaegerIndices, oldestIndexHours } from "../../configs/jaeger/index-cleaner";
import { decisions, keptShare } from "../../configs/prometheus/decisions";
import { accepted, queueCapacity, queueSize, rate, refused } from "../../configs/prometheus/promql";
import { overdue } from "../../configs/prometheus/alerts/daily";
import { hasSnapshots, namesOf } from "../../configs/elasticsearch/users";
import type { Settings } from "../../configs/stack/schema";
import { cronState, paths } from "../../configs/topology/ports";
import { publishedUrl } from "../../configs/topology/docker";
import type { Container } from "../engine/docker";
import { askElasticsearch } from "./elasticsearch";
import { snapshotsOff } from "../stack/inside";
import { readPassword } from "../stack/password";
import { query } from "./prometheus";
import { run } from "../machine/run";
import { size } from "../terminal/output";

const patience = 5000;

/** Whether the Collector says that it is well. */
export async function collectorHealth(settings: Settings): Promise<string> {
  const answer = await fetch(`${publishedUrl(settings, "collector-health")}/healthz`, { signal: AbortSignal.timeout(patience) });
  return answer.ok ? `answers; takes spans at ${publishedUrl(settings, "otlp-http")}` : `unwell: status ${answer.status}`;
}

/** Spans that come in. */
export async function spanCounts(settings: Settings): Promise<string> {
  const [perSecond, received, turnedAway] = await Promise.all([
    query(settings, `sum(${rate(accepted, "1m")})`),
    query(settings, `sum(${accepted})`),
    query(settings, `sum(${refused})`),
  ]);
  if (received === undefined) return "none yet (counts are 15 s old at most)";
  return `${(perSecond ?? 0).toFixed(1)} a second; ${received} received and ${turnedAway ?? 0} refused since the Collector started`;
}

/** Share of the traces that sampling kept: of the last minutes, and since the Collector started. */
export async function sampledShare(settings: Settings): Promise<string> {
  const [lately, ever, all] = await Promise.all([
    query(settings, keptShare(settings, "[5m]")),
    query(settings, keptShare(settings)),
    query(settings, decisions(settings).all),
  ]);
  if (!all || ever === undefined) return "no trace decided yet";
  const recent =
    lately === undefined || Number.isNaN(lately) ? "no trace in the last 5 minutes" : `${lately.toFixed(1)} % of the last 5 minutes`;
  return `${recent}; ${ever.toFixed(1)} % of ${all} traces kept since the Collector started`;
}

/** How full the Collector's queue to Jaeger is. */
export async function queueFill(settings: Settings): Promise<string> {
  const [waiting, room] = await Promise.all([queueSize, queueCapacity].map((series) => query(settings, `sum(${series})`)));
  return room === undefined ? "not known yet" : `${size(waiting ?? 0)} of ${size(room)} of spans wait for Jaeger`;
}

interface Index {
  readonly index: string;
  readonly "store.size": string | null;
  /** Milliseconds since 1970. */
  readonly "creation.date": string;
}

/** What Elasticsearch holds: number and size of Jaeger's indices under any prefix, and the age of the oldest. */
export async function storage(settings: Settings): Promise<string> {
  const query = "format=json&bytes=b&h=index,store.size,creation.date&s=creation.date";
  const password = await readPassword(settings);
  const answer = await askElasticsearch(settings, password, `/_cat/indices/${jaegerIndices}?${query}`, {
    signal: AbortSignal.timeout(patience),
  });
  if (!answer.ok) return `Elasticsearch answers with status ${answer.status}`;
  const indices = (await answer.json()) as Index[];
  const bytes = indices.reduce((sum, index) => sum + Number(index["store.size"] ?? 0), 0);
  return `${indices.length} indices, ${size(bytes)}${indices[0] ? `; ${oldestIndex(settings, indices[0], Date.now())}` : ""}`;
}

/** Copies of the traces, and how old the newest is. */
export async function snapshots(settings: Settings): Promise<string> {
  if (!hasSnapshots(settings)) return `none are made: ${snapshotsOff}`;
  const query = "format=json&h=id,status,end_epoch&s=start_epoch";
  const answer = await askElasticsearch(settings, await readPassword(settings), `/_cat/snapshots/${namesOf(settings)}?${query}`, {
    signal: AbortSignal.timeout(patience),
  });
  if (!answer.ok) return `Elasticsearch answers with status ${answer.status}`;
  return snapshotState((await answer.json()) as Snapshot[], Date.now());
}

interface Snapshot {
  readonly id: string;
  readonly status: string;
  readonly end_epoch: string;
}

/** The same in words; `now` in ms. */
export function snapshotState(found: readonly Snapshot[], now: number): string {
  const whole = found.filter(({ status }) => status === "SUCCESS");
  const last = whole.at(-1);
  if (!last) return `NONE IS WHOLE of ${found.length}`;
  const ended = Number(last.end_epoch) * 1000;
  const late = now - ended > overdue * hour ? `, OVERDUE: none for more than ${overdue} hours` : "";
  return `${whole.length} whole, the newest ${last.id} of ${minute(ended)}${late}`;
}

/** The oldest index, and whether it should be gone. */
export function oldestIndex(settings: Settings, oldest: Pick<Index, "index" | "creation.date">, now: number): string {
  const hours = (now - Number(oldest["creation.date"])) / hour;
  const age = hours < 48 ? `${hours.toFixed(1)} hours` : `${(hours / 24).toFixed(1)} days`;
  return `the oldest, ${oldest.index}, is ${age} old${hours >= oldestIndexHours(settings) ? ", AND SHOULD BE DELETED" : ""}`;
}

/** When indices were cleaned last, how that went, and when they are next. */
export async function cleaning(settings: Settings, cleaner: Container | undefined): Promise<string> {
  if (cleaner?.State.Status !== "running") return "not known: the index cleaner does not run";
  const read = async (name: keyof typeof cronState) => {
    const { ok, stdout } = await run("docker", ["exec", cleaner.Id, "cat", `${paths.cleanerState}/${cronState[name]}`]);
    return ok && /^\d+\n$/.test(stdout) ? Number(stdout) : undefined;
  };
  return cleaningState(settings, await read("lastSuccess"), await read("lastResult"), Date.now());
}

/** The same in words. `success` is in seconds, undefined where no good run is known; `result` the last run's exit code; `now` in ms. */
export function cleaningState(settings: Settings, success: number | undefined, result: number | undefined, now: number): string {
  const due = now - ((now - settings.indexCleaner.hour * hour) % (24 * hour));
  const last = success === undefined ? "no good run known" : `last ${minute(success * 1000)}`;
  const missed = success === undefined || success * 1000 < due;
  const next = missed ? `OVERDUE since ${minute(due)}` : `next ${minute(due + 24 * hour)}`;
  return `${last}${result ? `, THE LAST TRY FAILED with code ${result}` : ""}, ${next}; ${settings.retention} days are kept`;
}

const hour = 3_600_000;

const minute = (milliseconds: number) => `${new Date(milliseconds).toISOString().slice(0, 16).replace("T", " ")} UTC`;
