/** The short form of a preview: what changes in each component, in the stack's outputs, and which policies refuse it. */
import type { EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation";
import { table } from "../terminal/output";
import { errors, nameOf, plain, unique } from "./events";

const stackType = "pulumi:pulumi:Stack";
/** The operations to count, in the order of the columns. The two halves of a replacement are counted once, as `replace`. */
const operations = ["create", "update", "replace", "delete"] as const;

/** The summary, as lines of text: errors, warnings and refused policies first, then resources by component, then outputs. */
export function previewSummary(events: readonly EngineEvent[]): string {
  const steps = events.flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? []);
  const changes = steps.filter(({ op, type }) => (operations as readonly string[]).includes(op) && type !== stackType);
  const failures = errors(events);
  const unchanged = failures.length > 0 ? "resources: no change up to the error" : "resources: no change";
  const sections = [
    ...failures,
    ...warnings(events),
    ...policies(events),
    changes.length > 0 ? countsByComponent(changes.map((change) => ({ op: change.op, component: componentOf(change) }))) : unchanged,
    ...changes.filter(({ op }) => op !== "create").map(changeLine),
    ...outputChanges(events),
  ];
  return sections.join("\n");
}

/** The program's own warnings, which are about settings. Those of the CLI and of plugins are left out. */
const warnings = (events: readonly EngineEvent[]): string[] =>
  unique(
    events.flatMap(({ diagnosticEvent: event }) => {
      const message = event?.severity === "warning" ? plain(event.message) : "";
      return message.startsWith("tracing:") ? [`warning: ${message}`] : [];
    }),
  );

const policies = (events: readonly EngineEvent[]): string[] =>
  unique(
    events.flatMap(({ policyEvent: event }) => {
      if (!event) return [];
      const subject = event.resourceUrn === undefined ? "" : ` (${nameOf(event.resourceUrn)})`;
      return [`policy ${event.policyName}${subject}: ${plain(event.message)}`];
    }),
  );

/** One row for each component that changes, and a sum. */
export function countsByComponent(changes: readonly { readonly op: string; readonly component: string }[]): string {
  const counts = (of: typeof changes) => operations.map((operation) => String(of.filter(({ op }) => op === operation).length));
  const components = unique(changes.map(({ component }) => component)).sort();
  return table([
    ["component", ...operations],
    ...components.map((name) => [name, ...counts(changes.filter(({ component }) => component === name))]),
    ["all", ...counts(changes)],
  ]);
}

const changeLine = (step: StepEventMetadata): string =>
  `${step.op} ${componentOf(step)}: ${step.type.split(":").pop() ?? ""} ${nameOf(step.urn)}${step.diffs?.length ? ` (${step.diffs.join(", ")})` : ""}`;

/** The name of the component that a resource belongs to; a component belongs to itself. */
function componentOf({ urn, type, old, new: next }: StepEventMetadata): string {
  const parent = next?.parent ?? old?.parent ?? "";
  const component = type.startsWith("tracing:") || !parent.includes("::tracing:") ? urn : parent;
  return nameOf(component).replace(/^tracing-/, "");
}

/** Changes of the stack's outputs, one line per value. Empty for a new stack. */
function outputChanges(events: readonly EngineEvent[]): string[] {
  const last = events.flatMap(({ resOutputsEvent: event }) => (event?.metadata.type === stackType ? event.metadata : [])).at(-1);
  if (!last?.old?.outputs || !last.new?.outputs) return [];
  const [before, after] = [flatten(last.old.outputs), flatten(last.new.outputs)];
  return unique([...Object.keys(before), ...Object.keys(after)])
    .filter((key) => before[key] !== after[key])
    .map((key) => `output ${key}: ${before[key] ?? "none"} => ${after[key] ?? "none"}`);
}

/** Values by their path, such as `samplingRates.any other`. A secret is one value, which the CLI has masked. */
function flatten(value: unknown, path = ""): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { [path]: JSON.stringify(value) };
  return Object.assign({}, ...Object.entries(value).map(([key, part]) => flatten(part, path ? `${path}.${key}` : key))) as Record<
    string,
    string
  >;
}
