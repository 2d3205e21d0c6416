/** Faults that provoke the alerts of a running stack, each undone when its alerts fire. Used by `make alerts-drill` and a test. */
import { queueBytes } from "../../configs/collector/bytes";
import { templateName } from "../../configs/elasticsearch/setup";
import { jaegerWriter } from "../../configs/topology/kubernetes";
import { passwordFile, type ServiceUser } from "../../configs/elasticsearch/users";
import { overdue } from "../../configs/prometheus/alerts/daily";
import { cronState, paths } from "../../configs/topology/ports";
import type { ServiceName } from "../../configs/topology/topology";
import { docker } from "../engine/docker";
import { sleep } from "../machine/run";
import { replicasOf, servicesOf } from "../running/services";
import { pause, restart, Running, start, stop, unpause } from "../status/running";
import { spanBytes, type Target } from "./target";

/** A fault. */
export interface Drill {
  /** The fault, in a few words. */
  readonly what: string;
  /** Alerts that must fire. */
  readonly alerts: readonly string[];
  /** Drills of one lane follow each other; lanes go on side by side. */
  readonly lane: "spans" | "cleaner";
  /** True if its alerts fire within three minutes. */
  readonly quick: boolean;
  /** Its alerts end by time alone: the next drill need not wait for that. */
  readonly endsByTime?: boolean;
  /** Why it cannot be done on Kubernetes; set if it is for Docker only. */
  readonly dockerOnly?: string;
  /** Brings the fault about. */
  readonly provoke: (stack: Target) => Promise<void>;
  /** Goes on until the alerts fire. */
  readonly meanwhile?: (stack: Target) => Promise<unknown>;
  /** Takes it away again. */
  readonly undo: (stack: Target) => Promise<void>;
}

/** A step that takes a container engine. */
const onDocker =
  (step: (stack: Running) => Promise<void>) =>
  (stack: Target): Promise<void> => {
    if (!(stack instanceof Running)) throw new Error("this drill is for stacks on Docker");
    return step(stack);
  };

/** The service of Jaeger that takes spans. */
const writer = ({ settings }: Target): ServiceName => (settings.platform === "kubernetes" ? jaegerWriter(settings) : "jaeger");

const stopWriter = (stack: Target): Promise<void> => stack.stop(writer(stack));
const startWriter = (stack: Target): Promise<void> => stack.start(writer(stack));

/** Bytes of all queues together: each instance of the tier that samples has one. */
function allQueues({ settings }: Target): number {
  const tier = servicesOf(settings).includes("otel-sampler") ? "otel-sampler" : "otel-collector";
  return queueBytes(settings) * (settings.platform === "kubernetes" ? replicasOf(settings, tier) : 1);
}

/** A share of the queue that its alert fires at, with some to spare. */
const nearlyFull = 0.95;

/** Spans of a request that is large, and still within the smallest that receivers may be told to take. */
const large = 800;

/** Sends spans until the queue is nearly full, or none is taken for half a minute: a full queue takes none, and a memory limiter none for a while. */
async function fillQueue(stack: Target): Promise<void> {
  const wanted = allQueues(stack) * nearlyFull;
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
async function tooOld(stack: Target): Promise<void> {
  await stack.send(1, stack.settings.retention + 1);
}

/** Hours since the last good run of a daily service, at which its alert fires. */
const late = overdue + 1;

/** A daily service whose password is wrong, and whose last good run was long ago: so it runs at once, and fails. */
const lockedOut = (service: ServiceName, user: ServiceUser, state: string): Pick<Drill, "dockerOnly" | "provoke" | "undo"> => ({
  dockerOnly: "there it is a CronJob, whose password is a Secret of Pulumi's and whose last run Kubernetes remembers",
  provoke: onDocker(async (stack) => {
    const file = passwordFile(stack.settings, user);
    await stack.inVolume([service, "secrets"], `cp -p ${file} .${file}; echo wrong > .wrong; cat .wrong > ${file}; rm .wrong`);
    const past = Math.floor(Date.now() / 1000) - late * 3600;
    await docker("exec", stack.id(service), "sh", "-c", `echo ${past} > ${state}/${cronState.lastSuccess}`);
  }),
  undo: onDocker(async (stack) => {
    const file = passwordFile(stack.settings, user);
    await stack.inVolume([service, "secrets"], `mv .${file} ${file}`);
    // It would try again within ten minutes.
    await restart(service)(stack);
  }),
});

/** Alerts that no drill provokes, and why. */
export const notProvoked: Readonly<Record<string, string>> = {
  ElasticsearchRed:
    "a part of an index that is gone makes the container unhealthy, on which others wait: tests/rules/elasticsearch-alerts.test.ts",
  ElasticsearchHeapHigh: "it takes a load that other alerts are about: tests/rules/elasticsearch-alerts.test.ts",
  ElasticsearchDiskLow: "the disk is the host's: tests/rules/elasticsearch-alerts.test.ts",
  ElasticsearchDiskFilling: "the disk is the host's: tests/rules/elasticsearch-alerts.test.ts",
  OTELSamplingFull: "the dev stack keeps every trace as it arrives, so none waits undecided: tests/rules/collector-alerts.test.ts",
  CanaryMissing: "each drill that stops Jaeger provokes it, and it stays for an hour: tests/rules/canary-alerts.test.ts",
  ErrorBudgetBurn: "it looks at hours and days: tests/rules/objectives.test.ts",
  ElasticsearchSnapshotOverdue: "the time at which a snapshot was made cannot be set: tests/rules/snapshot-alerts.test.ts",
  IngestDown: "the dev stack has no proxy: tests/rules/ingest-alerts.test.ts",
  LoginDown: "the dev stack has no login: tests/rules/login-alerts.test.ts",
  IngestRefused: "the dev stack has no proxy: tests/rules/ingest-alerts.test.ts",
  ServiceGraphOld: "it takes more than an hour: tests/rules/service-graph-alert.test.ts",
  TraceIndexTooOld:
    "the time at which an index was made cannot be set: tests/e2e/lifecycle/retention.test.ts makes old ones by another clock, and reads the metric",
};

/** All drills; each lane goes from the quick ones to the slow. */
export const drills: readonly Drill[] = [
  {
    what: `the cleaner's password is wrong, and its last good run was ${late} hours ago`,
    alerts: ["IndexCleanerFailed", "IndexCleanerOverdue"],
    lane: "cleaner",
    quick: false,
    ...lockedOut("index-cleaner", "cleaner", paths.cleanerState),
  },
  {
    what: "the password of the snapshots' user is wrong",
    alerts: ["ElasticsearchSnapshotFailed"],
    lane: "cleaner",
    quick: false,
    ...lockedOut("elasticsearch-snapshots", "snapshots", paths.snapshotState),
  },
  {
    what: "somebody deletes an index template",
    alerts: ["ElasticsearchSetupRepaired"],
    lane: "cleaner",
    quick: true,
    endsByTime: true,
    provoke: async (stack) => {
      await stack.elasticsearch("DELETE", `/_index_template/${templateName(stack.settings, "service")}`);
    },
    undo: () => Promise.resolve(),
  },
  {
    what: "the setup of Elasticsearch is stopped",
    alerts: ["ElasticsearchSetupFailing"],
    lane: "cleaner",
    quick: false,
    provoke: stop("elasticsearch-setup"),
    undo: start("elasticsearch-setup"),
  },
  {
    what: "the canary is stopped",
    alerts: ["CanaryAbsent"],
    lane: "cleaner",
    quick: false,
    provoke: stop("canary"),
    undo: start("canary"),
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
      await stopWriter(stack);
      await fillQueue(stack);
    },
    undo: startWriter,
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
    dockerOnly: "Kubernetes pauses no container",
    provoke: onDocker(pause("elasticsearch")),
    undo: onDocker(unpause("elasticsearch")),
  },
  {
    what: "Jaeger is stopped, the Collector's queue is full, and spans still come",
    alerts: ["OTELHighSpanDropRate", "OTELCollectorHighMemory", "OTELExporterQueueFilling"],
    lane: "spans",
    quick: false,
    provoke: async (stack) => {
      await stopWriter(stack);
      await fillQueue(stack);
    },
    meanwhile: (stack) => Promise.all(Array.from({ length: 8 }, () => stack.send(large))),
    undo: startWriter,
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
    dockerOnly: "another limit means other pods there",
    provoke: onDocker(async (stack) => {
      await docker("update", "--cpu-period", "100000", "--cpu-quota", "5000", stack.id("elasticsearch"));
    }),
    undo: onDocker(async (stack) => {
      await docker("update", "--cpu-quota", "-1", stack.id("elasticsearch"));
    }),
  },
];

/** The drills that can be done on what a stack runs on, and those that cannot. */
export function possible(
  platform: "docker" | "kubernetes",
  chosen: readonly Drill[],
): { can: Drill[]; cannot: (Drill & { dockerOnly: string })[] } {
  const needsDocker = (drill: Drill): drill is Drill & { dockerOnly: string } => drill.dockerOnly !== undefined;
  if (platform === "docker") return { can: [...chosen], cannot: [] };
  return { can: chosen.filter((drill) => !needsDocker(drill)), cannot: chosen.filter(needsDocker) };
}
