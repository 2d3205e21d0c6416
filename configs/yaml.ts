import { stringify } from "yaml";

/**
 * YAML with sorted keys, so that the same settings always give the same text, under a line that says where it comes from. Text that
 * YAML 1.1 would read as something else (`no`, `1000:0`) is quoted: not every reader knows 1.2.
 */
export function toYaml(value: unknown): string {
  return `${generatedNotice}\n${stringify(value, { sortMapEntries: true, compat: "yaml-1.1", lineWidth: 0, aliasDuplicateObjects: false })}`;
}

/** First line of every config file that allows comments. */
export const generatedNotice = "# Made from the stack's config; edit Pulumi.<stack>.yaml instead.";
