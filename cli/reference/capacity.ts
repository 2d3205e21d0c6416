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
  ["spans a second received", (settings) => count(sizing(settings).received)],
  ["spans a second kept", (settings) => count(sizing(settings).kept)],
  ["disk a day, copies included", (settings) => size(sizing(settings).bytesPerDay * sizing(settings).copies)],
  ["disk for the retention", (settings) => size(sizing(settings).disk.needed)],
  ["disk that may be filled", (settings) => size(sizing(settings).disk.usable ?? 0)],
  ["shards a day", (settings) => String(sizing(settings).shardsPerDay)],
  ["the queues hold", (settings) => `${count(sizing(settings).queueSeconds / 60)} min`],
  [
    "Elasticsearch",
    ({ elasticsearch: { nodes, cpu, memory, storage } }) =>
      `${nodes} × ${cores(cpu)} cores, ${mebibytes(memory)}, ${mebibytes(storage)} of disk`,
  ],
  ["Jaeger, writing", ({ jaeger: { collectors, cpu, memory } }) => `${collectors} × ${cores(cpu)} cores, ${mebibytes(memory)}`],
  ["samplers", ({ sampler: { replicas, cpu, memory } }) => `${replicas} × ${cores(cpu)} cores, ${mebibytes(memory)}`],
  ["Collectors at most", ({ collector: { maxReplicas = 0, cpu, memory } }) => `${maxReplicas} × ${cores(cpu)} cores, ${mebibytes(memory)}`],
  ...(["collector", "sampler", "jaeger", "elasticsearch"] as const).map(
    (group) =>
      [
        `cores that the load keeps busy, ${group}`,
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

Sizes for a load, made from the stack configs in [capacity/](capacity) by \`make render\`. A load is what \`tracing:sampling.expected\` says: traces a second at
peak, spans of a trace, bytes of a span, the share of traces with an error. Shards, copies and what the sampler has room for follow from it. Memory, disk and
processors are for you to set; \`make sampling\` and the stack's output \`sizing\` show what the load takes of them, and a preview refuses a stack that is too
small for the load that it states, with the numbers that would do.

## Four sizes

Traces of 10 spans of 700 bytes, 1 % with an error, of which 10 % are kept and every one with an error; 7 days.

${table(
  ["", ...all.map(([file]) => `[${file}](capacity/${file})`)],
  rows.map(([what, of]) => [what, ...all.map(([, settings]) => of(settings))]),
)}

One of several instances is not counted on, nor is the disk of one of several nodes: it may be away or lost. Processors are busy to ${processorShare * 100} % at most.

## How they are worked out

- Spans kept: the default rate, and that of errors. What rules keep besides is not in it, as nobody says which share of the requests they match:
  \`make sampling TRAFFIC="…"\` shows that.
- Disk: bytes of a span × ${storedShare}, measured on typical spans ([performance.md](performance.md)), × copies × the days that can be on disk at once: the retention, and two. Elasticsearch puts
  no more copies on a disk that is 85 % full, or of more than 1.3 TiB when less than 200 GiB are left.
- Shards: one up to ${oneShard / 1e9} GB a day, and where no load is stated. Above that a multiple of the nodes, so that each has the same to do, and of ${largestShard / 1e9} GB at most. A change of the load holds from the next
  day's index on.
- Processors: microseconds that a span takes, measured on two cores of an older server ([performance.md](performance.md)). A current core does twice as much: measure yours before you
  buy, by \`make bench-compare\`.
- Queue: what is kept, for as long as Elasticsearch may take to restart, ${leastQueue / 60} minutes at least.

## What was tried, and what was not

Each of these stacks is rendered by a test and looked at for consistency: what the services are given, what they may hold, what refuses what. None of them was
run at its load. On one machine with two cores 1,000 spans a second were, and bursts of 200,000 spans ([measurements.md](measurements.md)). A cluster of your own would have to confirm, in this order:

1. that a node of Elasticsearch indexes its share, copies included, while segments merge (\`elasticsearch_\` metrics; a queue of writes that grows says no);
2. that a gateway spreads its batches over that many samplers: each batch becomes as many requests as there are samplers;
3. that a lost node's shards are copied anew before the next is lost: ${largestShard / 1e9} GB take minutes to an hour, by the network and the disks.

## A million

The last column is what the formulas say, not a promise. Three things of this design stand in the way of more, or of that with less:

- **Each batch of a gateway goes to all samplers.** With ${most.instances} of them requests become small, and their number is what costs. Larger batches in the applications' SDKs help. The way out is Kafka between
  the gateways and the samplers, partitioned by trace id: samplers read their partition, and one that is away loses no time of a client's.
- **Elasticsearch has ${most.nodes} nodes at most**, all alike. Beyond that, masters want nodes of their own and old days slower disks: run such an Elasticsearch by its own operator and name it in
  \`tracing:elasticsearch.external\`. Traces that are looked up by their id only, and rarely, are cheaper in an object store: another backend for Jaeger, or Tempo.
- **What waits, waits on the samplers' disks**, for the minutes above. Where Elasticsearch may be away for hours at such a load, put Kafka before Jaeger.

And the cheapest span is one that is never sent: \`tracing:sampling.decide: app\` lets the applications decide, at the price that is in [SAMPLING.md](SAMPLING.md).
`;
}
