/** The settings reference, from the schema: docs/settings.md. */
import * as z from "zod";
import { namespace, schema } from "../../configs/stack/schema";

interface Described {
  readonly description?: string;
  readonly allowed?: string;
}

/** Text of docs/settings.md. */
export function settingsReference(): string {
  return `# Settings

What stack config may hold, made from configs/stack/schema.ts by \`make render\`. Keys are written in Pulumi.<stack>.yaml, or set with
\`pulumi config set --path\`. Sizes are written \`512Mi\` or \`2Gi\`, days \`7d\`, percentages as plain numbers.

| key | allowed | default | meaning |
| --- | --- | --- | --- |
${rows(schema, `${namespace}:`).join("\n")}
`;
}

/** A line for each leaf of a group of settings. */
function rows(group: z.ZodObject, prefix: string): string[] {
  const fields = Object.entries(group.shape);
  return fields.flatMap(([name, field]) => {
    const same = fields.filter(([, other]) => other === field);
    if (same[0]?.[0] !== name) return [];
    // Fields that share a schema are described once.
    const key = same.length > 1 ? "<name>" : name;
    const { type, description, fallback } = bare(field as z.ZodType);
    const path = `${prefix}${key}`;
    if (type instanceof z.ZodObject) return rows(type, `${path}.`);
    if (type instanceof z.ZodArray) {
      const { type: element } = bare(type.element as z.ZodType);
      const inner = element instanceof z.ZodObject ? rows(element, `${path}[].`) : [];
      const allowed = element instanceof z.ZodObject ? "a list" : `a list; each: ${meta(element).allowed ?? ""}`;
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

const row = (path: string, allowed: string, fallback: string, description = "") =>
  `| \`${path}\` | ${allowed.replaceAll("|", "\\|")} | ${fallback} | ${description.replaceAll("|", "\\|")} |`;
