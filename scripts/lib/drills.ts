/** Faults that provoke the alerts of a running stack, each undone when its alerts fire. Used by `make alerts-drill` and a test. */
import { randomBytes } from "node:crypto";
import { queueBytes, requestBytes } from "../../configs/bytes";
import type { Settings } from "../../configs/settings";
import { cronState, dockerName, files, paths, publishedUrl, type ServiceName } from "../../configs/topology";
import { belongings, serviceContainers, type Container } from "./docker";
import { askElasticsearch } from "./elasticsearch";
import { readPassword } from "./password";
import { must, sleep } from "./run";

/** A fault. */
export interface Drill {
  /** What is done, in a few words. */
  readonly what: string;
  /** What must fire. */
  readonly alerts: readonly string[];
  /** Drills of one lane follow each other; lanes go on side by side. */
  readonly lane: "spans" | "cleaner";
  /** Whether its alerts fire within three minutes. */
  readonly quick: boolean;
  /** Its alerts end by time alone: the next drill need not wait for that. */
  readonly endsByTime?: boolean;
  /** Brings the fault about. */
  readonly provoke: (stack: Running) => Promise<void>;
  /** Goes on until the alerts fire. */
  readonly meanwhile?: (stack: Running) => Promise<unknown>;
  /** Takes it away again. */
  readonly undo: (stack: Running) => Promise<void>;
}

const docker = (...args: string[]) => must("docker", args);

/** A running stack, as the drills handle it. */
export class Running {
  private password: Promise<string> | undefined;

  private constructor(
    readonly settings: Settings,
    private readonly services: ReadonlyMap<ServiceName, Container>,
    /** Id of the image that helpers run. */
    private readonly helper: string,
  ) {}

  static async find(settings: Settings): Promise<Running | undefined> {
    const { containers } = await belongings(settings.stack);
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
    return docker("image", "inspect", "--format", "{{index .RepoTags 0}}", id.trim()).then((name) => name.trim());
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

const pause = (service: ServiceName) => async (stack: Running) => {
  await docker("pause", stack.id(service));
};
const unpause = (service: ServiceName) => async (stack: Running) => {
  await docker("unpause", stack.id(service));
};
const stop = (service: ServiceName) => async (stack: Running) => {
  await docker("stop", stack.id(service));
};
const start = (service: ServiceName) => async (stack: Running) => {
  await docker("start", stack.id(service));
};

/** A share of the queue that its alert fires at, with some to spare. */
const nearlyFull = 0.95;

/** What a span of the drill carries, to be worth sending. */
const padding = "x".repeat(1000);

/** Bytes that it takes in the queue: ids, times, name, and what the Collector adds. */
const spanBytes = padding.length + 160;

/** Spans of a request that is large, and still within the smallest that receivers may be told to take. */
const large = 800;

/** Sends spans until the queue is nearly full, or none is taken for half a minute: a full queue takes none, and a memory limiter none for a while. */
async function fillQueue(stack: Running): Promise<void> {
  const wanted = queueBytes(stack.settings) * nearlyFull;
  for (let [sent, refused] = [0, 0]; sent < wanted && refused < 30;) {
    if (await stack.send(large)) {
      [sent, refused] = [sent + large * spanBytes, 0];
    } else {
      refused += 1;
      await sleep(1000);
    }
  }
}

/** Sends a span of the day before the retention. */
async function tooOld(stack: Running): Promise<void> {
  await stack.send(1, stack.settings.retention + 1);
}

/** Alerts that no drill provokes, and why. */
export const notProvoked: Readonly<Record<string, string>> = {
  ElasticsearchRed:
    "a part of an index that is gone makes the container unhealthy, on which others wait: tests/rules/elasticsearch-alerts.test.ts",
  ElasticsearchHeapHigh: "it takes a load that other alerts are about: tests/rules/elasticsearch-alerts.test.ts",
  ElasticsearchDiskLow: "the disk is the host's: tests/rules/elasticsearch-alerts.test.ts",
  ElasticsearchDiskFilling: "the disk is the host's: tests/rules/elasticsearch-alerts.test.ts",
  OTELSamplingFull: "the dev stack keeps every trace as it arrives, so none waits undecided: tests/rules/collector-alerts.test.ts",
  TraceIndexTooOld:
    "the time at which an index was made cannot be set: tests/e2e/retention.test.ts makes old ones by another clock, and reads the metric",
};

/** All drills; each lane goes from the quick ones to the slow. */
export const drills: readonly Drill[] = [
  {
    what: "the cleaner's password is wrong, and its last good run was 27 hours ago",
    alerts: ["IndexCleanerFailed", "IndexCleanerOverdue"],
    lane: "cleaner",
    quick: false,
    provoke: async (stack) => {
      const file = files.elasticsearchPassword;
      await stack.inVolume(["index-cleaner", "secrets"], `cp -p ${file} .${file}; echo wrong > .wrong; cat .wrong > ${file}; rm .wrong`);
      const past = Math.floor(Date.now() / 1000) - 27 * 3600;
      await docker("exec", stack.id("index-cleaner"), "sh", "-c", `echo ${past} > ${paths.cleanerState}/${cronState.lastSuccess}`);
    },
    undo: async (stack) => {
      const file = files.elasticsearchPassword;
      await stack.inVolume(["index-cleaner", "secrets"], `mv .${file} ${file}`);
      // It would try again within ten minutes.
      await docker("restart", stack.id("index-cleaner"));
    },
  },
  {
    what: "a client sends more than a request may weigh",
    alerts: ["OTELRequestsRefused"],
    lane: "spans",
    quick: true,
    endsByTime: true,
    provoke: (stack) => stack.sendTooMuch(),
    undo: () => Promise.resolve(),
  },
  {
    what: "an application's clock is slow by more than the retention",
    alerts: ["SpansDroppedAtTheDoor"],
    lane: "spans",
    quick: true,
    endsByTime: true,
    provoke: tooOld,
    // The first ones may make the counter, and it has not risen then.
    meanwhile: tooOld,
    undo: () => Promise.resolve(),
  },
  {
    what: "Elasticsearch refuses writes: its indices are read-only",
    alerts: ["TraceDataLoss"],
    lane: "spans",
    quick: true,
    endsByTime: true,
    provoke: (stack) => stack.blockWrites(true),
    undo: (stack) => stack.blockWrites(false),
  },
  {
    what: `Jaeger is stopped, and spans fill ${nearlyFull * 100} % of the Collector's queue`,
    alerts: ["JaegerDown", "OTELExporterQueueFull"],
    lane: "spans",
    quick: true,
    provoke: async (stack) => {
      await stop("jaeger")(stack);
      await fillQueue(stack);
    },
    undo: start("jaeger"),
  },
  {
    what: "the Collector is stopped",
    alerts: ["OTELCollectorDown"],
    lane: "spans",
    quick: true,
    provoke: stop("otel-collector"),
    undo: start("otel-collector"),
  },
  {
    what: "Elasticsearch hangs: its container is paused",
    alerts: ["ElasticsearchDown", "JaegerElasticsearchConnectionFailed", "JaegerHighQueueDepth"],
    lane: "spans",
    quick: false,
    provoke: pause("elasticsearch"),
    undo: unpause("elasticsearch"),
  },
  {
    what: "Jaeger is stopped, the Collector's queue is full, and spans still come",
    alerts: ["OTELHighSpanDropRate", "OTELCollectorHighMemory", "OTELExporterQueueFilling"],
    lane: "spans",
    quick: false,
    provoke: async (stack) => {
      await stop("jaeger")(stack);
      await fillQueue(stack);
    },
    meanwhile: (stack) => Promise.all(Array.from({ length: 8 }, () => stack.send(large))),
    undo: start("jaeger"),
  },
  {
    what: "Elasticsearch's exporter is stopped",
    alerts: ["ElasticsearchExporterDown"],
    lane: "spans",
    quick: false,
    provoke: stop("elasticsearch-exporter"),
    undo: start("elasticsearch-exporter"),
  },
  {
    what: "Elasticsearch is slow: it gets a twentieth of a processor",
    alerts: ["HighTraceLatency"],
    lane: "spans",
    quick: false,
    provoke: async (stack) => {
      await docker("update", "--cpu-period", "100000", "--cpu-quota", "5000", stack.id("elasticsearch"));
    },
    undo: async (stack) => {
      await docker("update", "--cpu-quota", "-1", stack.id("elasticsearch"));
    },
  },
];
