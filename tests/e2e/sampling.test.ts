/**
 * Rung: real systems end to end. Sampling keeps what it promises: what is stored is compared, id by id, with what the oracle predicts from
 * the config files that the running containers have. The stack is the dev stack with the rules of prod, edited as an operator edits it.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { dockerName, files, paths, ports } from "../../configs/topology";
import { pytest } from "../../scripts/lib/python";
import { sleep } from "../../scripts/lib/run";
import { keptOf, predicted, type Prediction, type Request } from "../support/oracle";
import { briefTraces, traceCount, type Sending } from "./lib/brief";
import { Checkout, ledgerTraces, ledgerVerify, ledgerWhile, project, scratch } from "./lib/commands";
import { remoteRate } from "./lib/send";
import { eventually, until } from "../support/waiting";
import { elasticsearch } from "./lib/systems";

jest.setTimeout(15 * 60_000);

const stack = "dev";
const collector = dockerName(stack, "otel-collector");
const copy = Checkout.copy();
const stackFile = join(copy.folder, `Pulumi.${stack}.yaml`);
type Sampling = Record<string, unknown>;
const samplingOf = (file: string) =>
  (parse(readFileSync(file, "utf8")) as { config: { "tracing:sampling": Sampling } }).config["tracing:sampling"];
const brief = samplingOf(join(copy.folder, "Pulumi.prod.yaml"));

/** Edits the stack's file and brings the stack up with it; the seconds that it took. */
async function edit(sampling: Sampling): Promise<number> {
  const file = parse(readFileSync(stackFile, "utf8")) as { config: Record<string, unknown> };
  writeFileSync(stackFile, stringify({ ...file, config: { ...file.config, "tracing:sampling": sampling } }));
  const began = Date.now();
  await copy.makes("up", "WAY=compose", `ENV=${stack}`);
  return (Date.now() - began) / 1000;
}

const containerId = () => execFileSync("docker", ["inspect", "--format", "{{.Id}}", collector], { encoding: "utf8" }).trim();

/** A folder with the Collector's config as the running container has it. */
function running(): string {
  const folder = join(scratch, "running");
  mkdirSync(folder, { recursive: true });
  execFileSync("docker", ["cp", `${collector}:${paths.config}/${files.collector}`, join(folder, files.collector)]);
  return folder;
}

const decisionWait = () => Number((/decision_wait: (\d+)s/.exec(readFileSync(join(running(), files.collector), "utf8")) ?? [])[1]);

beforeAll(() => project.make("destroy", "YES=1", `ENV=${stack}`));
afterAll(async () => {
  await project.makes("destroy", "YES=1", `ENV=${stack}`);
  rmSync(scratch, { recursive: true, force: true });
});

interface Hit {
  readonly _source: { traceID: string; spanID: string; tags?: { key: string; value: string }[] };
}

/** Every document with a span of these traces. */
async function stored(ids: readonly string[]): Promise<Hit["_source"][]> {
  await elasticsearch("/jaeger-span-*/_refresh", "POST");
  const body = { size: 10_000, query: { terms: { traceID: ids } }, _source: ["traceID", "spanID", "tags"] };
  const { hits } = (await elasticsearch("/jaeger-span-*/_search", "POST", body)) as { hits: { hits: Hit[] } };
  return hits.hits.map(({ _source }) => _source);
}

async function send(body: object): Promise<void> {
  const url = `http://127.0.0.1:${ports.collector.otlpHttp}/v1/traces`;
  const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("partialSuccess")]);
}

/** Seconds after the decision wait at which late spans come: a Collector that is short of processor time ticks late. */
const late = 15;

/** What the running Collector is predicted to do with what is sent: all at once, then the late spans. */
function prediction(sending: Sending, wait: number): Prediction {
  const given: Request[] = [...sending.first.map((body) => ({ at: 0, body })), ...sending.late.map((body) => ({ at: wait + late, body }))];
  return predicted([running()], given)[0]!;
}

describe.each([
  [10, "span-ingest"],
  [50, "span-ingest"],
  // A rule of 50 % below a default of 100 %.
  [100, "trace-complete"],
])("the rules of the brief with a default of %d %%", (rate, strategy) => {
  let hits: Hit["_source"][] = [];
  let sending: Sending;
  let expected: Prediction;

  beforeAll(async () => {
    await edit({ ...brief, default: rate });
    const wait = decisionWait();
    sending = briefTraces(rate);
    expected = prediction(sending, wait);
    for (const body of sending.first) await send(body);
    await sleep((wait + late) * 1000);
    for (const body of sending.late) await send(body);
    const spans = [...sending.spans].flatMap(([id, own]) => (expected[id] === null ? [] : [...own.first, ...own.late]));
    await eventually("the predicted spans", 60, async () =>
      (await stored([...sending.spans.keys()])).length >= spans.length ? true : undefined,
    ).catch(
      () => undefined, // what is missing is said below
    );
    await sleep(3000);
    hits = await stored([...sending.spans.keys()]);
  });

  it(`decides by ${strategy}, and keeps exactly the traces that the oracle predicts`, () => {
    expect(readFileSync(join(running(), files.collector), "utf8")).toContain(`sampling_strategy: ${strategy}`);
    const ids = [...sending.spans.keys()];
    expect(new Set(ids).size).toBe(traceCount);
    const kept = ids.filter((id) => expected[id] !== null);
    expect([...new Set(hits.map(({ traceID }) => traceID))].sort()).toEqual([...kept].sort());
    // Neither all nor nothing, so that the comparison says something.
    expect(kept.length).toBeLessThan(ids.length);
    expect(kept.length).toBeGreaterThan(ids.length / 2);
  });

  it("keeps each of them whole, late spans too, and once", () => {
    const found = hits.map(({ traceID, spanID }) => `${traceID} ${spanID}`).sort();
    const predictedSpans = [...sending.spans]
      .filter(([id]) => expected[id] !== null)
      .flatMap(([id, { first, late }]) => [...first, ...late].map((span) => `${id} ${span}`));
    expect(found).toEqual(predictedSpans.sort());
  });

  it("says on each of them which policy kept it", () => {
    const named = new Map<string, Set<string>>();
    for (const { traceID, tags } of hits) {
      const policy = tags?.find(({ key }) => key === "sampling.policy")?.value;
      if (policy) named.set(traceID, (named.get(traceID) ?? new Set()).add(policy));
    }
    const kept = Object.entries(expected).filter(([, policy]) => policy !== null);
    expect(Object.fromEntries([...named].map(([id, names]) => [id, [...names]]))).toEqual(
      Object.fromEntries(kept.map(([id, policy]) => [id, [policy]])),
    );
  });
});

describe("an edit from 100 % to 50 % under 500 traces a second", () => {
  const [rate, spans, duration] = [500, 2, 2];

  it("loses no trace that both rates keep, and parts only those under way", async () => {
    await edit({ default: 100, errors: 100 });
    const before = containerId();
    const load = ["--rate", String(rate * spans), "--spans-per-trace", String(spans), "--trace-duration", `${duration}s`];
    let seconds = 0;
    const began = Date.now();
    const file = await ledgerWhile("edit", [...load, "--connections", "8", "--retry-for", "60s"], async () => {
      await sleep(8000);
      seconds = await edit({ default: 50, errors: 100 });
      await sleep(8000);
    });
    const total = (Date.now() - began) / 1000;
    expect(containerId()).not.toBe(before);
    const traces = await ledgerTraces(file);
    const both = keptOf(running(), traces);
    const verdict = await ledgerVerify(file, both);
    expect(verdict).toMatchObject({ lost: 0, unexpected: 0, unacknowledged: 0 });
    expect(verdict.traces).toBe(traces.length);
    // Traces of which the first Collector kept the beginning, and the second did not keep the end.
    expect(verdict.splitTraces).toBeLessThanOrEqual(rate * duration);
    // Before the edit all others were kept, after it none: both Collectors had their share of the load.
    const others = traces.length - both.length;
    expect(verdict.oversampledTraces).toBeGreaterThan(0.05 * others);
    expect(verdict.sampledOut).toBeGreaterThan(0.05 * others);
    // Traces begin at an even rate, so those that were kept in spite of the new rate say when it began to hold.
    const until = (verdict.oversampledTraces / others) * total;
    console.log(
      `edit under load of ${(traces.length / total).toFixed(0)} traces/s: ${both.length} of ${traces.length} traces are kept by both rates, ` +
        `${verdict.lost} spans of them lost; ${verdict.splitTraces} straddle the edit (bound ${rate * duration}); the new rate held ` +
        `${(until - 8).toFixed(0)} s after the edit, of which make up took ${seconds.toFixed(0)} s`,
    );
  });
});

describe("a crash of the Collector under load", () => {
  const [rate, spans, duration] = [100, 5, 1];

  it.each([
    ["span-ingest", { lowest: false }, (keptSpans: number) => keptSpans * (duration + 2)],
    // A rule that no request matches, lower than the default, and so the whole trace is waited for.
    ["trace-complete", { lowest: true }, (keptSpans: number) => keptSpans * (10 + duration + 3)],
  ])("costs no more than what was undecided: %s", async (strategy, { lowest }, bound) => {
    const operations = [...(lowest ? [{ operation: "GET /nobody/asks/this", percent: 0 }] : []), ...(brief.operations as object[])];
    await edit({ ...brief, operations });
    expect(readFileSync(join(running(), files.collector), "utf8")).toContain(`sampling_strategy: ${strategy}`);
    const asked = ["POST /api/auth/login", "POST /api/chat/messages", "GET /api/users/7"].flatMap((operation) => [
      "--operation",
      operation,
    ]);
    const load = ["--rate", String(rate * spans), "--spans-per-trace", String(spans), "--trace-duration", `${duration}s`, ...asked];
    const file = await ledgerWhile(`crash-${strategy}`, [...load, "--error-percent", "5", "--retry-for", "60s"], async () => {
      await sleep(15_000);
      execFileSync("docker", ["kill", "--signal", "KILL", collector]);
      execFileSync("docker", ["start", collector]);
      await sleep(15_000);
    });
    const traces = await ledgerTraces(file);
    const kept = keptOf(running(), traces);
    const verdict = await ledgerVerify(file, kept, "--settle", "30s", "--wait", "90s");
    expect(verdict.unexpected).toBe(0);
    // An export that was under way may have ended in an answer that OTLP calls final; its client knows that it was not taken.
    expect(verdict.unacknowledged).toBeLessThan(rate * spans);
    const keptSpans = (kept.length / traces.length) * rate * spans;
    expect(verdict.lost).toBeLessThanOrEqual(bound(keptSpans));
    console.log(
      `crash, ${strategy}: ${rate * spans} spans/s, ${keptSpans.toFixed(0)} of them kept; ${verdict.lost} of ` +
        `${kept.length * spans} spans to keep were lost, ${(verdict.lost / keptSpans).toFixed(1)} s worth; ${verdict.splitTraces} traces in part`,
    );
  });
});

describe("remote sampling", () => {
  const ask = (name: string, service = "thebot-platform") =>
    Promise.all((["remote", "jaeger-remote"] as const).map((client) => remoteRate(client, { service, name })));

  it("tells real clients to send everything where the Collector decides", async () => {
    for (const name of ["POST api/auth/login/", "GET api/users/<int:pk>/"]) expect(await ask(name)).toEqual([1, 1]);
  });

  it("serves an edit of rates live where the application decides, and touches no service", async () => {
    const app = { ...brief, decide: "app", services: [{ service: "batch", default: 5 }] };
    await edit(app);
    // Jaeger looks at its file every ten seconds.
    await until(
      60,
      () => ask("GET api/users/<int:pk>/"),
      (rates) => rates.every((rate) => rate === 0.1),
    );
    for (const name of ["POST api/chat/messages/", "POST /api/chat/messages"]) expect(await ask(name)).toEqual([0.5, 0.5]);
    expect(await ask("GET api/users/<int:pk>/")).toEqual([0.1, 0.1]);
    expect(await ask("GET api/users/<int:pk>/", "batch")).toEqual([0.05, 0.05]);
    const before = containerId();
    const began = Date.now();
    const seconds = await edit({ ...app, default: 20 });
    await eventually("the new rate on 5778", 60, async () => {
      const url = `http://127.0.0.1:${ports.jaeger.samplingHttp}/sampling?service=thebot-platform`;
      return (await (await fetch(url)).text()).includes('"defaultSamplingProbability":0.2') ? true : undefined;
    });
    console.log(`strategies: edit to served ${((Date.now() - began) / 1000).toFixed(1)} s, of which make up ${seconds.toFixed(1)} s`);
    expect(containerId()).toBe(before);
    expect(await ask("GET api/users/<int:pk>/")).toEqual([0.2, 0.2]);
  });

  it("is followed by a Django service with the environment that make open prints: all that it keeps is stored, whole", async () => {
    const lines = (await copy.makes("open", `ENV=${stack}`)).split("\n").map((line) => /^ *((?:OTEL|TRACING)_\w+)='?(.*?)'?$/.exec(line));
    // For this host; those for a container come after them.
    const environment = Object.fromEntries(lines.flatMap((line) => (line ? [[line[1], line[2]]] : [])).reverse()) as object;
    process.env.E2E_APPLICATION = JSON.stringify(environment);
    try {
      expect(await pytest("newest", join("tests", "e2e", "app_decides.py"), "-m", "e2e")).toEqual({ passed: 1, failed: 0, skipped: 0 });
    } finally {
      delete process.env.E2E_APPLICATION;
    }
  });
});
