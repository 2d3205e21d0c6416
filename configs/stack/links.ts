/** Links from traces, spans and their attributes to other places, such as the logs of a request: `tracing:jaeger.links`. */
import * as z from "zod";
import { compact } from "../compact";
import { leaf, oneOf, text, anyText } from "./units";

/** Where Jaeger shows a link: beside a trace's name, or at an attribute of a process, a span or an event. */
const linkTypes = ["traces", "process", "tags", "logs"] as const;

/** Fields of a trace that a link can contain. In a link at an attribute, attributes of the span and its ancestors come first. */
const traceFields = ["traceID", "traceName", "startTime", "endTime", "duration"] as const;

/** An attribute's name, as instrumentations write it. */
const attributeName = /^[A-Za-z0-9_][A-Za-z0-9_.@/:-]{0,199}$/;

/** A place in a link that Jaeger fills: `#{name}`, or `#{name | function arguments}`. */
const placeholder = /#\{([^{}]*)\}/g;

/** Functions of Jaeger's UI that change a value before it is put in. */
const functions = [/^epoch_micros_to_date_iso$/, /^add -?\d{1,15}$/, /^pad_start \d{1,3} [A-Za-z0-9]$/];

/**
 * Parts that a link's template may have between its placeholders. Jaeger puts the configuration into its page by a regular expression's
 * replacement, where a dollar sign begins a group: it would be lost.
 */
const filler = "*";
const plainUrl = /^https?:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#][^\s"'<>\\^`{}|$]*)?$/;
const plainText = /^[^\p{Cc}{}$]{1,100}$/u;

/** The placeholders of a template: what is between the braces. */
const placeholders = (template: string): string[] => [...template.matchAll(placeholder)].map(([, inside]) => inside ?? "");

/** The name and the function of a placeholder; undefined where it is none. */
function parsed(inside: string): { readonly name: string } | undefined {
  const [name = "", call, ...others] = inside.split("|").map((part) => part.trim());
  const known = call === undefined || functions.some((pattern) => pattern.test(call));
  return attributeName.test(name) && known && others.length === 0 ? { name } : undefined;
}

/** A template of which the rest, without its placeholders, fits a pattern. */
const template = (allowed: string, plain: RegExp) =>
  leaf(
    allowed,
    (input) => {
      if (typeof input !== "string" || input.length > 2000) return undefined;
      // A letter in their place would pass as a part of the host.
      const rest = input.replace(placeholder, filler);
      return plain.test(rest) && placeholders(input).every((inside) => parsed(inside) !== undefined) ? input : undefined;
    },
    { editor: anyText },
  );

const fills =
  "with placeholders such as #{traceID} or #{startTime | add -60000000}; functions: add N, pad_start N C, epoch_micros_to_date_iso";

const link = z.strictObject({
  type: oneOf(...linkTypes).describe(
    "Where the link is shown: at the trace, or at an attribute of a process, of a span (`tags`) or of an event (`logs`).",
  ),
  key: text("an attribute's name", attributeName).optional().describe("Attribute whose value becomes the link. Not for `type: traces`."),
  url: template(`an http or https address whose host is fixed, without a dollar sign (%24), ${fills}`, plainUrl).describe(
    "Address of the link. Values are percent-encoded.",
  ),
  text: template(`1 to 100 characters without a dollar sign, ${fills}`, plainText).describe("Text of the link."),
});

/** A link, as Jaeger's UI reads it. */
export type Link = z.output<typeof link>;

/** What `tracing:jaeger.links` may hold. */
export const linksSchema = z
  .array(link)
  .prefault([])
  .describe(
    `Links from Jaeger's pages to other sites. Placeholders stand for attributes of the span and its ancestors, or ${traceFields.map((field) => `\`${field}\``).join(", ")} of the trace; times are in microseconds. A link is shown only if all its placeholders have values.`,
  );

/** Links whose parts do not go together. One sentence each: the key, what was found, what is allowed. */
export function linkProblems(links: readonly Link[]): string[] {
  return links.flatMap(({ type, key, url, text }, index) => {
    const at = `jaeger.links[${index}]`;
    if (type !== "traces") return key === undefined ? [`${at}.key: missing; allowed: an attribute's name, as ${at}.type is ${type}`] : [];
    const unknown = (of: "url" | "text", written: string) =>
      placeholders(written)
        .map((inside) => parsed(inside)?.name ?? inside)
        .filter((name) => !(traceFields as readonly string[]).includes(name))
        .map(
          (name) =>
            `${at}.${of}: found "#{${name}}"; allowed: ${traceFields.map((field) => `#{${field}}`).join(", ")}, as ${at}.type is traces`,
        );
    return compact([
      key !== undefined && `${at}.key: found ${JSON.stringify(key)}; allowed: nothing, as ${at}.type is traces`,
      ...unknown("url", url),
      ...unknown("text", text),
    ]);
  });
}
