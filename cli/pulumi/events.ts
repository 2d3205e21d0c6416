/** Events of Pulumi's engine. */
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { since } from "../terminal/output";

/** A message without the CLI's colour directives, such as `<{%reset%}>`. */
export const plain = (text: string): string => text.replace(/<\{%[^%]*%\}>/g, "").trim();

/** The name of a resource. */
export const nameOf = (urn: string): string => urn.split("::").pop() ?? urn;

export const unique = (values: readonly string[]): string[] => [...new Set(values)];

/** The errors, each once, with the resource that it is about. */
export const errors = (events: readonly EngineEvent[]): string[] =>
  unique(
    events.flatMap(({ diagnosticEvent: event }) => {
      if (!event?.severity.startsWith("error")) return [];
      const subject = event.urn && !event.urn.includes("pulumi:pulumi:Stack::") ? `${nameOf(event.urn)}: ` : "";
      return [`error: ${subject}${plain(event.message)}`];
    }),
  );

/** Words for a container, by operation. A replacement is two operations; only the new container is reported. */
const done: Readonly<Record<string, string>> = {
  create: "created",
  update: "updated",
  delete: "deleted",
  "create-replacement": "replaced",
};

/** Tells of each container that is done, with the time that it took. */
export function containerTeller(tell: (text: string) => void): (event: EngineEvent) => void {
  const begun = new Map<string, number>();
  return ({ resourcePreEvent, resOutputsEvent }) => {
    if (resourcePreEvent) begun.set(resourcePreEvent.metadata.urn, Date.now());
    if (!resOutputsEvent) return;
    const { urn, op, type } = resOutputsEvent.metadata;
    const [verb, name, start] = [done[op], nameOf(urn), begun.get(urn)];
    if (type !== "docker:index/container:Container" || verb === undefined || start === undefined || name.endsWith("-upload")) return;
    tell(`${verb} ${name} (${since(start)})`);
  };
}

/** The operations as people count them. */
const counted: Readonly<Record<string, string>> = {
  create: "created",
  update: "updated",
  delete: "deleted",
  replace: "replaced",
  same: "unchanged",
};

/** How many resources changed, on one line. */
export function resourceCounts(events: readonly EngineEvent[]): string {
  const changes = Object.entries(events.findLast(({ summaryEvent }) => summaryEvent)?.summaryEvent?.resourceChanges ?? {});
  const counts = changes.filter(([op, count]) => op in counted && count > 0).map(([op, count]) => `${count} ${counted[op] ?? ""}`);
  return `resources: ${counts.join(", ") || "none"}`;
}
