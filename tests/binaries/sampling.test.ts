/** Rung: binaries. The Collector's own tail_sampling keeps the traces that the model says, by the policies that follow from it. */
import * as fc from "fast-check";
import { matches, parseOperation } from "../../configs/operations";
import { samplingStrategy, tailPolicies } from "../../configs/sampling";
import { anyModel, anyTrace, expected, type Span } from "../support/sampling-models";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import vectors from "../vectors/sampling.json";
import { hashOf, keptBy, traceId } from "./support/tail-sampling";

const folder = temporaryFolder();

test("every operation of the shared vectors matches the same requests as here", async () => {
  const operations = [...new Set(vectors.requests.map(({ operation }) => operation))];
  const samplers = operations.map((operation) => {
    const { sampling } = settingsWith({ sampling: { default: 0, errors: 0, operations: [{ operation, percent: 100 }] } });
    return { policies: tailPolicies(sampling), strategy: samplingStrategy(sampling) };
  });
  const requests = vectors.requests.map(({ method, path }) => ({ method, path }));
  const traces = requests.map(({ method, path }): Span[] => [
    { kind: "SERVER", failed: false, root: true, attributes: { "http.request.method": method, "url.path": path } },
  ]);
  const kept = await keptBy(samplers, traces, folder());
  for (const [i, operation] of operations.entries()) {
    const answers = requests.map(({ method, path }, n) => ({ operation, method, path, matches: kept[i]!.has(traceId(n)) }));
    expect(answers).toEqual(
      answers.map((answer) => ({ ...answer, matches: matches(parseOperation(operation)!, answer.method, answer.path) })),
    );
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
