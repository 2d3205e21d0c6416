/** Applies overrides to workloads, and finds those that are not allowed. */
import { posix } from "node:path";
import { compact } from "../configs/compact";
import { patchable, patchedFile, patchedText, patchProblems } from "../configs/overrides";
import { namespace, type Settings } from "../configs/stack/schema";
import { shown } from "../configs/stack/shown";
import { serviceNames, type ServiceName } from "../configs/topology/topology";
import { isOwnLabel } from "./platform/labels";
import type { Workload } from "./platform/workload";

/** The workload with its config file patched and variables added. The platform applies the rest. */
export function customised(settings: Pick<Settings, "overrides">, workload: Workload): Workload {
  const { config, env, ...custom } = settings.overrides[workload.name];
  return {
    ...workload,
    env: { ...env, ...workload.env },
    files: workload.files.map((file) =>
      config && isConfig(workload, file) ? { ...file, content: patchedText(file.content, config) } : file,
    ),
    custom: Object.keys(custom).length > 0 ? custom : undefined,
  };
}

const isConfig = ({ name }: Workload, { path }: Workload["files"][number]) => posix.basename(path) === patchedFile(name);

/**
 * Overrides that are not allowed, one sentence each: the key, what was found, what is allowed.
 *
 * @param workloads The workloads before overrides.
 * @param services The services whose overrides are checked. Default: all.
 */
export function overrideProblems(
  { overrides }: Pick<Settings, "overrides">,
  workloads: readonly Workload[],
  services: readonly ServiceName[] = serviceNames,
): string[] {
  return services.flatMap((name) => {
    const workload = workloads.find((candidate) => candidate.name === name);
    if (workload) return problemsOf(overrides[name], workload);
    if (workloads.some(({ front }) => front?.name === name) && Object.keys(overrides[name]).length > 0)
      return [refusal(name, [], overrides[name], `nothing: ${name} follows from other settings`)];
    return Object.keys(overrides[name]).length > 0 ? [refusal(name, [], overrides[name], `nothing, as this stack has no ${name}`)] : [];
  });
}

function refusal(service: ServiceName, path: readonly string[], found: unknown, allowed: string): string {
  return `${[`${namespace}:overrides`, service, ...path].join(".")}: found ${shown(found)}; allowed: ${allowed}`;
}

function problemsOf({ env = {}, labels = {}, volumes = [], config }: Settings["overrides"][ServiceName], workload: Workload): string[] {
  const refuse = (path: readonly string[], found: unknown, allowed: string) => refusal(workload.name, path, found, allowed);
  const taken = new Set([
    ...[...workload.files, ...workload.secrets].map(({ path }) => posix.dirname(path)),
    ...[...workload.data, ...workload.scratch, ...(workload.certificates ?? [])].map(({ path }) => path),
  ]);
  const text = workload.files.find((file) => isConfig(workload, file))?.content;
  return compact([
    ...Object.entries(env).flatMap(([variable, value]) =>
      variable in workload.env ? [refuse(["env", variable], value, "another variable, as the stack sets this one")] : [],
    ),
    ...Object.entries(labels).flatMap(([label, value]) =>
      isOwnLabel(label) ? [refuse(["labels", label], value, "another label, as the stack sets this one")] : [],
    ),
    ...volumes.flatMap(({ name, path, configMap, secret }, index) => {
      const at = [`volumes[${index}]`];
      return compact([
        volumes.findIndex((other) => other.name === name) < index && refuse([...at, "name"], name, "each name once"),
        (taken.has(path) || volumes.findIndex((other) => other.path === path) < index) &&
          refuse([...at, "path"], path, "a folder that nothing else is mounted at"),
        (configMap === undefined) === (secret === undefined) && refuse(at, { configMap, secret }, "either a configMap or a secret"),
      ]);
    }),
    config && text === undefined && refuse(["config"], config, `nothing; ${patchable.join(", ")} have a config to patch`),
    ...(config && text !== undefined
      ? patchProblems(workload.name, text, config).map(({ path, found, allowed }) => refuse(["config", ...path], found, allowed))
      : []),
  ]);
}
