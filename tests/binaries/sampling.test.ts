/** Rung: binaries. The Collector's own tail_sampling keeps the traces that the model says, by the policies that follow from it. */
import * as fc from "fast-check";
import { matches, parseOperation } from "../../configs/sampling/operations";
import { samplingStrategy, tailPolicies } from "../../configs/sampling";
import { parseSettings } from "../../configs/stack/parse";
import { stackConfig } from "../../render/record";
import { attributesOf, briefRate, environmentRates, namings, requests } from "../support/brief";
import { anyModel, anyTrace, expected, type Span } from "../support/sampling-models";
import { samplingProcessors } from "../../configs/collector/tail-sampling";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import vectors from "../vectors/sampling.json";
import { hashOf, traceId } from "../support/otlp";
import { keptBy } from "./support/tail-sampling";

jest.setTimeout(5 * 60_000);
const folder = temporaryFolder();

test("every operation of the shared vectors matches the same requests as here", async () => {
  const operations = [...new Set(vectors.requests.map(({ operation }) => operation))];
  const samplers = operations.map((operation) => {
    const { sampling } = settingsWith({ sampling: { default: 0, errors: 0, operations: [{ operation, percent: 100 }] } });
    return { policies: tailPolicies(sampling), strategy: samplingStrategy(sampling) };
  });
  const requests = vectors.requests.map(({ method, path }) => ({ method, path }));
  const traces = requests.map(({ method, path }): Span[] => [
    {
      kind: "SERVER",
      failed: false,
      root: true,
      service: "web",
      duration: 0,
      attributes: { "http.request.method": method, "url.path": path },
    },
  ]);
  const kept = await keptBy(samplers, traces, folder());
  for (const [i, operation] of operations.entries()) {
    const answers = requests.map(({ method, path }, n) => ({ operation, method, path, matches: kept[i]!.has(traceId(n)) }));
    expect(answers).toEqual(
      answers.map((answer) => ({ ...answer, matches: matches(parseOperation(operation)!, answer.method, answer.path) })),
    );
  }
});

test("each stack file keeps the brief's requests at the brief's rates, however their attributes are named", async () => {
  const stacks = Object.keys(environmentRates) as (keyof typeof environmentRates)[];
  const samplers = stacks.map((stack) => {
    const { sampling } = parseSettings(stack, stackConfig(stack));
    return { policies: tailPolicies(sampling), strategy: samplingStrategy(sampling) };
  });
  const asked = requests.flatMap((request) => namings.map((naming) => ({ request, naming })));
  const copies = 10;
  const traces = asked.flatMap(({ request, naming }): Span[][] =>
    Array.from({ length: copies }, () => [
      { kind: "SERVER", failed: false, root: true, service: "web", duration: 5, attributes: attributesOf(request, naming) },
    ]),
  );
  const kept = await keptBy(samplers, traces, folder());
  for (const [i, stack] of stacks.entries()) {
    const wrong = traces
      .map((_, n) => ({ n, ...asked[Math.floor(n / copies)]! }))
      .map((one) => ({ ...one, is: kept[i]!.has(traceId(one.n)), should: hashOf(traceId(one.n)) < briefRate(stack, one.request) }))
      .filter(({ is, should }) => is !== should);
    expect({ stack, wrong }).toEqual({ stack, wrong: [] });
  }
});

test("any model keeps exactly its traces, whatever spans they hold and in whatever order these arrive", async () => {
  // A fixed seed: the Collector is not run again for each smaller example.
  const models = fc.sample(anyModel, { seed: 7, numRuns: 30 });
  const traces = fc.sample(anyTrace, { seed: 8, numRuns: 300 });
  const samplers = models.map((model) => ({ policies: tailPolicies(model), strategy: samplingStrategy(model) }));
  expect(new Set(samplers.map(({ strategy }) => strategy)).size).toBe(2);
  const kept = await keptBy(samplers, traces, folder());
  for (const [i, model] of models.entries()) {
    const wrong = traces
      .map((spans, n) => ({ n, spans, is: kept[i]!.has(traceId(n)), should: expected(model, spans, hashOf(traceId(n))) }))
      .filter(({ is, should }) => is !== should);
    expect({ model, wrong }).toEqual({ model, wrong: [] });
  }
});

test("two Collectors that get the same spans in other orders and batches keep the same traces", async () => {
  const models = fc.sample(anyModel, { seed: 9, numRuns: 20 });
  const traces = fc.sample(anyTrace, { seed: 10, numRuns: 300 });
  const samplers = models.map((model) => ({ policies: tailPolicies(model), strategy: samplingStrategy(model) }));
  const one = await keptBy(samplers, traces, folder());
  // What came first comes last, and shares its request with spans of other traces.
  const other = await keptBy(
    samplers,
    traces.map((spans) => [...spans].reverse()),
    folder(),
  );
  expect(other).toEqual(one);
});

test("a cap cuts traces without an error, whole, and lets every error pass", async () => {
  const cap = 100;
  const settings = settingsWith({ sampling: { cap } });
  const span: Span = { kind: "SERVER", failed: false, root: true, service: "web", duration: 0, attributes: {} };
  const child: Span = { ...span, kind: "CLIENT", root: false };
  const errors = 60;
  const traces = Array.from({ length: 600 }, (_, n) => [child, child, child, { ...span, failed: n % 10 === 0 }]);
  const [kept] = await keptBy([samplingProcessors(settings)], traces, folder());
  const isError = (n: number) => n % 10 === 0;
  const ids = traces.map((_, n) => n).filter((n) => kept!.has(traceId(n)));
  expect(ids.filter(isError)).toHaveLength(errors);
  // All are decided at once, when the Collector stops: the burst, and what comes in within the seconds that this takes.
  const others = ids.filter((n) => !isError(n)).length * 4;
  expect(others).toBeGreaterThan(0);
  expect(others).toBeLessThanOrEqual(2 * cap + 5 * cap);
});
