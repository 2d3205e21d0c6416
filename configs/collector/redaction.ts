/**
 * Redaction, behind hygiene and before anything is counted, sampled or stored: three processors. The first writes a character for private use
 * where it finds something; the redaction processor turns that into the mask, masks what it finds itself, and says in an attribute that it did;
 * the third looks at those parts alone: at the left half of addresses, Luhn's check of cards, and marks for the count.
 *
 * Every span pays for the first two. Their patterns run in Go over all values of a map, without an expression for each.
 * docs/decisions/0039-redaction.md says why it is made so.
 */
import { compact } from "../compact";
import { quoted } from "./ottl";
import {
  credentialPattern,
  found,
  mask,
  markedCard,
  markedEmail,
  markOfCard,
  markOfEmail,
  markWithinNumber,
  masked,
  maskedKeys,
  maskPattern,
  plainKeys,
  replacements,
  signs,
  suspicious,
  wholeCard,
  type Redaction,
} from "./secrets";
import type { CollectorSettings } from "../stack/schema";

type Processors = Readonly<Record<string, Record<string, unknown>>>;

/** What a part says of itself: that something of a kind was redacted in it. The Collector counts spans by it. */
export const redactedKinds = ["credentials", "emails", "cards", "identifiers", "denied"] as const;
export const redactedMark = (kind: (typeof redactedKinds)[number]): string => `tracing.redacted.${kind}`;

/** The mark as a label of span metrics: Prometheus' names have no dots. */
export const redactedLabel = <Kind extends (typeof redactedKinds)[number]>(kind: Kind) => `tracing_redacted_${kind}` as const;

/** Texts beside attributes, by context. They pass as attributes of these names. */
const texts = { resource: [], scope: ["name", "version"], span: ["name", "status.message", "trace_state"], spanevent: ["name"] } as const;
type Context = keyof typeof texts;
const contexts = Object.keys(texts) as Context[];

/** How the redaction processor says how many values it has masked, and how many keys it did not look at. */
const counts = { masked: "redaction.masked.count", ignored: "redaction.ignored.count" } as const;

/** Set by hygiene, which looks at the type of every value, on attributes with a list or a map among them, or anything else that is odd. */
export const nestedMark = `${found}nested`;

/** The Collector puts variables in for dollar signs; two of them are one. */
const escaped = (text: string): string => text.replaceAll("$", () => "$$");
const text = (value: string): string => escaped(quoted(value));

/** The processors of redaction, in order; none where everything is off. */
export function redactionProcessors({ redaction }: Pick<CollectorSettings, "redaction">): Processors {
  if (isOff(redaction)) return {};
  return {
    "transform/redaction": { error_mode: "ignore", trace_statements: contexts.map((context) => find(context, redaction)) },
    redaction: {
      allow_all_keys: true,
      summary: "info",
      ignored_keys: [...new Set([...plainKeys, ...redaction.allow])].filter((key) => !redaction.deny.keys.includes(key)),
      blocked_key_patterns: maskedKeys(redaction).map(escaped),
      blocked_values: masked(redaction).map(escaped),
    },
    "transform/redacted": {
      error_mode: "ignore",
      trace_statements: contexts.flatMap((context) => [finish(context, redaction), clear(context)]),
    },
  };
}

/** Whether nothing is redacted. */
export const isOff = ({ headers, credentials, emails, cards, nationalIdentifiers, deny }: Redaction): boolean =>
  !headers && !credentials && !emails && !cards && nationalIdentifiers.length + deny.keys.length + deny.patterns.length === 0;

const at = (map: string, key: string) => `${map}[${text(key)}]`;
const passing = (map: string, field: string) => at(map, found + field);

const replaceAll = (map: string, pattern: string, by: string) => `replace_all_patterns(${map}, "value", ${text(pattern)}, ${text(by)})`;
const anyValue = (map: string, pattern: string) => `Any(${map}, (_, v) => IsMatch(v, ${text(pattern)}))`;

function find(context: Context, redaction: Redaction): object {
  const map = `${context}.attributes`;
  const cache = (key: string) => at(`${context}.cache`, key);
  const nested = `Filter(${map}, (_, v) => (IsList(v) or IsMap(v)) and IsMatch(v, ${text(suspicious(redaction))}))`;
  return {
    context,
    statements: [
      // Lists and maps are made the text that Jaeger stores.
      `merge_maps(${map}, MapEach(${nested}, (_, v) => String(v)), "update") where ${at(map, nestedMark)} == true`,
      ...redaction.allow.map((key) => `set(${cache(key)}, ${at(map, key)}) where ${at(map, key)} != nil`),
      ...texts[context].map((field) => `set(${passing(map, field)}, ${context}.${field}) where ${context}.${field} != ""`),
      ...replacements(redaction).map(({ pattern, by }) => replaceAll(map, pattern, by)),
      ...redaction.allow.map((key) => `set(${at(map, key)}, ${cache(key)}) where ${cache(key)} != nil`),
    ],
  };
}

function finish(context: Context, { emails, cards }: Redaction): object {
  const map = `${context}.attributes`;
  const cache = (key: string) => at(`${context}.cache`, key);
  const owner = context === "spanevent" ? "span.attributes" : map;
  const mark: Mark = (kind, where) => `set(${at(owner, redactedMark(kind))}, true) where ${where}`;
  const signed = (kind: keyof typeof signs) => maskPattern + signs[kind];
  const count = at(map, counts.masked);
  return {
    context,
    conditions: [`${count} != nil`],
    statements: compact([
      mark("credentials", anyValue(map, credentialPattern)),
      mark("identifiers", anyValue(map, signed("identifiers"))),
      mark("denied", anyValue(map, signed("denied"))),
      replaceAll(map, `${maskPattern}[#!]`, mask),
      ...(emails ? wholeEmails(map, cache("emails"), mark) : []),
      ...(cards ? checkedCards(map, cache, mark) : []),
      ...texts[context].map((field) => `set(${context}.${field}, ${passing(map, field)}) where ${passing(map, field)} != nil`),
    ]),
  };
}

type Mark = (kind: (typeof redactedKinds)[number], where: string) => string;

/** Of addresses, the part before the `@`: by an expression that begins with no literal, so only where there is a mark. */
const wholeEmails = (map: string, kept: string, mark: Mark): string[] => {
  const some = `${kept} == true`;
  return [
    `set(${kept}, ${anyValue(map, markOfEmail.pattern)})`,
    mark("emails", `${some} and ${anyValue(map, markedEmail)}`),
    `${replaceAll(map, markedEmail, mask)} where ${some}`,
    `${replaceAll(map, markOfEmail.pattern, markOfEmail.by)} where ${some}`,
  ];
};

/** Of the numbers that look like a card's, those that pass Luhn's check are masked, and the others left as they were. */
const checkedCards = (map: string, cache: (key: string) => string, mark: Mark): string[] => {
  const digits = `Concat(Split(v, "-"), "")`;
  const marked = `${cache("marked")} == true`;
  const some = `${marked} and Len(${cache("cards")}) > 0`;
  return [
    `set(${cache("marked")}, ${anyValue(map, markOfCard.pattern)})`,
    `${replaceAll(map, markWithinNumber.pattern, markWithinNumber.by)} where ${marked}`,
    `set(${cache("text")}, Concat(Values(Filter(${map}, (_, v) => IsMatch(v, ${text(markOfCard.pattern)}))), ${text("\n")})) where ${marked}`,
    `replace_pattern(${cache("text")}, ${text(markedCard)}, ${text("\n${1}\n")}) where ${marked}`,
    `set(${cache("cards")}, Filter(Split(${cache("text")}, ${text("\n")}), (_, v) => IsMatch(v, ${text(wholeCard)}) and IsValidLuhn(${digits}))) where ${marked}`,
    mark("cards", some),
    `replace_all_patterns(${map}, "value", Concat([${text(`${maskPattern}${signs.cards}(?:`)}, Concat(${cache("cards")}, "|"), ${text(String.raw`)\b`)}], ""), ${text(mask)}) where ${some}`,
    `${replaceAll(map, markOfCard.pattern, markOfCard.by)} where ${marked}`,
  ];
};

/** Attributes that are there for these processors alone. */
const clear = (context: Context): object => ({
  context,
  statements: [`delete_matching_keys(${context}.attributes, ${text(String.raw`^(?:\x{E000}|redaction[.](?:masked|ignored)[.]count$)`)})`],
});
