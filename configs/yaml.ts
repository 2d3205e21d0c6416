import { stringify } from "yaml";

/** YAML with sorted keys, so that the same settings always give the same text, under a line that says where it comes from. */
export function toYaml(value: unknown): string {
  return `${generatedNotice}\n${stringify(value, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false })}`;
}

/** First line of every config file that allows comments. */
export const generatedNotice = "# Made from the stack's config; edit Pulumi.<stack>.yaml instead.";
