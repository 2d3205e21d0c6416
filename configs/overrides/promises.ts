/** Parts of a program's config that a patch must not change, because the stack depends on them. */
import { isDeepStrictEqual } from "node:util";
import { files } from "../topology/ports";
import type { ServiceName } from "../topology/topology";
import { isGroup } from "../stack/units";
import { shown } from "../stack/shown";
import { rest } from "./merge";

/** A part of a config. A patch may add keys in it, but not change values that the stack sets, nor remove or reorder items of its lists. */
interface Kept {
  /** Keys from the top; `*` is any. */
  readonly path: readonly string[];
  /** What would break, as the end of a sentence: "…, as ". */
  readonly why: string;
}

const kept = (path: string, why: string): Kept => ({ path: path.split(" "), why });

const pipelines = [
  kept("service pipelines * receivers", "applications, and the services of the stack, send there"),
  kept("service pipelines * processors", "each of them does a part of what the stack promises, in that order"),
  kept("service pipelines * exporters", "spans and metrics would not arrive"),
  kept("service extensions", "health checks and queues are extensions"),
  kept("service telemetry metrics", "alerts read these metrics"),
];

const collector = [
  ...pipelines,
  kept("receivers", "addresses, and the size of requests, follow from other settings"),
  kept("processors", "limits, sampling and the memory limit follow from other settings"),
  kept("connectors", "span metrics are counted there"),
  kept("extensions", "the queue on disk and the health check are there"),
  kept("exporters load_balancing", "it brings the spans of a trace together, and must not send a batch twice"),
  kept("exporters otlp_grpc", "what is acknowledged waits in its queue until Jaeger takes it"),
  ...["prometheus", "prometheus/reports", "prometheus/tls", "prometheus/reports-tls"].map((name) =>
    kept(`exporters ${name}`, "Prometheus asks there"),
  ),
];

const jaeger = [
  ...pipelines,
  kept("receivers", "the Collector sends there"),
  kept("exporters", "they write to Elasticsearch"),
  kept("extensions", "storage, queries, logins and strategies are extensions"),
];

const prometheus = [
  kept("rule_files", "they hold the alerts"),
  kept("scrape_configs", "alerts read what is scraped"),
  kept("global", "alerts count on these intervals and names"),
  kept("alerting", "alerts are delivered there"),
];

const alertmanager = [
  kept("route", "alerts would not reach the receivers in `tracing:alerts`"),
  kept("receivers", "alerts would not reach the receivers in `tracing:alerts`"),
];

const perses = [
  kept("database", "it can write nowhere else, and what is not provisioned is gone at the next start"),
  kept("plugin", "it can write nowhere else"),
  kept("provisioning", "the dashboards come from there"),
  kept("security readonly", "what people change would be gone at the next start"),
];

/** The config file of a service, and what it must keep. Services that are not here have none to patch. */
const promises: Readonly<Partial<Record<ServiceName, { readonly file: string; readonly kept: readonly Kept[] }>>> = {
  "otel-collector": { file: files.collector, kept: collector },
  "otel-sampler": { file: files.collector, kept: collector },
  jaeger: { file: files.jaeger, kept: jaeger },
  "jaeger-collector": { file: files.jaeger, kept: jaeger },
  prometheus: { file: files.prometheus, kept: prometheus },
  alertmanager: { file: files.alertmanager, kept: alertmanager },
  perses: { file: files.perses, kept: perses },
};

/** Name of the file that a patch on a service's config changes; undefined where the service has none. */
export const patchedFile = (service: ServiceName): string | undefined => promises[service]?.file;

/** Services whose config takes a patch. */
export const patchable = Object.keys(promises) as readonly ServiceName[];

/** A problem of a patched config. */
export interface ConfigProblem {
  /** Keys from the top of the config. */
  readonly path: readonly string[];
  readonly found: unknown;
  readonly allowed: string;
}

/** Promises that a patched config breaks. */
export function brokenPromises(service: ServiceName, before: unknown, after: unknown): ConfigProblem[] {
  return (promises[service]?.kept ?? []).flatMap(({ path, why }) =>
    placesOf(before, path).flatMap((place) => lost(at(before, place), at(after, place), place, why)),
  );
}

/** The places that a path with `*` names. */
function placesOf(config: unknown, path: readonly string[]): string[][] {
  const [first, ...others] = path;
  if (first === undefined) return config === undefined ? [] : [[]];
  if (!isGroup(config)) return [];
  const keys = first === "*" ? Object.keys(config) : [first];
  return keys.flatMap((key) => placesOf(config[key], others).map((place) => [key, ...place]));
}

const at = (config: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((here, key) => (isGroup(here) ? here[key] : undefined), config);

function lost(before: unknown, after: unknown, path: readonly string[], why: string): ConfigProblem[] {
  if (isGroup(before) && isGroup(after)) {
    return Object.entries(before).flatMap(([key, value]) => lost(value, after[key], [...path, key], why));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const missing = firstMissing(before, after);
    if (missing === undefined) return [];
    return [
      {
        path,
        found: after,
        allowed: `a list with ${JSON.stringify(missing)} where the stack has it, as ${why}; "${rest}" stands for all of these`,
      },
    ];
  }
  if (isDeepStrictEqual(before, after)) return [];
  return [{ path, found: after ?? null, allowed: `only ${shown(before)}, as ${why}` }];
}

/** The first item that is not there any more, or not behind the ones before it. */
function firstMissing(before: readonly unknown[], after: readonly unknown[]): unknown {
  let from = 0;
  for (const item of before) {
    const found = after.findIndex((other, index) => index >= from && isDeepStrictEqual(item, other));
    if (found < 0) return item;
    from = found + 1;
  }
  return undefined;
}

/** Sections of a config that hold what pipelines name. */
const sections: Readonly<Record<string, readonly string[]>> = {
  receivers: ["receivers", "connectors"],
  processors: ["processors"],
  exporters: ["exporters", "connectors"],
};

/** Names in pipelines that no section of the config has: the program would not start. */
export function unknownComponents(config: unknown): ConfigProblem[] {
  const service = at(config, ["service"]);
  if (!isGroup(service)) return [];
  const defined = (names: readonly string[]) => names.flatMap((name) => Object.keys((at(config, [name]) as object | undefined) ?? {}));
  const check = (list: unknown, known: readonly string[], path: readonly string[]): ConfigProblem[] =>
    (Array.isArray(list) ? (list as unknown[]) : []).flatMap((name) =>
      known.includes(String(name)) ? [] : [{ path, found: name, allowed: `one of ${known.join(", ")}` }],
    );
  const pipelines = isGroup(service.pipelines) ? service.pipelines : {};
  return [
    ...check(service.extensions, defined(["extensions"]), ["service", "extensions"]),
    ...Object.entries(pipelines).flatMap(([name, pipeline]) =>
      Object.entries(sections).flatMap(([part, from]) => check(at(pipeline, [part]), defined(from), ["service", "pipelines", name, part])),
    ),
  ];
}
