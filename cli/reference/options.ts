/** Settings as TypeScript interfaces, with descriptions that editors show. */
import { settingsSchema, type JsonSchema } from "./editor-schema";
import { wrap } from "./wrap";

/** The generated file. Arguments of components extend its interfaces. */
export const optionsFile = "configs/stack/options.ts";

/** An interface, by its name. */
type Interfaces = Map<string, { readonly of: string; readonly text: string }>;

/** Text of configs/stack/options.ts. */
export function optionsInterfaces(): string {
  const interfaces: Interfaces = new Map();
  interfaceOf("Stack", settingsSchema(), interfaces);
  const head = `/**
 * Options of a stack, in code as in its stack file. Generated from schema.ts by \`make render\`.
 *
 * Options that are left out get their defaults. A preview validates all options and reports every error at once.
 */`;
  return `${[head, ...[...interfaces.values()].map(({ text }) => text)].join("\n\n")}\n`;
}

/** Adds the interfaces of a group and of its subgroups. Returns the name. Groups with the same content share an interface. */
function interfaceOf(path: string, group: JsonSchema, interfaces: Interfaces): string {
  const name = `${path}Options`;
  const of = JSON.stringify({ ...group, description: undefined, default: undefined });
  const known = [...interfaces].find(([, other]) => other.of === of);
  if (known) return known[0];
  // Its place is before those of the groups in it.
  interfaces.set(name, { of, text: "" });
  const { properties = {}, required = [] } = group;
  const alike = new Set(Object.values(properties).map((value) => JSON.stringify(value))).size === 1;
  const inside = path === "Stack" ? "" : path;
  const fields = Object.entries(properties as Record<string, JsonSchema>).map(([key, value]) => {
    const type = typeOf(alike ? path.replace(/s$/, "") : inside + pascal(key), value, interfaces);
    const property = /^[a-zA-Z]+$/.test(key) ? key : JSON.stringify(key);
    return `${comment(textOf(value), "  ")}  readonly ${property}${required.includes(key) ? "" : "?"}: ${type};`;
  });
  const about = group.description ?? (path === "Stack" ? "All options of a stack." : undefined);
  const text = `${comment(about, "")}export interface ${name} {\n${fields.join("\n")}\n}`;
  interfaces.set(name, { of, text });
  return name;
}

/** The type of an option. Numbers may be strings, as in stack config. */
function typeOf(path: string, schema: JsonSchema, interfaces: Interfaces): string {
  const { type, anyOf, items, additionalProperties } = schema;
  const words = schema.enum;
  if (words) return words.includes(true) ? "boolean" : words.map((word) => JSON.stringify(word)).join(" | ");
  if (anyOf) return anyOf.map((one) => typeOf(path, one, interfaces)).join(" | ");
  if (type === "array") {
    const element = typeOf(path.replace(/s$/, ""), items as JsonSchema, interfaces);
    return `readonly ${element.includes(" ") ? `(${element})` : element}[]`;
  }
  if (schema.properties) return interfaceOf(path, schema, interfaces);
  if (type === "object") return typeof additionalProperties === "object" ? "Readonly<Record<string, string>>" : "object";
  if (type === "string" || type === "number") return type;
  throw new Error(`${path}: no type for ${JSON.stringify(schema)}`);
}

function textOf({ description, default: fallback, properties }: JsonSchema): string | undefined {
  const shown = fallback === undefined || properties ? undefined : `Default: ${JSON.stringify(fallback)}.`;
  return [description, shown].filter(Boolean).join(" ") || undefined;
}

/** A doc comment, wrapped. */
function comment(text: string | undefined, indent: string): string {
  if (text === undefined) return "";
  const safe = text.replaceAll("*/", "*\\/");
  const width = 140 - indent.length - 3;
  if (safe.length + 7 + indent.length <= 140) return `${indent}/** ${safe} */\n`;
  return `${[`${indent}/**`, ...wrap(safe, width).map((line) => `${indent} * ${line}`), `${indent} */`].join("\n")}\n`;
}

const pascal = (key: string): string => key.replace(/(^|-)([a-z])/g, (_all, _dash, letter: string) => letter.toUpperCase());
