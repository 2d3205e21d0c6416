/** The short form of a preview: what changes in each component, in the stack's outputs, and which policies refuse it. */
import { table } from "../terminal/output";

/** An event of Pulumi's engine (`pulumi preview --event-log`, a JSON object a line), as far as it is read here. */
export interface EngineEvent {
  readonly resourcePreEvent?: { readonly metadata: Step };
  readonly resOutputsEvent?: { readonly metadata: Step };
  readonly diagnosticEvent?: { readonly severity: string; readonly message: string };
  readonly policyEvent?: { readonly policyName: string; readonly message: string; readonly resourceUrn?: string };
}

interface Step {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly diffs?: readonly string[] | null;
  readonly old?: State | null;
  readonly new?: State | null;
}

interface State {
  readonly parent?: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

const stackType = "pulumi:pulumi:Stack";
/** The operations to count, in the order of the columns. The two halves of a replacement are counted once, as `replace`. */
const operations = ["create", "update", "replace", "delete"] as const;

/** The events of an event log. A last line that is cut off is left out: the CLI may have been interrupted. */
export function parseEvents(log: string): EngineEvent[] {
  return log.split("\n").flatMap((line) => {
    try {
      return line.trim() ? [JSON.parse(line) as EngineEvent] : [];
    } catch {
      return [];
    }
  });
}

/** The summary, as lines of text: errors, warnings and refused policies first, then resources by component, then outputs. */
export function previewSummary(events: readonly EngineEvent[]): string {
  const steps = events.flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? []);
  const changes = steps.filter(({ op, type }) => (operations as readonly string[]).includes(op) && type !== stackType);
  const sections = [
    ...errors(events),
    ...warnings(events),
    ...policies(events),
    changes.length > 0 ? countsByComponent(changes) : "resources: no change",
    ...changes.filter(({ op }) => op !== "create").map(changeLine),
    ...outputChanges(events),
  ];
  return sections.join("\n");
}

const errors = (events: readonly EngineEvent[]): string[] =>
  unique(
    events.flatMap(({ diagnosticEvent: event }) => (event?.severity.startsWith("error") ? [`error: ${plain(event.message).trim()}`] : [])),
  );

/** The program's own warnings, which are about settings. Those of the CLI and of plugins are left out. */
const warnings = (events: readonly EngineEvent[]): string[] =>
  unique(
    events.flatMap(({ diagnosticEvent: event }) => {
      const message = event?.severity === "warning" ? plain(event.message).trim() : "";
      return message.startsWith("tracing:") ? [`warning: ${message}`] : [];
    }),
  );

const policies = (events: readonly EngineEvent[]): string[] =>
  unique(
    events.flatMap(({ policyEvent: event }) => {
      if (!event) return [];
      const subject = event.resourceUrn === undefined ? "" : ` (${nameOf(event.resourceUrn)})`;
      return [`policy ${event.policyName}${subject}: ${plain(event.message).trim()}`];
    }),
  );

/** One row for each component that changes, and a sum. */
function countsByComponent(changes: readonly Step[]): string {
  const components = unique(changes.map(componentOf)).sort();
  const counts = (steps: readonly Step[]) => operations.map((operation) => String(steps.filter(({ op }) => op === operation).length));
  return table([
    ["component", ...operations],
    ...components.map((component) => [component, ...counts(changes.filter((step) => componentOf(step) === component))]),
    ["all", ...counts(changes)],
  ]);
}

const changeLine = (step: Step): string =>
  `${step.op} ${componentOf(step)}: ${step.type.split(":").pop() ?? ""} ${nameOf(step.urn)}${step.diffs?.length ? ` (${step.diffs.join(", ")})` : ""}`;

/** The name of the component that a resource belongs to; a component belongs to itself. */
function componentOf({ urn, type, old, new: next }: Step): string {
  const parent = next?.parent ?? old?.parent ?? "";
  const component = type.startsWith("tracing:") || !parent.includes("::tracing:") ? urn : parent;
  return nameOf(component).replace(/^tracing-/, "");
}

/** What changes in the stack's outputs, a line for each value. A new stack has none to compare with. */
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

const nameOf = (urn: string): string => urn.split("::").pop() ?? urn;

/** A message without the CLI's colour directives, such as `<{%reset%}>`. */
const plain = (text: string): string => text.replace(/<\{%[^%]*%\}>/g, "");

const unique = (values: readonly string[]): string[] => [...new Set(values)];
