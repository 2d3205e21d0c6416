/**
 * Rung: unit. The Django package moves to the stable attribute names in two releases: sampling rules, searches and dashboards work with its
 * spans before (`old`), in the release that has both (`http/dup`), and after (`http`). The package's test_upgrade.py records the spans.
 */
import { effectiveRate, tailPolicies } from "../../../configs/sampling";
import { parseSettings } from "../../../configs/stack/parse";
import { stackConfig } from "../../../render/record";
import { queriesOf, readingOf } from "../../support/dashboards";
import type { Span } from "../../support/sampling-models";
import { kept } from "../support/tail-sampling";
import records from "../../vectors/django-requests.json";

const stacks = ["dev", "staging", "prod"] as const;
const namings = ["old", "http/dup", "http"] as const;
const texts = (attributes: object) => Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, String(value)]));
const span = (attributes: object): Span => ({
  kind: "SERVER",
  root: true,
  failed: false,
  service: "thebot-platform",
  duration: 5,
  attributes: texts(attributes),
});

describe.each(stacks)("the stack %s", (stack) => {
  const settings = parseSettings(stack, stackConfig(stack));

  test.each(records)("samples $name at one rate under all names", ({ attributes }) => {
    const rates = namings.map((naming) => effectiveRate(settings.sampling, [span(attributes[naming])]));
    expect(new Set(rates).size).toBe(1);
    const [rate = 0] = rates;
    const policies = tailPolicies(settings.sampling);
    for (const naming of namings) {
      expect(kept(policies, [span(attributes[naming])], rate - 0.01)).toBe(true);
      expect(kept(policies, [span(attributes[naming])], rate)).toBe(rate === 100);
    }
  });

  test.each(records)("finds $name by each tag that can be searched, before and after", ({ attributes }) => {
    const both = texts(attributes["http/dup"]);
    for (const naming of ["old", "http"] as const) {
      const found = Object.entries(texts(attributes[naming])).filter(([key]) => settings.jaeger.tags.includes(key));
      expect(found.length).toBeGreaterThanOrEqual(4);
      expect(found.filter(([key, value]) => both[key] !== value)).toEqual([]);
    }
  });

  test("has no dashboard that reads a request's attribute of applications", () => {
    const names = records.flatMap(({ attributes }) => namings.flatMap((naming) => Object.keys(attributes[naming])));
    const ofRequests = new Set(names.map((name) => name.replaceAll(".", "_")));
    const reading = queriesOf(settings).filter(({ query }) => readingOf(query.expr).labels.some((label) => ofRequests.has(label)));
    // One reads a metric of that name of the Collector's own.
    expect(reading.filter(({ query }) => !query.expr.includes('{job="otel-collector"'))).toEqual([]);
    expect(queriesOf(settings).length).toBeGreaterThan(20);
  });
});

test("a rule decides about some of the requests, so that equal rates mean something", () => {
  const { sampling } = parseSettings("prod", stackConfig("prod"));
  const rates = records.map(({ attributes }) => effectiveRate(sampling, [span(attributes.old)]));
  expect(new Set(rates).size).toBeGreaterThan(1);
});

test.each(records)("$name keeps each old attribute, with its value, in the release between", ({ attributes }) => {
  expect(attributes["http/dup"]).toMatchObject(attributes.old);
  expect(attributes["http/dup"]).toMatchObject(attributes.http);
});
