/** How a rendered stack differs from another: by component, as a preview of Pulumi tells it. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { serviceNames } from "../../configs/topology/topology";
import { countsByComponent } from "../pulumi/preview-summary";

/** The file of a stack on Docker. */
export const composeFile = "docker-compose.tracing.yml";

/** The summary where nothing changes. */
export const noDifference = "no difference";

/** Services, networks and volumes of a compose file, or objects of manifests, by what they are called. */
type Parts = ReadonlyMap<string, { readonly component: string; readonly content: string }>;

/** Parts of a folder of rendered files. */
export function partsOf(folder: string): Parts {
  const files = readdirSync(folder).filter((file) => /\.ya?ml$/.test(file));
  const read = (file: string) => readFileSync(join(folder, file), "utf8");
  return new Map(
    files.includes(composeFile) ? composeParts(read(composeFile)) : files.flatMap((file) => objectsOf(basename(file, ".yaml"), read(file))),
  );
}

type Entry = [string, { component: string; content: string }];

function composeParts(text: string): Entry[] {
  const sections = parse(text) as Record<string, Record<string, unknown>>;
  return Object.entries(sections).flatMap(([section, entries]) =>
    Object.entries(entries).map(([name, content]): Entry => [
      `${section.replace(/s$/, "")} ${name}`,
      { component: serviceOf(name) ?? "docker", content: JSON.stringify(content) },
    ]),
  );
}

/** The service that a name begins with: what prepares `elasticsearch-setup` is no part of `elasticsearch`. */
function serviceOf(name: string): string | undefined {
  const own = name.replace(/^tracing-(secret-)?/, "");
  const found = serviceNames.filter((service) => own === service || own.startsWith(`${service}-`));
  return found.sort((one, other) => other.length - one.length)[0];
}

function objectsOf(component: string, text: string): Entry[] {
  return parseAllDocuments(text).flatMap((document): Entry[] => {
    const content = document.toJS() as { kind?: string; metadata?: { name?: string } } | null;
    return content?.kind
      ? [[`${content.kind} ${content.metadata?.name ?? ""}`.trim(), { component, content: JSON.stringify(content) }]]
      : [];
  });
}

/**
 * Changes as lines of text: counts by component, then a line for each part that is not new.
 *
 * @param before The current parts; empty for a new stack.
 */
export function changesSummary(before: Parts, after: Parts): string {
  const changes = [...new Set([...before.keys(), ...after.keys()])].flatMap((part) => {
    const [old, now] = [before.get(part), after.get(part)];
    if (old?.content === now?.content) return [];
    return [{ part, component: (now ?? old)?.component ?? "", op: old === undefined ? "create" : now === undefined ? "delete" : "update" }];
  });
  if (changes.length === 0) return noDifference;
  const lines = changes.filter(({ op }) => op !== "create").map(({ op, component, part }) => `${op} ${component}: ${part}`);
  return [countsByComponent(changes), ...lines.sort()].join("\n");
}
