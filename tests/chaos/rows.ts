/** The rows of chaos, and why each may cost what it may: docs/decisions/0023-chaos.md. */
import type { ServiceName } from "../../configs/topology/topology";
import { UserError } from "../../cli/terminal/output";
import * as faults from "./faults";
import { rate, type Documented, type Row } from "./row";

/** The services on a span's way, in its order. */
const services = ["otel-collector", "jaeger", "elasticsearch"] as const satisfies readonly ServiceName[];
type Service = (typeof services)[number];

const titles: Readonly<Record<Service, string>> = {
  "otel-collector": "the Collector",
  jaeger: "Jaeger",
  elasticsearch: "Elasticsearch",
};

/** Spans of so many seconds. */
const worth = (seconds: number, why: string): Documented => ({ spans: rate * seconds, why });

const asynchronous = { asynchronous: true } as const;
const undecided = worth(1, "what the Collector had not decided on, or not written to its queue");
const unwritten = { ...worth(1, "what Jaeger had acknowledged and not yet written"), ...asynchronous };
const underWay = { ...worth(1, "requests whose answer was lost: they are sent again, and have no ids of their own"), ...asynchronous };

/** What a process that ends at once takes with it. */
const killedCosts: Readonly<Record<Service, Pick<Row, "lost" | "twice">>> = {
  "otel-collector": { lost: () => undecided, twice: underWay },
  jaeger: { lost: () => unwritten, twice: underWay },
  elasticsearch: { twice: underWay },
};

/** Seconds for which a fault costs more than it is told to last: it comes and goes by commands. */
const edges = 5;

const plain = { stack: "plain" } as const;
const confined = { stack: "confined" } as const;

/** One way to break a service, for each of them. */
const each = (row: (service: Service, title: string) => Omit<Row, "stack">): Row[] =>
  services.map((service) => ({ ...plain, ...row(service, titles[service]) }));

/** All rows, those of one stack in a row. */
export const rows: readonly Row[] = [
  ...each((service, title) => ({
    id: `kill-${service}`,
    what: `${title} is killed (SIGKILL) and started again`,
    seconds: 0,
    quickly: 0,
    ...faults.killed(service),
    ...killedCosts[service],
  })),
  ...each((service, title) => ({ id: `stop-${service}`, what: `${title} is stopped (SIGTERM)`, seconds: 30, ...faults.stopped(service) })),
  ...each((service, title) => ({
    id: `pause-${service}`,
    what: `${title} is paused`,
    seconds: 60,
    quickly: service === "jaeger" ? 10 : undefined,
    ...faults.paused(service),
  })),
  ...each((service, title) => ({
    id: `cut-${service}`,
    what: `${title} is cut off the network`,
    seconds: 60,
    quickly: service === "jaeger" ? 10 : undefined,
    ...faults.cutOff(service),
    twice: underWay,
  })),
  {
    ...plain,
    id: "read-only",
    what: "Elasticsearch is read-only: it refuses each document (403)",
    seconds: 20,
    ...faults.readOnly,
    lost: (seconds) => worth(seconds + edges, "Jaeger gives up what Elasticsearch refuses with 403"),
    alert: "TraceDataLoss",
  },
  {
    ...plain,
    id: "too-many-requests",
    what: "Elasticsearch answers each document with 429",
    seconds: 30,
    ...faults.tooManyRequests,
  },
  {
    ...plain,
    id: "corrupt-queue",
    what: "the Collector is killed, its queue's file damaged, and moved away if need be",
    seconds: 0,
    ...faults.corruptQueue,
    lost: () => worth(2, "what waited in the file, and what was undecided"),
    twice: underWay,
  },
  {
    ...plain,
    id: "jumping-clocks",
    what: "spans of hosts whose clocks are off by up to 10 minutes, and jump",
    seconds: 30,
    load: ["--clock-skew", "10m"],
    untimed: true,
    ...faults.nothing,
  },
  {
    ...plain,
    id: "restart-all",
    what: "everything is restarted at once",
    seconds: 0,
    quickly: 0,
    ...faults.restarted,
    lost: () => unwritten,
    twice: underWay,
  },
  // Before the queue was full once: its file keeps the room that it has taken.
  {
    ...confined,
    id: "full-queue-disk",
    what: "Jaeger is away, and something else fills the disk of the Collector's queue",
    seconds: 20,
    ...faults.fullQueueDisk,
    lost: (seconds) => worth(seconds + edges, "what cannot be written to the queue comes behind sampling, which has acknowledged it"),
    alert: "TraceDataLoss",
  },
  {
    ...confined,
    id: "full-queue",
    what: "Jaeger is away until the Collector's queue is full, on a disk as large as it is told",
    seconds: 20,
    ...faults.fullQueue,
  },
  {
    ...confined,
    id: "full-elasticsearch-disk",
    what: "Elasticsearch's disk is full",
    seconds: 45,
    ...faults.fullElasticsearchDisk,
    lost: () => ({ ...worth(1, "documents that were being written: Elasticsearch refuses them with 500"), ...asynchronous }),
    twice: {
      ...worth(2, "requests that failed in part: they are sent again, and without ids what was written is written twice"),
      ...asynchronous,
    },
    alert: "TraceDataLoss",
  },
  {
    ...confined,
    id: "shifted-clock",
    what: "Elasticsearch is restarted with a clock that is two hours slow, and back",
    seconds: 30,
    ...faults.shifted(-7200),
  },
];

/** The rows that suit a stack that other tests use too. */
export const quickRows = rows.filter(({ quickly }) => quickly !== undefined);

/** The rows of these names, in their order; all where none is named. Throws with all that name nothing. */
export function chosen(names: readonly string[]): readonly Row[] {
  const known = rows.map(({ id }) => id);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new UserError(`ROWS: found ${unknown.join(", ")}; there are ${known.join(", ")}`);
  return rows.filter(({ id }) => names.length === 0 || names.includes(id));
}
