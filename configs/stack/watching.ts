/** The groups of settings about how well the stack does its work: the canary, and objectives. */
import * as z from "zod";
import { anyText, flag, leaf, seconds } from "./units";

const canary = z
  .strictObject({
    enabled: flag()
      .optional()
      .describe(
        "Whether a canary sends known traces and searches for them in Jaeger. Default: true, unless `jaeger.ingress` is set: the canary cannot log in.",
      ),
    interval: seconds("5s", "1m").prefault("15s").describe("Time between two traces of the canary."),
  })
  .prefault({});

/** Objectives that leave no room for any error cannot be kept; below 90 %, an alert on how fast the room is used up could not fire. */
const bounds = { least: 90, most: 99.99 } as const;

/** Percent, two decimals at most. */
const objective = () =>
  leaf(
    `a percentage from ${bounds.least} to ${bounds.most} with at most two decimals`,
    (input) => {
      const text = typeof input === "number" || typeof input === "string" ? String(input) : "";
      const value = /^\d\d(\.\d{1,2})?$/.test(text) ? Number(text) : NaN;
      return value >= bounds.least && value <= bounds.most ? value : undefined;
    },
    { editor: anyText },
  );

const objectives = z
  .strictObject({
    completeness: objective()
      .prefault(99.9)
      .describe("Target: percentage of the spans to be kept, and of the canary's traces, that are stored."),
    freshness: objective()
      .prefault(95)
      .describe(
        "Target: percentage of the canary's traces that are found in time: decision wait, Elasticsearch's refresh and one second together.",
      ),
    queries: objective().prefault(99).describe("Target: percentage of Jaeger's reads, and of the canary's queries, that succeed."),
  })
  .prefault({});

/** By group. */
export const watching = {
  canary: canary.describe("The canary, which sends known traces and searches for them."),
  objectives: objectives.describe("Service level objectives of the stack, which ErrorBudgetBurn watches."),
} as const;
