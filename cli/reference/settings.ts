/** The settings reference, from the schema: docs/settings.md. */
import * as z from "zod";
import { namespace, schema } from "../../configs/stack/schema";
import { table } from "./table";
import { wrap } from "./wrap";

const head = ["key", "allowed", "default", "meaning"];

interface Described {
  readonly description?: string;
  readonly allowed?: string;
}

/** Text of docs/settings.md. */
export function settingsReference(): string {
  const fields = Object.entries(schema.shape) as [string, z.ZodType][];
  const isGroup = ([, field]: [string, z.ZodType]) => bare(field).type instanceof z.ZodObject;
  const general = rows(z.object(Object.fromEntries(fields.filter((field) => !isGroup(field)))), `${namespace}:`);
  return `# Settings

All keys of stack config. This page is generated from configs/stack/schema.ts by \`make render\`.

Write the keys in \`Pulumi.<stack>.yaml\`. For a stack that you deploy with the Pulumi CLI, a command does the
same: \`pulumi config set -s staging --path tracing:sampling.default 20\`. A dot in a key is a level of YAML,
and \`[]\` is an item of a list:

\`\`\`yaml
config:
  tracing:platform: docker
  tracing:environment: development
  tracing:sampling:
    default: 50
    operations:
      - { operation: POST /api/auth/login, percent: 100 }
\`\`\`

Sizes are written \`512Mi\` or \`2Gi\`, durations \`500ms\`, \`2s\` or \`1m\`, days \`7d\`, CPU \`500m\` or \`2\`, and
percentages as plain numbers.

A preview checks all keys and reports every error at once. In the column *default*, *none* marks an optional
key without a default, and *required* a key that must be set if its group is used.

## General

${table(head, general)}
${fields
  .filter(isGroup)
  .map(([name, field]) => section(name, field))
  .join("")}`;
}

/** The keys of a group at the top, below a heading. */
function section(name: string, field: z.ZodType): string {
  const { type, description } = bare(field);
  return `
## ${namespace}:${name}

${wrap(description ?? "", 110).join("\n")}

${table(head, rows(type as z.ZodObject, `${namespace}:${name}.`))}
`;
}

/** A row for each leaf of a group of settings, and for each group in it that has a description. */
function rows(group: z.ZodObject, prefix: string): string[][] {
  const fields = Object.entries(group.shape);
  return fields.flatMap(([name, field]) => {
    const same = fields.filter(([, other]) => other === field);
    if (same[0]?.[0] !== name) return [];
    // Fields that share a schema are described once.
    const key = same.length > 1 ? "<name>" : name;
    const { type, description, fallback } = bare(field as z.ZodType);
    const path = `${prefix}${key}`;
    if (type instanceof z.ZodObject) {
      const about =
        description === undefined || key === "<name>" ? [] : [row(path, "a group", fallback === "none" ? fallback : "", description)];
      return [...about, ...rows(type, `${path}.`)];
    }
    if (type instanceof z.ZodArray) {
      const { type: element } = bare(type.element as z.ZodType);
      const inner = element instanceof z.ZodObject ? rows(element, `${path}[].`) : [];
      const list = meta(type).allowed ?? "a list";
      const allowed = element instanceof z.ZodObject ? list : `${list}; each: ${meta(element).allowed ?? ""}`;
      return [row(path, allowed, fallback, description), ...inner];
    }
    return [row(path, meta(type).allowed ?? "", fallback, description)];
  });
}

const meta = (type: z.ZodType): Described => (type.meta() as Described | undefined) ?? {};

/** A setting's type without its wrappers, with what they say: the default, and the description that stands outermost. */
function bare(field: z.ZodType): { type: z.ZodType; description: string | undefined; fallback: string } {
  let [type, description, fallback] = [field, meta(field).description, "required"];
  while (type instanceof z.ZodPrefault || type instanceof z.ZodOptional) {
    fallback = type instanceof z.ZodPrefault ? `\`${JSON.stringify(type.def.defaultValue).replace(/^"|"$/g, "")}\`` : "none";
    type = type.unwrap() as z.ZodType;
    description ??= meta(type).description;
  }
  return { type, description, fallback };
}

/** Marks addresses as code, so that they are no links. */
const quoted = (text: string) => text.replace(/(?<!`)\b(https?:\/\/[^\s,;`]*[^\s,;.`]|[a-z]+@[a-z.]+)(?!`)/g, "`$1`");

/** A row. The default of an optional key stands at the end of its description, as it may depend on other keys. */
function row(path: string, allowed: string, fallback: string, description = ""): string[] {
  const [, text, effective] = /^(.*?) ?Default: (.+)\.$/s.exec(description) ?? [];
  const [about, value] = fallback === "none" && effective !== undefined ? [text, quoted(effective)] : [description, fallback];
  return [`\`${path}\``, quoted(allowed), value, quoted(about ?? "")];
}
