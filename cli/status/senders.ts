/** Who sends to a stack: the mode, requests that are refused or would be, and tokens that expire. */
import { passingVerdicts, verdicts, type Verdict } from "../../configs/ingest/haproxy";
import { hasIngest, ingestMode, ingestText, stackSender, type IngestSettings } from "../../configs/ingest/senders";
import { ingestRequests } from "../../configs/prometheus/alerts/ingest";
import type { Reachable } from "../running/running-stack";
import type { Fact } from "./measures";
import { samples, type Sample } from "./prometheus";

/** Minutes that the recorded rates are of. */
const minutes = 5;

/** Days before its end at which a sender is shown. */
const soon = 14;

const day = 24 * 3_600_000;

/** Whether senders need a token, and which requests are refused, or would be. */
export async function senders(stack: Reachable): Promise<Fact> {
  const { settings } = stack;
  if (!hasIngest(settings)) return { text: ingestText(settings) };
  // Without Prometheus, the mode is still known.
  return { text: sendersState(settings, await samples(stack, `${ingestRequests} > 0`).catch(() => undefined)) };
}

/** The same in words, given the recorded rates; undefined where they are not known. */
export function sendersState(settings: IngestSettings, found: readonly Sample[] | undefined): string {
  const mode = ingestMode(settings);
  const begin = mode === "require" ? ingestText(settings) : `${mode}: nobody is refused`;
  if (!found) return `${begin}; requests are not known`;
  const applications = found.filter(({ metric }) => metric.sender !== stackSender);
  const refused = applications.filter(({ metric }) => !passingVerdicts.includes(metric.verdict as Verdict));
  if (refused.length > 0) {
    const [what, next] =
      mode === "require"
        ? ["REFUSED", "docs/runbooks/alerts.md#ingestrefused"]
        : ["require WOULD REFUSE", "docs/UPGRADING.md#credentials-of-senders"];
    return `${begin}; ${what} in ${minutes} minutes, about: ${refused.sort(byValue).map(inWords).join(", ")}; next: ${next}`;
  }
  if (applications.length === 0) return `${begin}; no application has sent in ${minutes} minutes`;
  const names = [...new Set(applications.sort(byValue).map(({ metric }) => metric.sender ?? "?"))];
  const valid = `all requests of ${minutes} minutes have a valid token (${names.join(", ")})`;
  if (mode === "require") return `${begin}; ${valid}`;
  return `${begin}; ${valid}; next: require, if that holds for a week: docs/UPGRADING.md#credentials-of-senders`;
}

const byValue = (one: Sample, other: Sample) => other.value - one.value;

function inWords({ metric: { verdict = "unknown", sender }, value }: Sample): string {
  const requests = Math.max(1, Math.round(value * minutes * 60));
  return `${requests} ${verdicts[verdict as Verdict]}${sender ? ` (${sender})` : ""}`;
}

/** Senders that have expired or soon will, in words; undefined where there are none. `now` in ms. */
export function expiringSenders(settings: IngestSettings, now: number): string | undefined {
  const found = settings.ingest.senders.flatMap(({ name, expires }) => {
    if (expires === undefined) return [];
    const left = Math.ceil((Date.parse(`${expires}T00:00:00Z`) - now) / day);
    if (left > soon) return [];
    return [left <= 0 ? `${name} EXPIRED on ${expires}` : `${name} expires on ${expires}, in ${left} ${left === 1 ? "day" : "days"}`];
  });
  if (found.length === 0) return undefined;
  return `${found.join("; ")}; next: docs/SETUP_AND_INTEGRATION.md#credentials-of-senders`;
}
