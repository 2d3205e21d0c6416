/**
 * What redaction looks for in text, as regular expressions of Go (RE2). One that begins with a literal costs a fifteenth of one that does not:
 * Go searches for the literal first. So names begin within a word, where lower case and a capital agree, and upper case is an expression of its
 * own. docs/decisions/0039-redaction.md has the measurements.
 */
import { compact } from "../compact";
import type { NationalIdentifier } from "../stack/redaction";
import type { CollectorSettings } from "../stack/schema";

/** Settings of redaction. */
export type Redaction = CollectorSettings["redaction"];

/**
 * A character for private use. The first step writes it where it finds something; the second turns it into `mask` and counts the value; the
 * third reads the sign behind it.
 */
export const found = "\uE000";
const foundPattern = String.raw`\x{E000}`;

/** What stands in place of what was redacted. The redaction processor has no other. */
export const mask = "****";
export const maskPattern = "[*]{4}";

/** Signs behind `found`, by what was found. A credential has none, and an address has its `@` before it. */
export const signs = { cards: "~", identifiers: "#", denied: "!" } as const;
export const credentialPattern = `${maskPattern}(?:[^~#!A-Za-z0-9]|$)`;

/** A pattern, and what takes its place. */
export interface Replacement {
  readonly pattern: string;
  readonly by: string;
}

/** Behind a name: the quote or bracket that ends it, and what leads to its value; a URL within a URL has `%3D` for `=`, and JSON in one `%22%3A` for `":`. */
const assigns = String.raw`(?:\\*["']|\[?\]|(?:%5[Bb])?%5[Dd]|%22)?(?:\s|[+]|%20)*(?:=>?|:=?|<>|!=|%3[DdAa])\s*`;

/** A value in quotes, which may be those of JSON in JSON. */
const quotedValue = String.raw`\\+"[^"\\]+\\+"|"(?:[^"\\]|\\.)+"|[bENe]?'(?:[^'\\]|\\.|'')+'`;

/** A value without quotes. A parameter of SQL (`%s`, `?`, `$1`, `:name`) is none. */
const bareValue = String.raw`(?:[^\s"'&;,<>(){}\[\]%?$:\\=|*]|%[0-9A-Fa-f]{2})[^\s"'&;,<>(){}\[\]\\]*`;

/** `name=value`, `"name": "value"`, and SQL's `NAME 'value'`; the name stays. */
const assigned = (name: string): Replacement => ({
  pattern: String.raw`(${name})(?:(${assigns})(?:${quotedValue}|${bareValue})|(\s+(?:IS\s+|AS\s+|LIKE\s+|TO\s+)?)'(?:[^'\\]|\\.|'')+')`,
  by: `\${1}\${2}\${3}${found}`,
});

/** The same, as a whole: for names in upper case, of which some letters would be left otherwise. */
const assignment = (name: string): string => {
  const quotedBehind = String.raw`\s+(?:IS\s+|AS\s+|TO\s+)?'(?:[^'\\]|\\.|'')+'`;
  return `${name}(?:${assigns}(?:${quotedValue}|${bareValue})|${quotedBehind})`;
};

/** A header in text; its value is the rest of the line, or what the quotes hold. */
const header = (name: string): string => String.raw`${name}(?:\\*["'])?\s*(?:=>?|:)\s*(?:\[\s*)?(?:${quotedValue}|[^\s"'\[{][^\r\n"']*)`;

const credentialNames = [
  "ass(?:word|wd|phrase)",
  "ecret(?:[_-]?(?:access[_-]?)?[kK]ey)?",
  "oken",
  "pi[_-]?[kK]ey",
  "ccess[_-]?[kK]ey(?:[_-]?[iI]d)?",
  "rivate[_-]?[kK]ey",
];
const upperCaseNames = ["PASSW(?:OR)?D", "SECRET(?:_(?:ACCESS_)?KEY)?", "TOKEN", "_KEY"];

/** What comes before a match stays: `://user:` of a URL. */
const userinfo: Replacement = { pattern: String.raw`(://[^\s/:@"'?#]*:)[^\s/"'?#]+@`, by: `\${1}${found}@` };

/** The same in a URL within a URL, as a whole, with the host, which the first step takes for the domain of an address. */
const encodedUserinfo = String.raw`%3[Aa]%2[Ff]%2[Ff][^\s/%&"'?#]*%3[Aa][^\s/&"'?#]+%40${foundPattern}?[A-Za-z0-9.-]*`;

/** An option and its value, which is the next argument of a command line, or the next element of a list. */
const argument = String.raw`--[A-Za-z0-9_-]*(?:pass(?:word|wd|phrase)|secret|token|(?:api|secret|access|private)[_-]?key)(?:\s+|"\s*,\s*"|'\s*,\s*')[^\s"'-][^\s"']*`;

/** What separates the two parts of an address, in a URL or elsewhere. */
const at = "(?:@|%40)";

/** The part of an address behind its `@`; the first step writes between them. The third finds the part before. */
const domain = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}\b`;

/** An address that the second step has marked, and the mark. */
export const markedEmail = String.raw`[A-Za-z0-9_%+\x{80}-\x{10FFFF}-](?:[A-Za-z0-9._%+'\x{80}-\x{10FFFF}-]*[A-Za-z0-9_%+\x{80}-\x{10FFFF}-])?${at}${maskPattern}${domain}`;
export const markOfEmail: Replacement = { pattern: `(${at})${maskPattern}(${domain})`, by: "${1}${2}" };

const groups = (first: string, ...rest: readonly number[]) => first + rest.map((digits) => `[ -]?[0-9]{${digits}}`).join("");

/** Numbers of cards by issuer, of 14 to 19 digits; Luhn's check is the third step's. */
export const cardPatterns: readonly string[] = [
  `4(?:${groups("[0-9]{3}", 4, 4, 4)}(?:[0-9]{3})?)`,
  `5(?:${groups("[0-9]{3}", 4, 4, 4)})`,
  `2(?:${groups("[2-7][0-9]{2}", 4, 4, 4)})`,
  `3(?:${groups("[47][0-9]{2}", 6, 5)}|${groups("[068][0-9]{2}", 6, 4)}|${groups("5[0-9]{2}", 4, 4, 4)})`,
  `6(?:${groups("[0-9]{3}", 4, 4, 4)}(?:[0-9]{1,3})?)`,
];

/** The number of a card that the second step has marked, as group 1; and alone, as a whole. */
const anyCard = cardPatterns.join("|");
export const markedCard = String.raw`(?s).*?(?:^|[^0-9A-Za-z_.-])${maskPattern}~(${anyCard})\b`;
export const wholeCard = `^(?:${anyCard})$`;
export const markOfCard: Replacement = { pattern: `${maskPattern}${signs.cards}([2-6])`, by: "${1}" };

/** A mark within a number: what another issuer's expression has taken for the beginning of one. */
export const markWithinNumber: Replacement = { pattern: `([0-9])${maskPattern}${signs.cards}`, by: "${1}" };

/** National identifiers, by kind. Their check digits are not checked. */
export const nationalIdentifiers = {
  "us-ssn": String.raw`\b(?:00[1-9]|0[1-9][0-9]|[1-578][0-9]{2}|6(?:[0-57-9][0-9]|6[0-57-9]))-(?:0[1-9]|[1-9][0-9])-[0-9]{4}\b`,
  "uk-nino": String.raw`\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]\b`,
  "es-dni": String.raw`\b(?:[0-9]{8}|[XYZ][0-9]{7})-?[A-HJ-NP-TV-Z]\b`,
  "it-codice-fiscale": String.raw`\b[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]\b`,
  "fr-nir": String.raw`\b[12] ?[0-9]{2} ?(?:0[1-9]|1[0-2]) ?[0-9][0-9AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}\b`,
  "br-cpf": String.raw`\b[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}\b`,
} as const satisfies Record<NationalIdentifier, string>;

/** What the first step replaces, in order. */
export const replacements = ({ credentials, emails, cards, nationalIdentifiers: kinds, deny }: Redaction): Replacement[] =>
  compact([
    ...deny.patterns.map((pattern) => ({ pattern: `(?:${pattern})`, by: found + signs.denied })),
    credentials && userinfo,
    ...(credentials ? credentialNames.map(assigned) : []),
    ...(emails ? ["@", "%40"] : []).map((sign) => ({ pattern: `${sign}(${domain})`, by: `${sign}${found}\${1}` })),
    ...(cards ? cardPatterns.map((pattern) => ({ pattern: String.raw`(${pattern})\b`, by: `${found}${signs.cards}\${1}` })) : []),
    kinds.length > 0 && { pattern: kinds.map((kind) => nationalIdentifiers[kind]).join("|"), by: found + signs.identifiers },
  ]);

/** What the second step masks as a whole: what the first one has found, and credentials that are known by their form. */
export const masked = ({ headers, credentials }: Redaction): string[] => [
  ...(headers
    ? [
        ...["Authorization", "authorization", "AUTHORIZATION", "Cookie2?", "cookie2?", "COOKIE"].map(header),
        String.raw`earer\s+(?:[A-Za-z._~+/-]*[0-9][A-Za-z0-9._~+/=-]*|[A-Za-z0-9._~+/=-]{20,})`,
        String.raw`asic\s+(?:[A-Za-z0-9+/]{6,}={1,2}|[A-Za-z+/]*[0-9][A-Za-z0-9+/]{10,})`,
      ]
    : []),
  ...(credentials
    ? [
        String.raw`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`,
        String.raw`AKIA[0-9A-Z]{16}\b`,
        String.raw`ASIA[0-9A-Z]{16}\b`,
        "gh[pousr]_[A-Za-z0-9]{36,}",
        "github_pat_[A-Za-z0-9_]{22,}",
        "glpat-[A-Za-z0-9_-]{20,}",
        "xox[abeoprs]-[A-Za-z0-9-]{10,}",
        "k_(?:live|test)_[A-Za-z0-9]{16,}",
        "sk-(?:proj-|ant-|svcacct-)?[A-Za-z0-9]{20}[A-Za-z0-9_-]*",
        "AIza[0-9A-Za-z_-]{35}",
        String.raw`-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]|-[^-])*(?:-----END [A-Z ]*PRIVATE KEY-----)?`,
        ...upperCaseNames.map(assignment),
        encodedUserinfo,
        argument,
        String.raw`ignature=[^&\s"'#]+`,
        "&(?i:pwd|sig|sessionid)=[^&\\s\"'#]+",
        "[?](?i:pwd|sig|sessionid)=[^&\\s\"'#]+",
        "^(?i:pwd|sig)=[^&\\s\"'#]+",
        String.raw`;\s?(?i:pwd)\s?=\s?[^;\s"']+`,
        String.raw`DENTIFIED (?:WITH \S+ )?BY (?:PASSWORD )?(?:'[^']*'|"[^"]*")`,
        String.raw`dentified (?:with \S+ )?by (?:password )?(?:'[^']*'|"[^"]*")`,
        "ession(?:id|Id|ID|_key|Key)=[^&;,\\s\"'#]+",
        String.raw`cv[vc]2?["']?\s*[=:]\s*["']?[0-9]{3,4}\b`,
      ]
    : []),
  foundPattern,
];

const literally = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

const headerKeys = ["uthorization$", "ookies?2?$", "pi[-_.]?[kK]ey$", "oken$"];
const credentialKeys = [
  "ass(?:word|wd|phrase|code)$",
  "ecret(?:[-_.]?(?:access[-_.]?)?[kK]ey)?$",
  "oken$",
  "pi[-_.]?[kK]ey$",
  "ccess[-_.]?[kK]ey$",
  "rivate[-_.]?[kK]ey$",
  "redentials?$",
  "essionid$",
];
const upperCaseKeys = ["PASSW(?:OR)?D$", "SECRET$", "TOKEN$", "AUTHORIZATION$", "COOKIE$", "API-?KEY$", "_KEY$"];

/** Attributes whose key alone says that their value is to be masked. */
export const maskedKeys = ({ headers, credentials, deny }: Redaction): string[] =>
  compact([
    ...new Set([...(headers ? headerKeys : []), ...(credentials ? credentialKeys : [])]),
    ...(headers || credentials ? upperCaseKeys : []),
    deny.keys.length > 0 && `^(?:${deny.keys.map(literally).join("|")})$`,
  ]);

/** Attributes that hold a word of a known list or a number, by semantic conventions old and new: no text is looked for in them. */
export const plainKeys = [
  ..."db.name db.namespace db.operation db.operation.name db.system db.system.name deployment.environment.name".split(" "),
  ..."http.flavor http.method http.request.method http.response.status_code http.scheme http.status_code network.protocol.name".split(" "),
  ..."network.protocol.version network.transport network.type net.host.port net.peer.port net.transport rpc.system".split(" "),
  ..."server.port client.port span.kind thread.id url.scheme".split(" "),
] as const;

/** What the text of a list or a map has in it, if anything is to be redacted: those are made text, which the patterns see. */
const suspiciousParts = String.raw`(?i)pass(?:w|phrase)|secret|token|key|authorization|cookie|bearer|basic |signature|session|cv[vc]|@|%40|://|eyJ|AKIA|ASIA|gh[pousr]_|github_|glpat-|xox|sk-|AIza|BEGIN|identified|(?:^|[^0-9])(?:${anyCard})\b`;
export const suspicious = ({ nationalIdentifiers: kinds, deny }: Redaction): string =>
  [
    suspiciousParts,
    ...kinds.map((kind) => `(?-i:${nationalIdentifiers[kind]})`),
    ...deny.patterns.map((pattern) => `(?-i:${pattern})`),
  ].join("|");
