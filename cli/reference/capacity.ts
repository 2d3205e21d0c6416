/** Sizes for loads, from the stack configs in docs/capacity/: docs/CAPACITY.md. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { largestShard, oneShard } from "../../configs/elasticsearch/shards";
import { storedShare } from "../../configs/sampling";
import { parseSettings } from "../../configs/stack/parse";
import { most } from "../../configs/stack/most";
import { leastQueue, processorShare, sizing } from "../../configs/stack/sizing";
import type { Settings } from "../../configs/stack/schema";
import { asPulumiHasIt, projectFolder } from "../../render/record";
import { size } from "../terminal/output";
import { table } from "./table";

const folder = join(projectFolder, "docs", "capacity");

/** Stack config of each size, by its file, from the least load to the most. */
export function capacityConfigs(): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const configs = readdirSync(folder).map((file) => {
    const { config } = parse(readFileSync(join(folder, file), "utf8")) as { config: Record<string, unknown> };
    return [file, asPulumiHasIt(config)] as const;
  });
  return new Map(configs.sort(([, one], [, other]) => load(one) - load(other)));
}

/** Settings of each. */
export const capacitySettings = (): ReadonlyMap<string, Settings> =>
  new Map([...capacityConfigs()].map(([file, raw]) => [file, parseSettings("prod", raw)]));

const load = (raw: Readonly<Record<string, string>>): number => {
  const { expected } = JSON.parse(raw["tracing:sampling"] ?? "{}") as { expected: { tracesPerSecond: number } };
  return expected.tracesPerSecond;
};

const count = (value: number): string => Math.round(value).toLocaleString("en");
const mebibytes = (value: number): string => size(value * 2 ** 20);
const cores = (thousandths: number): string => String(thousandths / 1000);

const rows: readonly (readonly [string, (settings: Settings) => string])[] = [
  ["spans per second received", (settings) => count(sizing(settings).received)],
  ["spans per second kept", (settings) => count(sizing(settings).kept)],
  ["disk per day, including copies", (settings) => size(sizing(settings).bytesPerDay * sizing(settings).copies)],
  ["disk for the retention", (settings) => size(sizing(settings).disk.needed)],
  ["disk that may be used", (settings) => size(sizing(settings).disk.usable ?? 0)],
  ["shards per day", (settings) => String(sizing(settings).shardsPerDay)],
  ["time that the queues cover", (settings) => `${count(sizing(settings).queueSeconds / 60)} min`],
  [
    "Elasticsearch",
    ({ elasticsearch: { nodes, cpu, memory, storage } }) =>
      `${nodes} × ${cores(cpu)} cores, ${mebibytes(memory)}, ${mebibytes(storage)} of disk`,
  ],
  ["Jaeger, writing instances", ({ jaeger: { collectors, cpu, memory } }) => `${collectors} × ${cores(cpu)} cores, ${mebibytes(memory)}`],
  ["samplers", ({ sampler: { replicas, cpu, memory } }) => `${replicas} × ${cores(cpu)} cores, ${mebibytes(memory)}`],
  ["gateways at most", ({ collector: { maxReplicas = 0, cpu, memory } }) => `${maxReplicas} × ${cores(cpu)} cores, ${mebibytes(memory)}`],
  ...(["collector", "sampler", "jaeger", "elasticsearch"] as const).map(
    (group) =>
      [
        `busy cores, ${group}`,
        (settings: Settings) => {
          const found = sizing(settings).processors.find((one) => one.group === group);
          return found ? `${(found.needed / 1000).toFixed(2)} of ${cores(found.has)}` : "";
        },
      ] as const,
  ),
];

/** Text of docs/CAPACITY.md. */
export function capacityReference(): string {
  const all = [...capacitySettings()];
  return `# Capacity

Sizes for a load. This page is generated from the stack configs in [capacity/](capacity) by
\`make render\`.

\`tracing:sampling.expected\` states the load: traces per second at peak, spans per trace, bytes per
span, and the share of traces with an error. The program derives shards, copies and the room in a
sampler from it. You set memory, disk and processors. \`make sampling\` and the stack output \`sizing\`
show how much of them the load uses, and a preview refuses a stack that is too small for its stated
load, and says how much is needed.

## Four sizes

Traces of 10 spans of 700 bytes, 1 % with an error. 10 % of traces are kept, and all with an error, for
7 days.

${table(
  ["", ...all.map(([file]) => `[${file}](capacity/${file})`)],
  rows.map(([what, of]) => [what, ...all.map(([, settings]) => of(settings))]),
)}

The sizes assume that one of several instances may be down, and that the disk of one of several nodes
may be lost. Processors are busy to ${processorShare * 100} % at most.

## How they are computed

- **Spans kept**: by the default rate and the error rate. What other rules keep is not included, because
  nothing states which share of the requests they match: \`make sampling TRAFFIC="…"\` shows that.
- **Disk**: bytes of a span × ${storedShare}, measured on typical spans
  ([performance.md](performance.md)), × copies × the days that can be on disk at once: the retention
  plus two. Elasticsearch allocates no more copies to a disk that is 85 % full, or, above 1.3 TiB, when
  less than 200 GiB are free.
- **Shards**: one up to ${oneShard / 1e9} GB a day, and if no load is stated. Above that a multiple of
  the nodes, so that each node has the same work, of ${largestShard / 1e9} GB at most. A change of the
  load applies from the next day's index on.
- **Processors**: microseconds per span, measured on two cores of an older server
  ([performance.md](performance.md)). A current core is twice as fast: measure yours with
  \`make bench-compare\` before you buy.
- **Queue**: kept spans for as long as Elasticsearch may take to restart, at least ${leastQueue / 60}
  minutes.

## What was tested, and what was not

A test renders each of these stacks and checks that the settings of the services agree. None of them was
run at its load. On one machine with two cores, 1,000 spans/s were run, and bursts of 200,000 spans
([measurements.md](measurements.md)). On your cluster, check in this order:

1. that an Elasticsearch node can index its share, including copies, while segments merge. If its write
   queue grows (\`elasticsearch_\` metrics), it cannot;
2. that a gateway can spread its batches over that many samplers: each batch becomes as many requests as
   there are samplers;
3. that the shards of a lost node are copied before the next node is lost: ${largestShard / 1e9} GB take
   minutes to an hour, depending on network and disks.

## A million spans per second

The last column is the result of the formulas, not a guarantee. Three properties of the design limit it:

- **Each batch of a gateway goes to all samplers.** With ${most.instances} of them, requests become
  small, and their number dominates the cost. Larger batches in the applications' SDKs help. The remedy
  is Kafka between the gateways and the samplers, partitioned by trace id: samplers read their
  partition, and a sampler that is down does not delay clients.
- **Elasticsearch has ${most.nodes} nodes at most**, all alike. A larger one needs dedicated masters,
  and slower disks for old days: run such an Elasticsearch with its own operator, and set
  \`tracing:elasticsearch.external\`. For traces that are looked up rarely and only by id, an object
  store is cheaper: another backend for Jaeger, or Tempo.
- **Waiting spans are on the samplers' disks**, for the minutes in the table. If Elasticsearch may be
  down for hours at such a load, put Kafka in front of Jaeger.

The cheapest span is one that is never sent: with \`tracing:sampling.decide: app\` the applications
decide, at the price that [SAMPLING.md](SAMPLING.md) describes.
`;
}
