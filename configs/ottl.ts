/**
 * Expressions in the Collector's transformation language (OTTL) about text, numbers and maps of attributes.
 *
 * Each comes as two: a test that is cheap, as every attribute of every span goes through it, and may take something sound for odd; and a
 * repair that leaves the sound as it is. The tests compare where OTTL has functions that ask for a type, such as IsString: these make an
 * error message for every "no". A comparison with a value of another type is simply false.
 */

/** A literal text. */
export const quoted = (text: string): string => JSON.stringify(text);

/** The largest finite number; beyond it is infinity only. */
const largest = "1.7976931348623157e+308";

/** What shows that a text was cut: its last character. */
const ellipsis = "…";
const ellipsisBytes = Buffer.byteLength(ellipsis);

/** How deep maps and lists in a value are looked at. What lies deeper is replaced, see `ellipsis`. */
const depth = 6;

/** Text with U+FFFD in place of what is no UTF-8. */
const valid = (text: string) => `Decode(${text}, "utf-8")`;

/** Whether a text is UTF-8. Most text is ASCII in lower case, and to see that is quick; a change of case replaces what is no UTF-8. */
const isValid = (text: string) => `(ToLowerCase(${text}) == ${text} or ${valid(text)} == ${text})`;

/** Whether a text is short enough and UTF-8. */
export const soundText = (text: string, bytes: number): string => `Len(${text}) <= ${bytes} and ${isValid(text)}`;

/** A text that is short enough and UTF-8: cut and repaired where it has to be. */
export const repairedText = (text: string, bytes: number): string =>
  when(`Len(${valid(text)}) > ${bytes}`, cut(valid(text), bytes), valid(text));

const cut = (text: string, bytes: number) => `Concat([Substring(${text}, 0, ${bytes - ellipsisBytes}, true), ${quoted(ellipsis)}], "")`;
const when = (condition: string, yes: string, no: string) => `When(() => ${condition}, ${yes}, ${no})`;

/** Keys of nothing but blanks and what cannot be seen. Elasticsearch refuses a document with such a field. */
const blank = quoted("^[\\s\\p{Z}\\p{C}]*$");

/** Whether a map of attributes is sound beyond doubt: no key that may be blank, every value a sound text, a finite number, a flag or nothing. */
export function soundMap(map: string, { keyBytes, valueBytes }: Sizes): string {
  const key = `k >= "!" and k <= "~" and ${soundText("k", keyBytes)}`;
  const value = `v >= "" and ${soundText("v", valueBytes)} or v >= -${largest} and v <= ${largest} or v >= false or v == nil`;
  return `All(${map}, (k, v) => ${key} and (${value}))`;
}

/** How long keys and values may be, bytes. */
export interface Sizes {
  readonly keyBytes: number;
  readonly valueBytes: number;
}

/** A map without the keys that cannot be kept. */
export const withoutOddKeys = (map: string, { keyBytes }: Sizes): string =>
  `Filter(${map}, (k, _) => Len(k) <= ${keyBytes} and not IsMatch(k, ${blank}))`;

/** A map whose keys are UTF-8. */
export const withValidKeys = (map: string): string => `MapKeys(${map}, (k, _) => ${valid("k")})`;

/** A map whose texts are UTF-8 and short enough and whose numbers are finite, also those in lists and maps. */
export const withSoundValues = (map: string, { valueBytes }: Sizes): string => `MapEach(${map}, (_, v) => ${repaired("v", valueBytes, 0)})`;

/** A map whose other values are short enough as text, which is what Jaeger stores of them: lists and maps as JSON, bytes as digits. */
export const withShortValues = (map: string, { valueBytes }: Sizes): string =>
  `MapEach(${map}, (_, v) => ${when(
    `v != nil and not IsString(v) and Len(String(v)) > ${valueBytes}`,
    cut("String(v)", valueBytes),
    "v",
  )})`;

function repaired(value: string, bytes: number, level: number): string {
  const inner = `${value}_`;
  const nested = level < depth ? `MapEach(${value}, (_, ${inner}) => ${repaired(inner, bytes, level + 1)})` : quoted(ellipsis);
  const number = when(`${value} != ${value}`, quoted("NaN"), when(`${value} > 0`, quoted("Infinity"), quoted("-Infinity")));
  const isOddNumber = `IsDouble(${value}) and not (${value} >= -${largest} and ${value} <= ${largest})`;
  return when(
    `IsMap(${value}) or IsList(${value})`,
    nested,
    when(`IsString(${value})`, repairedText(value, bytes), when(isOddNumber, number, value)),
  );
}
