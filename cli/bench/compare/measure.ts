/** One run of a subject: what a span costs it, how quickly it stores a burst, and how quickly it answers. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { superuser } from "../../../configs/elasticsearch/users";
import { ports } from "../../../configs/topology/ports";
import { execOrThrow, sleep } from "../../machine/run";
import { times, type Times } from "../times";
import { Lab, type Use } from "./lab";
import { password, readiness, type Subject } from "./subjects";
import { loginHeader } from "../../status/elasticsearch";

/** Spans to send. */
export interface Load {
  /** The ledger's profile. */
  readonly profile: "uniform" | "typical";
  /** Spans that are sent before anything is measured: Java compiles itself under them. */
  readonly warmUp: number;
  /** Spans a second, and how many, while what they cost is measured. */
  readonly rate: number;
  readonly spans: number;
  /** Spans of the burst; none: no burst. */
  readonly burst: number;
  /** Numbers of stored spans at which queries are timed. */
  readonly queriesAt: readonly number[];
}

/** What was found. */
export interface Figures {
  /** Microseconds of processor for a span, by container; without {@link javaCompilers}, which have an entry of their own. */
  readonly cpu: Readonly<Record<string, number>>;
  /** Microseconds of processor a second while no spans come, by container. */
  readonly idle: Readonly<Record<string, number>>;
  /** Most memory under the even load, bytes, by container. */
  readonly memory: Readonly<Record<string, number>>;
  /** Of a stored span, when its index is merged to one segment. */
  readonly bytes: number;
  readonly documents: number;
  /** Spans a second from the first sent of a burst to the last stored. */
  readonly burstRate: number | undefined;
  /** Seconds from the last span of a burst that was taken to the last that is stored. */
  readonly burstDrain: number | undefined;
  /** Share of the burst that is stored. */
  readonly burstStored: number | undefined;
  /** Milliseconds, by number of stored spans and kind of query. */
  readonly queries: Readonly<Record<number, Readonly<Record<string, Times>>>>;
  /** Spans sent under the even load, and of them stored. */
  readonly sent: number;
  readonly stored: number;
}

const querySamples = 40;
/** Milliseconds that each subject is watched for while it has nothing to do. */
const idleTime = 20_000;
/** Spans a second of the warm-up: many, but not so many that a Collector without a queue on disk runs out of memory. */
const warmRate = 4000;
/** Milliseconds without one more span, after which none is waited for. */
const hopeless = 30_000;
/** Milliseconds after which a search is given up; it counts as that long. */
const longestQuery = 60_000;
const patience = () => AbortSignal.timeout(longestQuery);

/** Runs a subject from nothing. */
export async function measure(subject: Subject, load: Load, ledger: string, folder: string, helper: string): Promise<Figures> {
  const lab = new Lab(join(folder, "lab"), helper);
  try {
    await lab.begin();
    for (const spec of subject.specs) {
      await lab.start(spec);
      await lab.until(`${spec.name} is ready`, 180, () => isReady(lab, spec.name));
    }
    const client = new Client(lab, subject, ledger, folder);
    // Behind sampling, where there is some: Elasticsearch would see a part of it only.
    const door = subject.keepsAll ? subject.receiver : "jaeger";
    await client.send("warm", load.warmUp, load, ["--rate", String(warmRate)], { door });
    await client.settled("warm");

    const resting = await spent(lab);
    await sleep(idleTime);
    const before = await spent(lab);
    const peak = peakOf(lab);
    const sent = await client.send("even", load.spans, load, ["--rate", String(load.rate)]);
    const stored = await client.settled("even");
    const after = await spent(lab);
    const memory = await peak.end();
    const disk = await client.merged();
    const burst =
      load.burst > 0 && subject.keepsAll
        ? await client.burst(load)
        : { burstRate: undefined, burstDrain: undefined, burstStored: undefined };
    const queries: Record<number, Record<string, Times>> = {};
    for (const wanted of subject.keepsAll ? load.queriesAt : []) {
      await client.fillUpTo(wanted, load);
      queries[wanted] = await client.queries();
    }
    const cpu = processor(before, after, sent);
    const idle = processor(resting, before, idleTime / 1000);
    return { cpu, idle, memory, ...disk, ...burst, queries, sent, stored };
  } finally {
    await lab.end();
    rmSync(join(folder, "lab"), { recursive: true, force: true });
  }
}

/**
 * What Elasticsearch's Java spends on compiling itself, beside the containers. It is work of a program's first minutes, half as much as all other in them,
 * and falls now into the warm-up, now behind it.
 */
export const javaCompilers = "Java's compilers in Elasticsearch";

/** Seconds of processor since the start, by container; Java's compilers by themselves. */
async function spent(lab: Lab): Promise<Record<string, number>> {
  const [use, compilers] = await Promise.all([lab.use(), lab.compilers("elasticsearch")]);
  const seconds = Object.fromEntries(Object.entries(use).map(([name, { cpu }]) => [name, cpu]));
  return { ...seconds, elasticsearch: (seconds.elasticsearch ?? 0) - compilers, [javaCompilers]: compilers };
}

/** Microseconds of processor between two looks, by container, for each of so many spans or seconds. */
function processor(before: Record<string, number>, after: Record<string, number>, parts: number): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, cpu]) => [name, ((cpu - (before[name] ?? 0)) / parts) * 1e6]));
}

async function isReady(lab: Lab, name: string): Promise<boolean> {
  const { command, port, path } = readiness[name] ?? {};
  if (command) return lab.succeeds(name, ...command);
  const answer = await fetch(`http://${await lab.address(name, port ?? 0)}${path ?? "/"}`, { headers: login, signal: patience() });
  return answer.ok;
}

const login = loginHeader(superuser, password);

/** The most memory that each container takes until `end`. */
function peakOf(lab: Lab): { end: () => Promise<Record<string, number>> } {
  const most: Record<string, number> = {};
  let going = true;
  const look = async () => {
    while (going) {
      for (const [name, { memory }] of Object.entries(await lab.use().catch((): Record<string, Use> => ({}))))
        most[name] = Math.max(memory, most[name] ?? 0);
      await sleep(1000);
    }
  };
  const looking = look();
  return {
    end: async () => {
      going = false;
      await looking;
      return most;
    },
  };
}

/** Milliseconds until Jaeger has answered. */
async function timed(url: string): Promise<number> {
  const start = performance.now();
  try {
    const answer = await fetch(url, { signal: patience() });
    await answer.arrayBuffer();
    // 404: a search that finds nothing.
    if (answer.ok || answer.status === 404) return performance.now() - start;
  } catch {
    if (performance.now() - start >= longestQuery) return longestQuery;
  }
  throw new Error(`Jaeger does not answer ${url} as it should`);
}

/** How many segments there are in how many shards; none has copies here. */
interface Segments {
  readonly _all: { readonly primaries: { readonly segments: { readonly count: number } } };
  readonly _shards: { readonly successful: number };
}

/** What sends to a subject and asks it. */
class Client {
  private runs = 0;

  constructor(
    private readonly lab: Lab,
    private readonly subject: Subject,
    private readonly ledger: string,
    private readonly folder: string,
  ) {}

  /** Sends spans of a service; how many. Seeds are fixed: each subject gets the same spans. */
  async send(
    service: string,
    spans: number,
    { profile }: Load,
    flags: readonly string[] = [],
    { minutes = 60, door = this.subject.receiver } = {},
  ): Promise<number> {
    const endpoint = await this.lab.address(door, door === "jaeger" ? ports.jaeger.otlpGrpc : ports.collector.otlpGrpc);
    const out = join(this.folder, `${service}-${++this.runs}.ledger`);
    const words = ["--endpoint", endpoint, "--service", service, "--spans", String(spans), "--profile", profile, "--retry-for", "2m"];
    await execOrThrow(this.ledger, ["send", ...words, "--seed", String(this.runs), "--out", out, ...flags], { timeout: minutes * 60_000 });
    rmSync(out);
    return spans;
  }

  private async elasticsearch(path: string, method = "GET", body?: object): Promise<Record<string, unknown>> {
    const answer = await fetch(`http://${await this.lab.address("elasticsearch", ports.elasticsearch.http)}${path}`, {
      method,
      headers: { ...login, "content-type": "application/json" },
      body: body ? JSON.stringify(body) : undefined,
      signal: AbortSignal.timeout(30 * 60_000),
    });
    if (!answer.ok) throw new Error(`Elasticsearch answers ${answer.status} to ${method} ${path}: ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  /** Stored spans of a service, of those that can be searched. */
  private async count(service: string): Promise<number> {
    const query = { query: { term: { "process.serviceName": service } } };
    return (await this.elasticsearch("/jaeger-span-*/_count?allow_no_indices=true", "POST", query)).count as number;
  }

  async storedAll(service: string, spans: number): Promise<void> {
    await this.lab.until(`${spans} spans of ${service} are stored`, 600, async () => (await this.count(service)) >= spans);
  }

  /** Stored spans of a service, when they have become no more for ten seconds. */
  async settled(service: string): Promise<number> {
    let [last, quiet] = [await this.count(service), 0];
    while (quiet < 10) {
      await sleep(1000);
      const now = await this.count(service);
      [last, quiet] = [now, now === last ? quiet + 1 : 0];
    }
    return last;
  }

  /** What a span takes when all of them are in one segment. The segments before it go only when nothing reads them any more. */
  async merged(): Promise<Pick<Figures, "bytes" | "documents">> {
    // A merge that goes on already makes one of what it began with: so once more until there is one.
    await this.lab.until("one segment a shard", 300, async () => {
      await this.elasticsearch("/jaeger-span-*/_forcemerge?max_num_segments=1", "POST");
      await this.elasticsearch("/jaeger-span-*/_refresh", "POST");
      const { _all, _shards } = (await this.elasticsearch("/jaeger-span-*/_stats/segments")) as unknown as Segments;
      return _all.primaries.segments.count <= _shards.successful;
    });
    const { count } = (await this.elasticsearch("/jaeger-span-*/_count")) as { count: number };
    let bytes = Number.POSITIVE_INFINITY;
    for (let same = 0; same < 5;) {
      await this.elasticsearch("/jaeger-span-*/_flush?force=true&wait_if_ongoing=true", "POST");
      await this.elasticsearch("/jaeger-span-*/_refresh", "POST");
      await sleep(1000);
      const { store } = await this.totals();
      [bytes, same] = store.size_in_bytes < bytes ? [store.size_in_bytes, 0] : [bytes, same + 1];
    }
    return { bytes: bytes / count, documents: (await this.totals()).docs.count / count };
  }

  private async totals(): Promise<{ store: { size_in_bytes: number }; docs: { count: number } }> {
    const { _all } = await this.elasticsearch("/jaeger-span-*/_stats/store,docs");
    return (_all as { primaries: { store: { size_in_bytes: number }; docs: { count: number } } }).primaries;
  }

  /** How quickly a burst is stored: from its first span on, and from its last. Some may never be: a Collector that drops what it has no room for. */
  async burst(load: Load): Promise<Pick<Figures, "burstRate" | "burstDrain" | "burstStored">> {
    const start = performance.now();
    // One that dies of it stores what it stores.
    await this.send("burst", load.burst, load, ["--connections", "8"], { minutes: 5 }).catch(() => 0);
    const taken = performance.now();
    let [stored, end] = [0, taken];
    while (stored < load.burst && performance.now() - end < hopeless) {
      await this.elasticsearch("/jaeger-span-*/_refresh", "POST");
      const now = await this.count("burst");
      if (now > stored) [stored, end] = [now, performance.now()];
      await sleep(500);
    }
    return { burstRate: stored / ((end - start) / 1000), burstDrain: (end - taken) / 1000, burstStored: stored / load.burst };
  }

  async fillUpTo(wanted: number, load: Load): Promise<void> {
    const { count } = (await this.elasticsearch("/jaeger-span-*/_count")) as { count: number };
    if (count >= wanted) return;
    const had = await this.count("filled");
    await this.send("filled", wanted - count, load, ["--connections", "8", "--error-percent", "5"]);
    await this.storedAll("filled", had + Math.floor((wanted - count) / 10) * 10);
    await this.settled("filled");
  }

  /** How long Jaeger takes for each kind of search, over all that is stored. */
  async queries(): Promise<Record<string, Times>> {
    const at = `http://${await this.lab.address("jaeger", ports.jaeger.query)}`;
    const { hits } = (await this.elasticsearch("/jaeger-span-*/_search?size=20&_source=traceID", "POST", {
      query: { term: { "process.serviceName": "filled" } },
    })) as { hits: { hits: { _source: { traceID: string } }[] } };
    const ids = hits.hits.map(({ _source }) => _source.traceID);
    const range = {
      start_time_min: new Date(Date.now() - 3_600_000).toISOString(),
      start_time_max: new Date(Date.now() + 60_000).toISOString(),
    };
    const search = (more: Record<string, string>) => {
      const words = Object.entries({ service_name: "filled", search_depth: "20", ...range, ...more });
      return `${at}/api/v3/traces?${new URLSearchParams(words.map(([key, value]) => [`query.${key}`, value] as [string, string])).toString()}`;
    };
    const tag = (key: string, value: string) => search({ attributes: JSON.stringify({ [key]: value }) });
    const kinds: Record<string, (i: number) => string> = {
      "a trace by its id": (i) => `${at}/api/v3/traces/${ids[i % ids.length] ?? ""}`,
      "of a service": () => search({}),
      "of an operation": () => search({ operation_name: "POST api/auth/login" }),
      "slower than 4 ms": () => search({ duration_min: "4ms" }),
      "with an error": () => tag("error", "true"),
      "by a tag of few values": () => tag("http.request.method", "POST"),
      services: () => `${at}/api/v3/services`,
    };
    const found: Record<string, Times> = {};
    for (const [kind, url] of Object.entries(kinds)) {
      const samples: number[] = [];
      // Of one that takes a minute, a few are enough.
      for (let i = 0; i < querySamples && samples.filter((one) => one >= longestQuery).length < 3; i++) samples.push(await timed(url(i)));
      found[kind] = times(samples);
    }
    return found;
  }
}
