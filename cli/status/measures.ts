/** Measures of a running stack, from its own APIs. Each API can be down. */
import { jaegerIndices, oldestIndexHours } from "../../configs/jaeger/index-cleaner";
import { decisions, keptShare } from "../../configs/prometheus/decisions";
import { accepted, increase, latestOf, queueCapacity, queueSize, rate, refused } from "../../configs/prometheus/promql";
import { overdue } from "../../configs/prometheus/alerts/daily";
import { canaryLatest, canaryTotal } from "../../configs/prometheus/alerts/canary";
import { lossAlert, lost } from "../../configs/prometheus/alerts/loss";
import { hasSnapshots, namesOf } from "../../configs/elasticsearch/users";
import type { Settings } from "../../configs/stack/schema";
import { collectorUrl } from "../../configs/topology/kubernetes";
import { ports } from "../../configs/topology/ports";
import type { ServiceName } from "../../configs/topology/topology";
import { patience, type ElasticsearchAnswer, type LastRuns, type Reachable, type RunningStack } from "../running/running-stack";
import { snapshotsOff } from "../stack/inside";
import { size } from "../terminal/output";
import { query, samples } from "./prometheus";

/** One measure of a running stack. */
export interface Fact {
  readonly text: string;
  /** What is wrong, in a few words; undefined if nothing is. */
  readonly problem?: string;
  /** The service to look at if there is a problem. */
  readonly service?: ServiceName;
}

/** Address of the Collector for applications; on Docker also its health. On Kubernetes, the pods' probes show that. */
export async function collectorHealth(stack: RunningStack): Promise<Fact> {
  const { settings } = stack;
  if (settings.platform === "kubernetes") return { text: `takes spans at ${collectorUrl(settings, ports.collector.otlpHttp)}` };
  const answer = await fetch(`${await stack.reach("collector-health")}/healthz`, { signal: AbortSignal.timeout(patience) });
  if (answer.ok) return { text: `answers; takes spans at ${await stack.reach("otlp-http")}` };
  return { text: `unhealthy: status ${answer.status}`, problem: "the Collector is unhealthy", service: "otel-collector" };
}

/** Spans that come in. */
export async function spanCounts(stack: Reachable): Promise<Fact> {
  const [perSecond, received, turnedAway] = await Promise.all([
    query(stack, `sum(${rate(accepted, "1m")})`),
    query(stack, `sum(${accepted})`),
    query(stack, `sum(${refused})`),
  ]);
  if (received === undefined) return { text: "none yet (counts are 15 s old at most)" };
  return {
    text: `${(perSecond ?? 0).toFixed(1)} a second; ${received} received and ${turnedAway ?? 0} refused since the Collector started`,
  };
}

/** Share of the traces that sampling kept: of the last minutes, and since the Collector started. */
export async function sampledShare(stack: Reachable): Promise<Fact> {
  const [lately, ever, all] = await Promise.all([
    query(stack, keptShare(stack.settings, "[5m]")),
    query(stack, keptShare(stack.settings)),
    query(stack, decisions(stack.settings).all),
  ]);
  if (!all || ever === undefined) return { text: "no trace decided yet" };
  const recent =
    lately === undefined || Number.isNaN(lately) ? "no trace in the last 5 minutes" : `${lately.toFixed(1)} % of the last 5 minutes`;
  return { text: `${recent}; ${ever.toFixed(1)} % of ${all} traces kept since the Collector started` };
}

/** Seconds until the first of the Collector's queues is full, at the rate of the last ten minutes; no series while none grows. */
export const queueFullIn = `min((${queueCapacity} - ${queueSize}) / (deriv(${queueSize}[10m]) > 0))`;

/** How full the Collector's queues to Jaeger are, together, and how long they last. */
export async function queueFill(stack: Reachable): Promise<Fact> {
  const [waiting, room, fullIn] = await Promise.all(
    [`sum(${queueSize})`, `sum(${queueCapacity})`, queueFullIn].map((expression) => query(stack, expression)),
  );
  return { text: queueState(waiting, room, fullIn) };
}

/** The same in words; bytes and seconds. A queue that takes more than a day to fill is not worth a word. */
export function queueState(waiting: number | undefined, room: number | undefined, fullIn: number | undefined): string {
  if (room === undefined) return "not known yet";
  const fill = `${size(waiting ?? 0)} of ${size(room)} of spans wait for Jaeger`;
  if (fullIn === undefined || fullIn > 86_400) return fill;
  const time = fullIn < 7200 ? `${Math.ceil(fullIn / 60)} min` : `${Math.floor(fullIn / 3600)} hours`;
  return `${fill}; full in about ${time} at the rate of the last 10 minutes`;
}

/**
 * Spans lost in some hours, by place. The recorded series has what five minutes have lost, so that a look each five minutes counts each span once.
 */
export const lostIn = (hours: number): string => `round(sum by (place) (sum_over_time(${lost}[${hours}h:5m]))) > 0`;

/** Hours that are looked back for losses. */
const lossHours = 24;

/** Spans that were lost after they had been acknowledged. */
export async function lostSpans(stack: Reachable): Promise<Fact> {
  const places = await samples(stack, lostIn(lossHours));
  if (places.length === 0) return { text: `none in ${lossHours} hours` };
  const each = places.sort((one, other) => other.value - one.value).map(({ metric, value }) => `${value} at ${metric.place ?? "?"}`);
  return {
    text: `LOST in ${lossHours} hours, about: ${each.join(", ")}; docs/runbooks/alerts.md#${lossAlert(stack.settings).name.toLowerCase()}`,
  };
}

/** Age and latency of the canary's last found trace, and missing traces. */
export async function canary(stack: Reachable): Promise<Fact> {
  const [ago, latency, missing] = await Promise.all([
    query(stack, `time() - ${latestOf("canaryLastSuccess")}`),
    query(stack, canaryLatest("canaryLatency")),
    query(stack, `sum(${increase(canaryTotal("missing"), "1h")})`),
  ]);
  if (ago === undefined) return { text: "no trace found in an hour" };
  const after = latency === undefined ? "" : `, after ${latency.toFixed(1)} s`;
  const lost = missing === undefined || missing < 0.5 ? "none" : `${Math.round(missing)}`;
  return { text: `the last trace was found ${Math.round(ago)} s ago${after}; ${lost} missing in an hour` };
}

interface Index {
  readonly index: string;
  readonly "store.size": string | null;
  /** Milliseconds since 1970. */
  readonly "creation.date": string;
}

/** Number and size of Jaeger's indices under any prefix, and the age of the oldest. */
export async function storage(stack: RunningStack): Promise<Fact> {
  const query = "format=json&bytes=b&h=index,store.size,creation.date&s=creation.date";
  const answer = await stack.elasticsearch(`/_cat/indices/${jaegerIndices}?${query}`, { timeout: patience });
  if (!answer.ok) return refusal(answer);
  const indices = JSON.parse(answer.body) as Index[];
  const bytes = indices.reduce((sum, index) => sum + Number(index["store.size"] ?? 0), 0);
  const oldest = indices[0] && oldestIndex(stack.settings, indices[0], Date.now());
  const text = `${indices.length} indices, ${size(bytes)}${oldest ? `; ${oldest}` : ""}`;
  return { text, problem: text.includes(late) ? "an index is older than the retention" : undefined, service: "index-cleaner" };
}

/** The fact for an error status of Elasticsearch. */
function refusal({ status }: ElasticsearchAnswer): Fact {
  const text = `Elasticsearch answers with status ${status}`;
  return { text, problem: text, service: "elasticsearch" };
}

/** Copies of the traces, and how old the newest is. */
export async function snapshots(stack: RunningStack): Promise<Fact> {
  const { settings } = stack;
  if (!hasSnapshots(settings)) return { text: `none are made: ${snapshotsOff}` };
  const query = "format=json&h=id,status,end_epoch&s=start_epoch";
  const answer = await stack.elasticsearch(`/_cat/snapshots/${namesOf(settings)}?${query}`, { timeout: patience });
  if (!answer.ok) return refusal(answer);
  const text = snapshotState(JSON.parse(answer.body) as Snapshot[], Date.now());
  return { text, problem: text.includes("OVERDUE") ? "the snapshot is overdue" : undefined, service: "elasticsearch-snapshots" };
}

interface Snapshot {
  readonly id: string;
  readonly status: string;
  readonly end_epoch: string;
}

/** The same in words; `now` in ms. */
function snapshotState(found: readonly Snapshot[], now: number): string {
  const whole = found.filter(({ status }) => status === "SUCCESS");
  const last = whole.at(-1);
  if (!last) return `NONE IS COMPLETE of ${found.length}`;
  const ended = Number(last.end_epoch) * 1000;
  const late = now - ended > overdue * hour ? `, OVERDUE: none for more than ${overdue} hours` : "";
  return `${whole.length} complete, the newest ${last.id} of ${minute(ended)}${late}`;
}

/** The oldest index, and whether it should be gone. */
export function oldestIndex(settings: Settings, oldest: Pick<Index, "index" | "creation.date">, now: number): string {
  const hours = (now - Number(oldest["creation.date"])) / hour;
  const age = hours < 48 ? `${hours.toFixed(1)} hours` : `${(hours / 24).toFixed(1)} days`;
  return `the oldest, ${oldest.index}, is ${age} old${hours >= oldestIndexHours(settings) ? late : ""}`;
}

/** Marks an index that the cleaner should have deleted. */
const late = ", AND SHOULD BE DELETED";

/** When indices were cleaned last, how that went, and when they are next. */
export async function cleaning(stack: RunningStack): Promise<Fact> {
  const text = cleaningState(stack.settings, await stack.lastRuns("index-cleaner"), Date.now());
  return { text, problem: /OVERDUE|FAILED/.test(text) ? "old indices are not deleted" : undefined, service: "index-cleaner" };
}

/** The same in words; `now` in ms. */
export function cleaningState(settings: Settings, { success, result, since }: LastRuns, now: number): string {
  const due = now - ((now - settings.indexCleaner.hour * hour) % (24 * hour));
  const last = success === undefined ? "no good run known" : `last ${minute(success * 1000)}`;
  // None is missed that was due before the service was there.
  const missed = since !== undefined && since * 1000 > due ? false : success === undefined || success * 1000 < due;
  const next = missed ? `OVERDUE since ${minute(due)}` : `next ${minute(due + 24 * hour)}`;
  const code = typeof result === "number" ? ` with code ${result}` : "";
  return `${last}${result ? `, THE LAST TRY FAILED${code}` : ""}, ${next}; ${settings.retention} days are kept`;
}

const hour = 3_600_000;

const minute = (milliseconds: number) => `${new Date(milliseconds).toISOString().slice(0, 16).replace("T", " ")} UTC`;
