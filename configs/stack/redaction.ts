/** The group of settings that says what is masked in spans, where they come in: docs/decisions/0039-redaction.md. */
import { RE2JS } from "re2js";
import * as z from "zod";
import { anyText, flag, leaf, oneOf, text } from "./units";

/** Kinds of national identifiers that can be masked. */
export const nationalIdentifierKinds = ["us-ssn", "uk-nino", "es-dni", "it-codice-fiscale", "fr-nir", "br-cpf"] as const;

/** A kind of national identifier. */
export type NationalIdentifier = (typeof nationalIdentifierKinds)[number];

/** Each pattern is tried on every value of every span. */
const most = { patterns: 20, characters: 500, keys: 100 } as const;

const key = text("an attribute's key of 1 to 256 printable ASCII characters", /^[!-~]{1,256}$/);

/** How RE2 sees a pattern: undefined where it takes it, and where it does not match the empty text, which is everywhere. */
function fault(pattern: string): string | undefined {
  try {
    return RE2JS.compile(pattern).matcher("").find() ? "it matches the empty text, so it would mask everything" : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const pattern = leaf(
  `a regular expression in the syntax of Go (RE2) that does not match the empty text, of at most ${most.characters} characters`,
  (input) =>
    typeof input === "string" && input.length > 0 && input.length <= most.characters && fault(input) === undefined ? input : undefined,
  { editor: anyText, hint: (input) => (input.length > most.characters ? `it has ${input.length}` : fault(input)) },
);

/** A list with a maximum length. */
const list = <T extends z.ZodType>(of: T, count: number) => {
  const allowed = `a list of at most ${count}`;
  return z.array(of).max(count, allowed).meta({ allowed });
};

export const redaction = z
  .strictObject({
    headers: flag()
      .prefault("true")
      .describe(
        "Whether headers with credentials are masked: authorization, cookie, set-cookie, API keys and tokens, under the attribute names of current and old conventions and in text.",
      ),
    credentials: flag()
      .prefault("true")
      .describe("Whether passwords, tokens and keys are masked: by the attribute's key, and in URLs, SQL, JSON and other text."),
    emails: flag().prefault("true").describe("Whether e-mail addresses are masked."),
    cards: flag()
      .prefault("true")
      .describe("Whether card numbers are masked: 14 to 19 digits in text that begin as an issuer's do and pass Luhn's check."),
    nationalIdentifiers: list(oneOf(...nationalIdentifierKinds), nationalIdentifierKinds.length)
      .prefault([])
      .describe("National identifiers that are masked, by kind. Their form is checked, not their check digits."),
    allow: list(key, most.keys).prefault([]).describe("Keys of attributes that are left as they are, whatever they hold."),
    deny: z
      .strictObject({
        keys: list(key, most.keys).prefault([]).describe("Keys of further attributes whose values are masked."),
        patterns: list(pattern, most.patterns)
          .prefault([])
          .describe("Further text that is masked. One that begins with a literal costs least: docs/decisions/0039-redaction.md."),
      })
      .prefault({})
      .describe("What is masked besides."),
  })
  .prefault({});
