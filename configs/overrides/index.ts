/** A program's config with the patch of `tracing:overrides`, and what is wrong with it. */
import { parse } from "yaml";
import type { ServiceName } from "../topology/topology";
import { toYaml } from "../yaml";
import { merge } from "./merge";
import { brokenPromises, patchable, patchedFile, unknownComponents, type ConfigProblem } from "./promises";

export { patchable, patchedFile, type ConfigProblem };

/** Text of a config file with a patch on it. */
export const patchedText = (text: string, patch: object): string => toYaml(merge(parse(text), patch));

/** What a patch would break, or leave without a meaning. */
export function patchProblems(service: ServiceName, text: string, patch: object): ConfigProblem[] {
  const before: unknown = parse(text);
  const after = merge(before, patch);
  return [...brokenPromises(service, before, after), ...unknownComponents(after)];
}
