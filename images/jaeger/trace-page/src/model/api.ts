/** Jaeger's HTTP API. Paths are relative to the page's base address. */
import { spansOf, type OtlpTraces } from "./otlp";
import { findByTagsPath, findTracesPath, tagsOf, type Query } from "./query";
import { tracesOf, type Trace } from "./trace";

/** A failure, in words for the person who searches. */
export class ApiError extends Error {}

type Get = (path: string) => Promise<unknown>;

/** Fetches JSON; undefined where Jaeger answers that it found nothing. */
export function getJson(signal: AbortSignal): Get {
  return async (path) => {
    const response = await fetch(path, { signal, headers: { accept: "application/json" } }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new ApiError("Jaeger does not answer. Check that it runs, then try again.", { cause: error });
    });
    if (response.status === 404) return undefined;
    const text = await response.text();
    if (!response.ok) throw new ApiError(`Jaeger answered HTTP ${response.status}: ${messageIn(text)}`);
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw new ApiError("Jaeger's answer is not JSON. Is there a proxy in between that asks for a login?", { cause: error });
    }
  };
}

/** The message in an error of API v3, of the older API, or the beginning of whatever came. */
export function messageIn(text: string): string {
  try {
    const body = JSON.parse(text) as { error?: { message?: string }; errors?: { msg?: string }[] };
    const message = body.error?.message ?? body.errors?.[0]?.msg;
    if (message) return message;
  } catch {
    // Not JSON: shown as it is.
  }
  return text.trim().slice(0, 200) || "no message";
}

export async function services(get: Get): Promise<string[]> {
  const answer = (await get("api/v3/services")) as { services?: string[] } | undefined;
  return [...(answer?.services ?? [])].sort();
}

export async function operations(get: Get, service: string): Promise<string[]> {
  const path = `api/v3/operations?${new URLSearchParams({ service }).toString()}`;
  const answer = (await get(path)) as { operations?: { name?: string }[] } | undefined;
  return [...new Set((answer?.operations ?? []).flatMap(({ name }) => name ?? []))].sort();
}

export async function trace(get: Get, id: string): Promise<Trace | undefined> {
  return tracesOf(await spansAt(get, `api/v3/traces/${id}`))[0];
}

export async function search(get: Get, query: Query, now: number): Promise<Trace[]> {
  if (Object.keys(tagsOf(query)).length === 0) return tracesOf(await spansAt(get, findTracesPath(query, now)));
  const asked = query.service === "" ? await services(get) : [query.service];
  const found = await Promise.all(asked.map(async (service) => idsIn(await get(findByTagsPath(query, service, now)))));
  const ids = [...new Set(found.flat())].slice(0, Number(query.limit));
  const traces = await Promise.all(ids.map((id) => trace(get, id)));
  return traces.filter((one) => one !== undefined).sort((a, b) => b.start - a.start);
}

async function spansAt(get: Get, path: string) {
  const answer = (await get(path)) as { result?: OtlpTraces } | undefined;
  return spansOf(answer?.result ?? {});
}

function idsIn(answer: unknown): string[] {
  return ((answer as { data?: { traceID: string }[] | null } | undefined)?.data ?? []).map(({ traceID }) => traceID);
}
