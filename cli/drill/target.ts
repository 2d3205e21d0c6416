/** A running stack, for what breaks it on purpose: spans for it, requests to its Elasticsearch, and services that stop and start. */
import { randomBytes } from "node:crypto";
import { requestBytes } from "../../configs/collector/bytes";
import { indexPattern } from "../../configs/elasticsearch/templates";
import type { Settings } from "../../configs/stack/schema";
import type { PublishedPort } from "../../configs/topology/ports";
import type { ServiceName } from "../../configs/topology/topology";
import { credentialHeaders } from "../running/credential";
import type { Reachable, RunningStack } from "../running/running-stack";

/** Attribute that gives a drill's span its size. */
const padding = "x".repeat(1000);

/** Bytes that such a span takes in the queue: ids, times, name, and what the Collector adds. */
export const spanBytes = padding.length + 160;

/** A running stack, as drills handle it on any platform. */
export abstract class Target implements Reachable {
  constructor(protected readonly stack: RunningStack) {}

  get settings(): Settings {
    return this.stack.settings;
  }

  reach(port: PublishedPort): Promise<string> {
    return this.stack.reach(port);
  }

  /** Stops all instances of a service, and nothing starts them again; returns when they are gone. */
  abstract stop(service: ServiceName): Promise<void>;

  /** Starts as many as were stopped. */
  abstract start(service: ServiceName): Promise<void>;

  /** Ends what has been opened. */
  close(): void {
    this.stack.close();
  }

  /** A request to Elasticsearch that must go well. */
  async elasticsearch(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await this.stack.elasticsearch(path, { method, body, timeout: 30_000 });
    if (!answer.ok) throw new Error(`Elasticsearch answers ${answer.status} to ${path}: ${answer.body}`);
    return JSON.parse(answer.body) as unknown;
  }

  /** Allows or forbids writes into the indices of spans and services. */
  async blockWrites(block: boolean): Promise<void> {
    const indices = (["span", "service"] as const).map((kind) => indexPattern(this.settings, kind)).join(",");
    await this.elasticsearch("PUT", `/${indices}/_settings?expand_wildcards=open&allow_no_indices=true`, { "index.blocks.write": block });
  }

  /**
   * Sends spans of a kilobyte and of so many days ago, a hundred to a trace; whether they were taken. They failed where not every trace is kept:
   * errors are kept first.
   */
  async send(count: number, days = 0): Promise<boolean> {
    const failed = this.settings.sampling.default < 100;
    const time = `${Date.now() - days * 24 * 3_600_000}000000`;
    const traces = Array.from({ length: Math.ceil(count / 100) }, () => randomBytes(16).toString("hex"));
    const spans = Array.from({ length: count }, (_, i) => ({
      traceId: traces[Math.floor(i / 100)],
      spanId: randomBytes(8).toString("hex"),
      name: "alerts-drill",
      kind: 2,
      startTimeUnixNano: time,
      endTimeUnixNano: time,
      attributes: [{ key: "padding", value: { stringValue: padding } }],
      status: failed ? { code: 2 } : {},
    }));
    const resource = { attributes: [{ key: "service.name", value: { stringValue: "alerts-drill" } }] };
    return (await this.post(JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] })))?.ok ?? false;
  }

  /** Sends more than a request may weigh. */
  async sendTooMuch(): Promise<void> {
    await this.post(" ".repeat(requestBytes(this.settings) + 1));
  }

  private async post(body: string): Promise<Response | undefined> {
    try {
      return await fetch(`${await this.reach("otlp-http")}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json", ...(await credentialHeaders(this.stack)) },
        body,
        signal: AbortSignal.timeout(10_000),
      });
    } catch {
      return undefined;
    }
  }
}
