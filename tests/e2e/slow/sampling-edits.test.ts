/**
 * Rung: real systems end to end. Edits of sampling under load, crashes of the Collector, and rates that applications ask for, on the stack
 * that several test files share.
 */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { pytest } from "../../../cli/suites/python";
import { sleep } from "../../../cli/machine/run";
import { keptOf } from "../../support/oracle";
import { eventually, until } from "../../support/waiting";
import { Checkout, scratch } from "../lib/checkout";
import { djangoEnvironment } from "../lib/django";
import { Ledger } from "../lib/ledger";
import { SampledStack, storesWhatIsPredicted } from "../lib/sampled-stack";
import { Clients } from "../lib/send";

jest.setTimeout(15 * 60_000);

const copy = Checkout.copy();
const sampled = new SampledStack(copy);
const { brief } = sampled;
const ledger = new Ledger(copy);
const clients = new Clients(copy);
const collector = copy.container("otel-collector");
const containerId = () => execFileSync("docker", ["inspect", "--format", "{{.Id}}", collector], { encoding: "utf8" }).trim();

afterAll(async () => {
  await sampled.restore();
  rmSync(scratch, { recursive: true, force: true });
});

storesWhatIsPredicted(sampled, 50, "span-ingest");

describe("an edit from 100 % to 50 % under 500 traces a second", () => {
  const [rate, spans, duration] = [500, 2, 2];

  it("loses no trace that both rates keep, and parts only those under way", async () => {
    await sampled.edit({ default: 100, errors: 100 });
    const before = containerId();
    const load = ["--rate", String(rate * spans), "--spans-per-trace", String(spans), "--trace-duration", `${duration}s`];
    let seconds = 0;
    const began = Date.now();
    const file = await ledger.sendWhile("edit", [...load, "--connections", "8", "--retry-for", "60s"], async () => {
      await sleep(8000);
      seconds = await sampled.edit({ default: 50, errors: 100 });
      await sleep(8000);
    });
    const total = (Date.now() - began) / 1000;
    expect(containerId()).not.toBe(before);
    const traces = await ledger.traces(file);
    const both = keptOf(sampled.running(), traces);
    const verdict = await ledger.verify(file, both);
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
    await sampled.edit({ ...brief, operations });
    expect(sampled.collectorConfig()).toContain(`sampling_strategy: ${strategy}`);
    const asked = ["POST /api/auth/login", "POST /api/chat/messages", "GET /api/users/7"].flatMap((operation) => [
      "--operation",
      operation,
    ]);
    const load = ["--rate", String(rate * spans), "--spans-per-trace", String(spans), "--trace-duration", `${duration}s`, ...asked];
    const file = await ledger.sendWhile(`crash-${strategy}`, [...load, "--error-percent", "5", "--retry-for", "60s"], async () => {
      await sleep(15_000);
      execFileSync("docker", ["kill", "--signal", "KILL", collector]);
      execFileSync("docker", ["start", collector]);
      await sleep(15_000);
    });
    const traces = await ledger.traces(file);
    const kept = keptOf(sampled.running(), traces);
    const verdict = await ledger.verify(file, kept, "--settle", "30s", "--wait", "90s");
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
    Promise.all((["remote", "jaeger-remote"] as const).map((client) => clients.remoteRate(client, { service, name })));

  it("tells real clients to send everything where the Collector decides", async () => {
    for (const name of ["POST api/auth/login/", "GET api/users/<int:pk>/"]) expect(await ask(name)).toEqual([1, 1]);
  });

  it("serves an edit of rates live where the application decides, and touches no service", async () => {
    const app = { ...brief, decide: "app", services: [{ service: "batch", default: 5 }] };
    await sampled.edit(app);
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
    const seconds = await sampled.edit({ ...app, default: 20 });
    await eventually("the new rate on 5778", 60, async () => {
      const url = `${copy.url("jaeger-sampling")}/sampling?service=thebot-platform`;
      return (await (await fetch(url)).text()).includes('"defaultSamplingProbability":0.2') ? true : undefined;
    });
    console.log(`strategies: edit to served ${((Date.now() - began) / 1000).toFixed(1)} s, of which make up ${seconds.toFixed(1)} s`);
    expect(containerId()).toBe(before);
    expect(await ask("GET api/users/<int:pk>/")).toEqual([0.2, 0.2]);
  });

  it("is followed by a Django service with the environment that make open prints: all that it keeps is stored, whole", async () => {
    const lines = (await copy.makes("open")).split("\n").map((line) => /^ *((?:OTEL|TRACING)_\w+)='?(.*?)'?$/.exec(line));
    // For this host; those for a container come after them.
    const environment = Object.fromEntries(lines.flatMap((line) => (line ? [[line[1], line[2]]] : [])).reverse()) as object;
    Object.assign(process.env, { E2E_APPLICATION: JSON.stringify(environment), ...djangoEnvironment(copy) });
    try {
      expect(await pytest("newest", join("tests", "e2e", "app_decides.py"), "-m", "e2e")).toEqual({ passed: 1, failed: 0, skipped: 0 });
    } finally {
      delete process.env.E2E_APPLICATION;
    }
  });
});
