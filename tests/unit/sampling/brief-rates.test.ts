/** Rung: unit. Each stack file keeps the brief's requests at the brief's rates, however instrumentations name their attributes. */
import { matches, parseOperation } from "../../../configs/sampling/operations";
import { applicationService, effectiveRate, serviceModel, tailPolicies } from "../../../configs/sampling";
import { parseSettings } from "../../../configs/stack/parse";
import { stackConfig } from "../../../render/record";
import { attributesOf, briefRate, environmentRates, namings, requests, type BriefRequest } from "../../support/brief";
import type { Span } from "../../support/sampling-models";
import { kept } from "../support/tail-sampling";

const stacks = Object.keys(environmentRates) as (keyof typeof environmentRates)[];
const server = (attributes: Span["attributes"], failed = false): Span => ({
  kind: "SERVER",
  root: true,
  failed,
  service: "thebot-platform",
  duration: 5,
  attributes,
});
const described = ({ method, path }: BriefRequest) => `${method} ${path}`;

describe.each(stacks)("the model of Pulumi.%s.yaml", (stack) => {
  const { sampling } = parseSettings(stack, stackConfig(stack));
  const policies = tailPolicies(sampling);

  describe.each(namings)("with %s attributes", (naming) => {
    test.each(requests.map((request) => ({ ...request, name: described(request), rate: briefRate(stack, request) })))(
      "keeps $rate % of $name",
      ({ rate, ...request }) => {
        const span = server(attributesOf(request, naming));
        expect(effectiveRate(sampling, [span])).toBe(rate);
        // Exactly that share: the trace whose hash lies just below the rate is kept, the one at the rate is not.
        expect(kept(policies, [span], rate - 0.01)).toBe(true);
        expect(kept(policies, [span], rate)).toBe(rate === 100);
      },
    );

    test("keeps every request that fails", () => {
      const rates = requests.map((request) => effectiveRate(sampling, [server(attributesOf(request, naming), true)]));
      expect(new Set(rates)).toEqual(new Set([100]));
    });
  });
});

test.each(stacks)("applications of %s record the admin, because a rule names it", (stack) => {
  const { operations } = serviceModel(parseSettings(stack, stackConfig(stack)).sampling, applicationService);
  const recorded = operations.flatMap(({ operation, percent }) => (percent > 0 ? [parseOperation(operation)!] : []));
  const admin = requests.filter(({ operation }) => operation === "GET /admin/*");
  expect(admin.length).toBeGreaterThan(1);
  expect(admin.filter(({ method, path }) => !recorded.some((operation) => matches(operation, method, path)))).toEqual([]);
});

test.each(["staging", "prod"])("each operation of Pulumi.%s.yaml is one of the brief, and none is missing", (stack) => {
  const { operations } = parseSettings(stack, stackConfig(stack)).sampling;
  const asked = new Map(requests.flatMap(({ operation, percent }) => (operation === undefined ? [] : [[operation, percent]])));
  // The brief's `*` is everything below, which is `**` here.
  const found = operations.map(({ operation, percent }) => [operation.text.replace("**", "*"), percent] as const);
  expect(new Map(found)).toEqual(asked);
});

test("an operation with one * does not match all that the brief's * means", () => {
  const { sampling } = parseSettings("prod", {
    ...stackConfig("prod"),
    "tracing:sampling": JSON.stringify({ default: 10, operations: [{ operation: "POST /api/payments/*", percent: 100 }] }),
  });
  const [rule] = sampling.operations;
  const missed = requests.filter(
    ({ operation, method, path }) => operation === "POST /api/payments/*" && !matches(rule!.operation, method, path),
  );
  expect(missed.map(described)).toContain("POST /api/payments/charge/9");
});
