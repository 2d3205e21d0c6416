import { parseDocument, visit } from "yaml";

/** A config file as plain values. A file that is no YAML, or has a key twice, fails. */
export function parsed<T>(text: string): T {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw document.errors[0]!;
  return document.toJS() as T;
}

/** Maps whose keys are not sorted, as their keys. */
export function unsortedMaps(text: string): string[][] {
  const found: string[][] = [];
  visit(parseDocument(text), {
    Map(_key, node) {
      const keys = node.items.map((item) => String(item.key));
      if (keys.some((key, i) => i > 0 && key < keys[i - 1]!)) found.push(keys);
    },
  });
  return found;
}

/** Everything that looks like a port behind a host, sorted, each once. */
export function portsIn(text: string): number[] {
  const found = [...text.matchAll(/[A-Za-z0-9]:(\d{4,5})\b|\bport: (\d+)/g)].map((match) => Number(match[1] ?? match[2]));
  return [...new Set(found)].sort((a, b) => a - b);
}

interface Pipeline {
  readonly receivers: string[];
  readonly processors: string[];
  readonly exporters: string[];
}

/** The config of a Collector, or of Jaeger, which is one. */
export interface CollectorFile {
  readonly receivers: Record<string, unknown>;
  readonly processors?: Record<string, unknown>;
  readonly exporters: Record<string, unknown>;
  readonly connectors?: Record<string, unknown>;
  readonly extensions: Record<string, unknown>;
  readonly service: { readonly extensions: string[]; readonly pipelines: Record<string, Pipeline>; readonly telemetry: unknown };
}

/** Components that pipelines use without a definition, and defined ones that no pipeline uses. */
export function loose(file: CollectorFile): string[] {
  const pipelines = Object.values(file.service.pipelines);
  const used = (kind: keyof Pipeline) => new Set(pipelines.flatMap((pipeline) => pipeline[kind]));
  const connectors = Object.keys(file.connectors ?? {});
  const compare = (kind: string, defined: readonly string[], names: ReadonlySet<string>) => [
    ...[...names].filter((name) => !defined.includes(name)).map((name) => `${kind} ${name} is not defined`),
    ...defined.filter((name) => !names.has(name)).map((name) => `${kind} ${name} is not used`),
  ];
  return [
    ...compare("receiver", [...Object.keys(file.receivers), ...connectors], used("receivers")),
    ...compare("processor", Object.keys(file.processors ?? {}), used("processors")),
    ...compare("exporter", [...Object.keys(file.exporters), ...connectors], used("exporters")),
    ...compare("extension", Object.keys(file.extensions), new Set(file.service.extensions)),
  ];
}
