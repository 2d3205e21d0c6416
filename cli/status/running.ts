/** A running stack, for what breaks it on purpose: its containers, volumes and Elasticsearch, and spans for it. */
import { randomBytes } from "node:crypto";
import { requestBytes } from "../../configs/collector/bytes";
import type { Settings } from "../../configs/stack/schema";
import { dockerName, publishedUrl } from "../../configs/topology/docker";
import type { ServiceName } from "../../configs/topology/topology";
import { listStackResources, docker, serviceContainers, type Container } from "../engine/docker";
import { askElasticsearch } from "./elasticsearch";
import { readPassword } from "../stack/password";

/** What a span of ours carries, to be worth sending. */
const padding = "x".repeat(1000);

/** Bytes that such a span takes in the queue: ids, times, name, and what the Collector adds. */
export const spanBytes = padding.length + 160;

/** A running stack, as drills and chaos handle it. */
export class Running {
  private password: Promise<string> | undefined;

  private constructor(
    readonly settings: Settings,
    private readonly services: ReadonlyMap<ServiceName, Container>,
    /** Id of the image that helpers run. */
    private readonly helper: string,
  ) {}

  static async find(settings: Settings): Promise<Running | undefined> {
    const { containers } = await listStackResources(settings.stack);
    const helper = containers.find(({ Name }) => Name === `/${dockerName(settings.stack, "prepare")}`);
    return helper && new Running(settings, new Map(serviceContainers(containers)), helper.Image);
  }

  /** Id of a service's container. */
  id(service: ServiceName): string {
    return this.services.get(service)?.Id ?? dockerName(this.settings.stack, service);
  }

  /** Ids of the services' containers. */
  ids(): string[] {
    return [...this.services.values()].map(({ Id }) => Id);
  }

  /** The name of the image that a service runs. */
  async image(service: ServiceName): Promise<string> {
    const id = await docker("inspect", "--format", "{{.Image}}", this.id(service));
    return (await docker("image", "inspect", "--format", "{{index .RepoTags 0}}", id.trim())).trim();
  }

  /** A script on the folder of one of the stack's volumes. */
  async inVolume(volume: readonly string[], script: string): Promise<void> {
    const mount = `${dockerName(this.settings.stack, ...volume)}:/volume`;
    await docker("run", "--rm", "--network", "none", "--workdir", "/volume", "--volume", mount, this.helper, "sh", "-c", script);
  }

  /** A script on a service's own network, as root of it; what it prints. */
  inNetworkOf(service: ServiceName, script: string): Promise<string> {
    const rights = ["--cap-drop", "ALL", "--cap-add", "NET_ADMIN", "--user", "0:0"];
    return docker("run", "--rm", "--network", `container:${this.id(service)}`, ...rights, this.helper, "sh", "-c", script);
  }

  /** A request to Elasticsearch that must go well. */
  async elasticsearch(method: string, path: string, body?: object): Promise<unknown> {
    this.password ??= readPassword(this.settings);
    const answer = await askElasticsearch(this.settings, await this.password, path, {
      method,
      headers: { "content-type": "application/json" },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    if (!answer.ok) throw new Error(`Elasticsearch answers ${answer.status} to ${path}: ${await answer.text()}`);
    return answer.json();
  }

  /** Allows or forbids writes into all indices of Jaeger's. */
  async blockWrites(block: boolean): Promise<void> {
    await this.elasticsearch("PUT", "/jaeger-*/_settings", { "index.blocks.write": block });
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

  private post(body: string): Promise<Response | undefined> {
    return fetch(`${publishedUrl(this.settings, "otlp-http")}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      signal: AbortSignal.timeout(10_000),
    }).catch(() => undefined);
  }
}

/** What is done to the container of a service. */
const command =
  (...words: string[]) =>
  (service: ServiceName) =>
  async (stack: Running): Promise<void> => {
    await docker(...words, stack.id(service));
  };

export const start = command("start");
/** By SIGTERM; the engine does not start it again. */
export const stop = command("stop");
/** By SIGKILL; the engine does not start what was killed by hand. */
export const kill = command("kill", "--signal", "KILL");
export const pause = command("pause");
export const unpause = command("unpause");
export const restart = command("restart");
