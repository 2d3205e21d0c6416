/** Questions to the running systems, over the ports that they publish. */
import { readFileSync } from "node:fs";
import { elasticsearchUser, ports, publishedPorts } from "../../../configs/topology";
import { eventually } from "../../support/waiting";
import { passwordFile } from "./commands";

const on = (port: number, path: string) => `http://127.0.0.1:${port}${path}`;

/** Without a limit a request to a published port that nothing listens on yet may wait for ever. */
const limit = (seconds = 5) => ({ signal: AbortSignal.timeout(seconds * 1000) });

/** A span as Jaeger's API v3 returns it: OTLP JSON. */
export interface StoredSpan {
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

/** The spans of a trace, read back through Jaeger. */
export function trace(id: string, seconds = 60): Promise<StoredSpan[]> {
  return eventually(`trace ${id} in Jaeger`, seconds, async () => {
    const answer = await fetch(on(ports.jaeger.query, `/api/v3/traces/${id}`), limit());
    if (!answer.ok) return undefined;
    const body = (await answer.json()) as { result: { resourceSpans: { scopeSpans: { spans: StoredSpan[] }[] }[] } };
    const spans = body.result.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans));
    return spans.length > 0 ? spans : undefined;
  });
}

/** Elasticsearch's answer to its user. */
export async function elasticsearch(path: string, method = "GET", body?: object): Promise<unknown> {
  const login = Buffer.from(`${elasticsearchUser}:${readFileSync(await passwordFile(), "utf8")}`).toString("base64");
  const headers = { Authorization: `Basic ${login}`, "Content-Type": "application/json" };
  const json = body ? { body: JSON.stringify(body) } : {};
  const answer = await fetch(on(ports.elasticsearch.http, path), { ...limit(60), method, headers, ...json });
  if (!answer.ok) throw new Error(`Elasticsearch answers ${answer.status} to ${path}`);
  return answer.json();
}

/** The value of a query to Prometheus, summed over its series; 0 where there is none. */
export async function query(expression: string): Promise<number> {
  const answer = await fetch(on(publishedPorts.prometheus, `/api/v1/query?query=${encodeURIComponent(expression)}`), limit());
  const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
  return data.result.reduce((sum, { value }) => sum + Number(value[1]), 0);
}

/** Status and text of a page. */
export async function page(port: number, path: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(on(port, path), limit());
  return { status: answer.status, text: await answer.text() };
}
