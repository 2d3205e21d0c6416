/** Rung: unit. What is told while Pulumi works, and of its end. */
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { containerTeller, errors, resourceCounts } from "../../../cli/pulumi/events";

/** An event of the parts that are read. */
const event = (parts: object) => parts as EngineEvent;
const urnOf = (name: string) => `urn:pulumi:dev::tracing::docker:index/container:Container::${name}`;
const stack = "urn:pulumi:dev::tracing::pulumi:pulumi:Stack::tracing-dev";

describe("a container that is done", () => {
  const told: string[] = [];
  const step = (op: string, name: string, type = "docker:index/container:Container") => {
    const tell = containerTeller((text) => told.push(text));
    const metadata = { op, urn: urnOf(name), type };
    tell(event({ resourcePreEvent: { metadata } }));
    tell(event({ resOutputsEvent: { metadata } }));
    return told.splice(0);
  };

  test.each([
    ["create", "created jaeger"],
    ["update", "updated jaeger"],
    ["delete", "deleted jaeger"],
    ["create-replacement", "replaced jaeger"],
  ])("after %s is told, with its time", (op, text) => {
    expect(step(op, "jaeger")).toEqual([expect.stringMatching(new RegExp(`^${text} \\(\\d+\\.\\d s\\)$`))]);
  });

  test.each(["same", "refresh", "delete-replaced", "replace", "read"])("after %s is not told", (op) => {
    expect(step(op, "jaeger")).toEqual([]);
  });

  test("that only takes files, or that is none, is not told", () => {
    expect(step("create", "jaeger-config-upload")).toEqual([]);
    expect(step("create", "jaeger", "docker:index/volume:Volume")).toEqual([]);
  });
});

test("errors are told once, with their resource and without colours; warnings are not", () => {
  const error = event({ diagnosticEvent: { severity: "error", message: "<{%fg 1%}>no such image<{%reset%}>\n", urn: urnOf("jaeger") } });
  expect(
    errors([
      error,
      error,
      event({ diagnosticEvent: { severity: "error", message: "update failed", urn: stack } }),
      event({ diagnosticEvent: { severity: "error", message: "no stack at all", urn: "" } }),
      event({ diagnosticEvent: { severity: "warning", message: "using a plugin from $PATH" } }),
    ]),
  ).toEqual(["error: jaeger: no such image", "error: update failed", "error: no stack at all"]);
});

test("the end says how many resources changed; the halves of a replacement are not counted", () => {
  const resourceChanges = { create: 2, same: 5, replace: 1, "create-replacement": 1, "delete-replaced": 1, update: 0 };
  expect(resourceCounts([event({ summaryEvent: { resourceChanges } }), event({})])).toBe("resources: 2 created, 5 unchanged, 1 replaced");
  expect(resourceCounts([])).toBe("resources: none");
});
