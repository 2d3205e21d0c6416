/**
 * Rung: oracle. A second opinion on sampling: a program in Python that was written from the Collector's and Jaeger's sources, and reads the
 * config files alone, must predict what the model promises, trace by trace.
 */
import { join } from "node:path";
import * as fc from "fast-check";
import { matches } from "../../configs/sampling/operations";
import { effectiveRate, rulesOf, samplingStrategy } from "../../configs/sampling";
import { parseSettings } from "../../configs/stack/parse";
import { stackConfig } from "../../render/record";
import { attributesOf, briefRate, environmentRates, namings, requests } from "../support/brief";
import { configFolder, headRates, predicted, python } from "../support/oracle";
import { hashOf, requestsOf, traceId } from "../support/otlp";
import { anyModel, anyTrace, type Span } from "../support/sampling-models";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import vectors from "../vectors/sampling.json";

jest.setTimeout(5 * 60_000);
const folder = temporaryFolder();

test("the oracle's own tests pass", () => {
  expect(python(["-m", "unittest", "-v"])).toMatch(/Ran \d+ tests[^]*OK/);
});

test("for any valid model and any trace, the oracle keeps what the effective rate says", () => {
  const models = fc.sample(anyModel, 60);
  const traces = fc.sample(anyTrace, 400);
  const settings = models.map((sampling) => ({ ...settingsWith(), sampling }));
  const folders = settings.map((one, i) => configFolder(join(folder(), String(i)), one));
  const predictions = predicted(folders, requestsOf(traces));
  for (const [i, model] of models.entries()) {
    const wrong = traces
      .map((spans, n) => ({ n, spans, is: predictions[i]![traceId(n)] !== null, should: hashOf(traceId(n)) < effectiveRate(model, spans) }))
      .filter(({ is, should }) => is !== should);
    expect({ model, wrong }).toEqual({ model, wrong: [] });
  }
  // Both ways of deciding are among the models, and each policy names what it is for.
  expect(new Set(models.map(samplingStrategy)).size).toBe(2);
  const named = new Set(predictions.flatMap((one) => Object.values(one)));
  expect(named).toContain("errors");
  expect(named).toContain("default");
});

test("the oracle matches operations as the shared vectors say", () => {
  const operations = [...new Set(vectors.requests.map(({ operation }) => operation))];
  const folders = operations.map((operation, i) =>
    configFolder(
      join(folder(), `vector-${i}`),
      settingsWith({ sampling: { default: 0, errors: 0, operations: [{ operation, percent: 100 }] } }),
    ),
  );
  const traces = vectors.requests.map(({ method, path }): Span[] => [
    {
      kind: "SERVER",
      root: true,
      failed: false,
      service: "web",
      duration: 0,
      attributes: { "http.request.method": method, "url.path": path },
    },
  ]);
  const predictions = predicted(folders, requestsOf(traces));
  const answers = vectors.requests.map((vector, n) => ({
    ...vector,
    matches: predictions[operations.indexOf(vector.operation)]![traceId(n)] !== null,
  }));
  expect(answers).toEqual(vectors.requests);
});

test.each(Object.keys(environmentRates) as (keyof typeof environmentRates)[])(
  "with the rates of Pulumi.%s.yaml, the oracle keeps the brief's requests at the brief's rates",
  (stack) => {
    const { sampling } = parseSettings(stack, stackConfig(stack));
    const asked = requests.flatMap((request) => namings.map((naming) => ({ request, naming, rate: briefRate(stack, request) })));
    const copies = 40;
    const traces = asked.flatMap(({ request, naming }): Span[][] =>
      Array.from({ length: copies }, () => [
        { kind: "SERVER", root: true, failed: false, service: "thebot-platform", duration: 5, attributes: attributesOf(request, naming) },
      ]),
    );
    const prediction = predicted([configFolder(join(folder(), stack), { ...settingsWith(), sampling })], requestsOf(traces))[0]!;
    const kept = traces.map((_, n) => prediction[traceId(n)] !== null);
    expect(kept).toEqual(traces.map((_, n) => hashOf(traceId(n)) < asked[Math.floor(n / copies)]!.rate));
    expect(prediction[traceId(copies * asked.findIndex(({ request }) => request.path === "/api/payments/charge/9"))]).toBe(
      stack === "dev" ? "default" : "POST /api/payments/**",
    );
  },
);

test("for any valid model, SDKs that poll send everything while the Collector decides", () => {
  for (const [i, sampling] of fc.sample(anyModel, 20).entries()) {
    const questions = [
      ...rulesOf(sampling).map(({ service, name }) => ({ service: service ?? "any", span: name })),
      { service: "a", span: "b" },
    ];
    const rates = headRates(configFolder(join(folder(), `head-${i}`), { ...settingsWith(), sampling }), questions);
    expect(new Set(rates)).toEqual(new Set([1]));
  }
});

test("where the application decides, SDKs have the effective rate of each request that has a name", () => {
  const models = fc.sample(anyModel, 30).map((model) => ({ ...model, decide: "app" as const }));
  for (const [i, sampling] of models.entries()) {
    const asked = ["web", "payments.v2", "other"].flatMap((service) =>
      ["GET /a", "POST /a", "GET /b/2/3", "POST /b.c/", "GET /"].map((text) => ({ service, text })),
    );
    // A request that only wildcards match has no name, and so the default rate; the losses say so. Where it has one, all rules hold for it.
    const named = { ...sampling, ...withoutWildcards(sampling) };
    const hasName = (service: string, text: string) =>
      [...named.services.flatMap((one) => (one.service === service ? one.operations : [])), ...named.operations].some(({ operation }) =>
        matches(operation, ...(text.split(" ") as [string, string])),
      );
    const rates = headRates(
      configFolder(join(folder(), `app-${i}`), { ...settingsWith(), sampling }),
      asked.map(({ service, text }) => ({ service, span: text })),
    );
    expect(rates).toEqual(
      asked.map(({ service, text }) => {
        const [method = "", path = ""] = text.split(" ");
        const attributes = { "http.request.method": method, "url.path": path };
        return (
          effectiveRate(hasName(service, text) ? sampling : named, [
            { kind: "SERVER", root: true, failed: true, duration: 1e6, service, attributes },
          ]) / 100
        );
      }),
    );
  }
});

type Model = Parameters<typeof effectiveRate>[0];
const withoutWildcards = ({ operations, services }: Model): Pick<Model, "operations" | "services"> => {
  const plain = (list: Model["operations"]) =>
    list.filter(({ operation }) => !operation.text.includes("*") && !operation.text.includes("<"));
  return { operations: plain(operations), services: services.map((one) => ({ ...one, operations: plain(one.operations) })) };
};
