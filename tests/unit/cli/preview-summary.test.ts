/** Rung: unit. The summary of a preview: what it counts, what it names, and what it leaves out. */
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { previewSummary } from "../../../cli/pulumi/preview-summary";

const stack = "urn:pulumi:dev::tracing::pulumi:pulumi:Stack::tracing-dev";
const root = "urn:pulumi:dev::tracing::tracing:components:TracingStack::tracing";
const collector = "urn:pulumi:dev::tracing::tracing:components:TracingStack$tracing:components:Collector::tracing-otel-collector";
const container = "docker:index/container:Container";

/** An event of the parts that are read. */
const event = (parts: object) => parts as EngineEvent;
const step = (op: string, name: string, more: object = {}) =>
  event({
    resourcePreEvent: {
      metadata: { op, urn: `urn:pulumi:dev::tracing::${container}::${name}`, type: container, new: { parent: collector }, ...more },
    },
  });
const outputs = (before: Record<string, unknown> | undefined, after: Record<string, unknown>) =>
  event({
    resOutputsEvent: {
      metadata: { op: "same", urn: stack, type: "pulumi:pulumi:Stack", old: before && { outputs: before }, new: { outputs: after } },
    },
  });

test("a preview without changes is one line", () => {
  expect(previewSummary([step("same", "tracing-otel-collector"), outputs({ a: 1 }, { a: 1 })])).toBe("resources: no change");
});

test("a new stack is counted by component", () => {
  const events = [
    step("create", "tracing-dev", { urn: stack, type: "pulumi:pulumi:Stack", new: { parent: "" } }),
    step("create", "tracing-otel-collector", { urn: collector, type: "tracing:components:Collector", new: { parent: root } }),
    step("create", "tracing-otel-collector-config-upload"),
    step("create", "tracing-elasticsearch-password", { new: { parent: root } }),
    outputs(undefined, { retentionDays: 7 }),
  ];
  expect(
    previewSummary(events)
      .split("\n")
      .map((line) => line.split(/ +/)),
  ).toEqual([
    ["component", "create", "update", "replace", "delete"],
    ["otel-collector", "2", "0", "0", "0"],
    ["tracing", "1", "0", "0", "0"],
    ["all", "3", "0", "0", "0"],
  ]);
});

test("a changed resource has a line with its properties, and a replacement counts once", () => {
  const diffs = ["envs", "labels"];
  const lines = previewSummary([
    step("delete-replaced", "tracing-otel-collector"),
    step("replace", "tracing-otel-collector", { diffs }),
    step("create-replacement", "tracing-otel-collector", { diffs }),
    step("delete", "tracing-old", { new: null, old: { parent: collector } }),
  ]).split("\n");
  expect(lines.filter((line) => /^(replace|delete) /.test(line))).toEqual([
    "replace otel-collector: Container tracing-otel-collector (envs, labels)",
    "delete otel-collector: Container tracing-old",
  ]);
  expect(lines[1]?.split(/ +/)).toEqual(["otel-collector", "0", "0", "1", "1"]);
});

test("outputs are compared value by value, with the last that the engine said", () => {
  const before = { samplingRates: { "any other": "100 %", "GET /gone": "1 %" }, losses: [] };
  const after = { samplingRates: { "any other": "50 %" }, losses: ["one"] };
  expect(
    previewSummary([outputs(before, {}), outputs(before, after)])
      .split("\n")
      .slice(1),
  ).toEqual([
    'output samplingRates.any other: "100 %" => "50 %"',
    'output samplingRates.GET /gone: "1 %" => none',
    'output losses: [] => ["one"]',
  ]);
});

test("errors and policy violations come first, once each and without colours; warnings only if they are about settings", () => {
  const diagnostic = (severity: string, message: string) => event({ diagnosticEvent: { severity, message } });
  const broken = { policyName: "sampling-bounds", message: "<{%fg 1%}>too little<{%reset%}>\n", resourceUrn: stack };
  expect(
    previewSummary([
      diagnostic("warning", "old plugin"),
      diagnostic("warning", "<{%reset%}>tracing:alerts.receivers: there are none<{%reset%}>\n"),
      event({ policyEvent: broken }),
      event({ policyEvent: broken }),
      diagnostic("error", "<{%reset%}>preview failed<{%reset%}>\n"),
    ]).split("\n"),
  ).toEqual([
    "error: preview failed",
    "warning: tracing:alerts.receivers: there are none",
    "policy sampling-bounds (tracing-dev): too little",
    "resources: no change up to the error",
  ]);
});
