/**
 * A running stack with the rules of prod, and what an oracle that reads nothing but the running containers' config files predicts of them.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { dotReplacement } from "../../../configs/elasticsearch/templates";
import { files, paths } from "../../../configs/topology/ports";
import { sleep } from "../../../cli/machine/run";
import { predicted, type Prediction, type Request } from "../../support/oracle";
import { eventually } from "../../support/waiting";
import { briefTraces, traceCount, type Sending } from "./brief";
import { scratch, type Checkout } from "./checkout";
import { Systems } from "./systems";

/** A sampling group of stack config. */
export type Sampling = Readonly<Record<string, unknown>>;

/** A span as Elasticsearch holds it; its attributes by their keys, without dots. */
interface StoredSource {
  readonly traceID: string;
  readonly spanID: string;
  readonly tag?: Readonly<Record<string, string>>;
}

/** Seconds after the decision wait at which late spans come: a Collector that is short of processor time ticks late. */
const late = 15;

/** A stack whose sampling is edited as an operator edits it. */
export class SampledStack {
  /** The sampling of prod. */
  readonly brief: Sampling;
  private readonly own: Readonly<Record<string, unknown>>;
  private readonly systems: Systems;

  constructor(readonly checkout: Checkout) {
    const prod = parse(readFileSync(join(checkout.folder, "Pulumi.prod.yaml"), "utf8")) as { config: Record<string, Sampling> };
    this.brief = prod.config["tracing:sampling"] ?? {};
    this.own = checkout.config;
    this.systems = new Systems(checkout);
  }

  /** Edits the stack's file and brings the stack up with it; returns the seconds that this took. */
  async edit(sampling: Sampling): Promise<number> {
    this.checkout.writeConfig({ ...this.own, "tracing:sampling": sampling });
    return this.up();
  }

  /** Undoes all edits. */
  async restore(): Promise<void> {
    this.checkout.writeConfig(this.own);
    await this.up();
  }

  /** A folder with the Collector's config as the running container has it. */
  running(): string {
    const folder = join(scratch, "running");
    mkdirSync(folder, { recursive: true });
    const source = `${this.checkout.container("otel-collector")}:${paths.config}/${files.collector}`;
    execFileSync("docker", ["cp", source, join(folder, files.collector)]);
    return folder;
  }

  /** The text of that config. */
  collectorConfig(): string {
    return readFileSync(join(this.running(), files.collector), "utf8");
  }

  /** Sends spans of every kind, waits until they are decided and stored, and returns what was predicted and what is stored. */
  async sendAndPredict(seed: number): Promise<{ sending: Sending; expected: Prediction; hits: StoredSource[] }> {
    const wait = Number(/decision_wait: (\d+)s/.exec(this.collectorConfig())?.[1]);
    const sending = briefTraces(seed);
    const given: Request[] = [
      ...sending.first.map((body) => ({ at: 0, body })),
      ...sending.late.map((body) => ({ at: wait + late, body })),
    ];
    const expected = predicted([this.running()], given)[0]!;
    for (const body of sending.first) await this.send(body);
    await sleep((wait + late) * 1000);
    for (const body of sending.late) await this.send(body);
    const ids = [...sending.spans.keys()];
    const spans = [...sending.spans].flatMap(([id, own]) => (expected[id] === null ? [] : [...own.first, ...own.late]));
    await eventually("the predicted spans", 60, async () => ((await this.stored(ids)).length >= spans.length ? true : undefined)).catch(
      () => undefined, // what is missing is said by the tests
    );
    await sleep(3000);
    return { sending, expected, hits: await this.stored(ids) };
  }

  /** Every document with a span of these traces. */
  private async stored(ids: readonly string[]): Promise<StoredSource[]> {
    await this.systems.elasticsearch("/jaeger-span-*/_refresh", "POST");
    const body = { size: 10_000, query: { terms: { traceID: ids } }, _source: ["traceID", "spanID", "tag"] };
    const { hits } = (await this.systems.elasticsearch("/jaeger-span-*/_search", "POST", body)) as {
      hits: { hits: { _source: StoredSource }[] };
    };
    return hits.hits.map(({ _source }) => _source);
  }

  private async send(body: object): Promise<void> {
    const url = `${this.checkout.url("otlp-http")}/v1/traces`;
    const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("partialSuccess")]);
  }

  private async up(): Promise<number> {
    const began = Date.now();
    await this.checkout.makes("up");
    return (Date.now() - began) / 1000;
  }
}

/** Defines the tests of prod's rules with another default: what is stored is what the oracle predicts, id by id. */
export function storesWhatIsPredicted(stack: SampledStack, rate: number, strategy: "span-ingest" | "trace-complete"): void {
  describe(`the rules of the brief with a default of ${rate} %`, () => {
    let result: Awaited<ReturnType<SampledStack["sendAndPredict"]>>;
    let config = "";
    beforeAll(async () => {
      await stack.edit({ ...stack.brief, default: rate });
      config = stack.collectorConfig();
      result = await stack.sendAndPredict(rate);
    });

    it(`decides by ${strategy}, and keeps exactly the traces that the oracle predicts`, () => {
      const { sending, expected, hits } = result;
      expect(config).toContain(`sampling_strategy: ${strategy}`);
      const ids = [...sending.spans.keys()];
      expect(new Set(ids).size).toBe(traceCount);
      const kept = ids.filter((id) => expected[id] !== null);
      expect([...new Set(hits.map(({ traceID }) => traceID))].sort()).toEqual([...kept].sort());
      // Neither all nor nothing, so that the comparison says something.
      expect(kept.length).toBeLessThan(ids.length);
      expect(kept.length).toBeGreaterThan(ids.length / 2);
    });

    it("keeps each of them whole, late spans too, and once", () => {
      const { sending, expected, hits } = result;
      const found = hits.map(({ traceID, spanID }) => `${traceID} ${spanID}`).sort();
      const predictedSpans = [...sending.spans]
        .filter(([id]) => expected[id] !== null)
        .flatMap(([id, own]) => [...own.first, ...own.late].map((span) => `${id} ${span}`));
      expect(found).toEqual(predictedSpans.sort());
    });

    it("says on each of them which policy kept it", () => {
      const { expected, hits } = result;
      const named = new Map<string, Set<string>>();
      for (const { traceID, tag } of hits) {
        const policy = tag?.["sampling.policy".replaceAll(".", dotReplacement)];
        if (policy) named.set(traceID, (named.get(traceID) ?? new Set()).add(policy));
      }
      const kept = Object.entries(expected).filter(([, policy]) => policy !== null);
      expect(Object.fromEntries([...named].map(([id, names]) => [id, [...names]]))).toEqual(
        Object.fromEntries(kept.map(([id, policy]) => [id, [policy]])),
      );
    });
  });
}
