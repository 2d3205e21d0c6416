/** Questions to the running systems of a stack, over the ports that they publish. */
import { readFileSync } from "node:fs";
import type { PublishedPort } from "../../../configs/topology/ports";
import { eventually } from "../../support/waiting";
import type { Checkout } from "./checkout";
import { askElasticsearch } from "../../../cli/status/elasticsearch";

/** Without a limit a request to a published port that nothing listens on yet may wait for ever. */
const limit = (seconds = 5) => ({ signal: AbortSignal.timeout(seconds * 1000) });

/** A span as Jaeger's API v3 returns it: OTLP JSON. */
export interface StoredSpan {
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

/** The systems of one stack. */
export class Systems {
  constructor(private readonly stack: Checkout) {}

  /** The spans of a trace, read back through Jaeger. */
  trace(id: string, seconds = 60): Promise<StoredSpan[]> {
    return eventually(`trace ${id} in Jaeger`, seconds, async () => {
      const answer = await fetch(`${this.stack.url("jaeger-ui")}/api/v3/traces/${id}`, limit());
      if (!answer.ok) return undefined;
      const body = (await answer.json()) as { result: { resourceSpans: { scopeSpans: { spans: StoredSpan[] }[] }[] } };
      const spans = body.result.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans));
      return spans.length > 0 ? spans : undefined;
    });
  }

  /** Elasticsearch's answer to its user. */
  async elasticsearch(path: string, method = "GET", body?: object): Promise<unknown> {
    const password = readFileSync(await this.stack.passwordFile(), "utf8");
    const answer = await askElasticsearch(this.stack.settings, password, path, {
      ...limit(60),
      method,
      headers: { "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`Elasticsearch answers ${answer.status} to ${path}`);
    return answer.json();
  }

  /** The value of a query to Prometheus, summed over its series; 0 where there is none. */
  async query(expression: string): Promise<number> {
    const address = `${this.stack.url("prometheus")}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const { data } = (await (await fetch(address, limit())).json()) as { data: { result: { value: [number, string] }[] } };
    return data.result.reduce((sum, { value }) => sum + Number(value[1]), 0);
  }

  /** Status and text of a page. */
  async page(port: PublishedPort, path: string): Promise<{ status: number; text: string }> {
    const answer = await fetch(`${this.stack.url(port)}${path}`, limit());
    return { status: answer.status, text: await answer.text() };
  }
}
