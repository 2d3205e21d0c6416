/**
 * Expressions in the Collector's transformation language (OTTL) about text, numbers and maps of attributes.
 *
 * What asks about every attribute of every span has to be quick. So types are told by comparisons, which are false for a value of another type;
 * functions such as IsString make an error message for every "no". They are used where something is known to be odd.
 */

/** A literal text. */
export const quoted = (text: string): string => JSON.stringify(text);

/** The largest finite number, beyond which is infinity. */
const largest = "1.7976931348623157e+308";

/** What a text ends with that was cut, and what stands for what lies too deep. */
const ellipsis = "…";

/** How many levels of lists and maps a value may have. */
export const depth = 5;

/** How long keys and values may be, bytes. */
export interface Sizes {
  readonly keyBytes: number;
  readonly valueBytes: number;
}

const when = (condition: string, yes: string, no: string) => `When(() => ${condition}, ${yes}, ${no})`;

/** Text with U+FFFD in place of what is no UTF-8. */
const valid = (text: string) => `Decode(${text}, "utf-8")`;

/**
 * Whether a text is UTF-8. Short text is mostly ASCII in lower case, and to see that takes a fifth of the time: a change of case would replace
 * what is no UTF-8.
 */
const isValid = (text: string) => `(Len(${text}) < 100 and ToLowerCase(${text}) == ${text} or ${valid(text)} == ${text})`;

/** Whether a text is short enough, and UTF-8. */
export const isSoundText = (text: string, bytes: number): string => `Len(${text}) <= ${bytes} and ${isValid(text)}`;

/** The text, cut and repaired where it has to be. */
export const soundText = (text: string, bytes: number): string => shortText(valid(text), bytes);

const shortText = (text: string, bytes: number) =>
  when(
    `Len(${text}) > ${bytes}`,
    `Concat([Substring(${text}, 0, ${bytes - Buffer.byteLength(ellipsis)}, true), ${quoted(ellipsis)}], "")`,
    text,
  );

/** Whether a value is a sound text, a finite number, a flag, or nothing. */
const isSoundScalar = (value: string, bytes: number) =>
  [
    `${value} >= "" and ${isSoundText(value, bytes)}`,
    `${value} >= -${largest} and ${value} <= ${largest}`,
    `${value} >= false`,
    `${value} == nil`,
  ].join(" or ");

/** Whether a map of attributes is sound beyond doubt: no key that may be blank, and no value that has to be looked into. */
export const isPlainMap = (map: string, { keyBytes, valueBytes }: Sizes): string =>
  `All(${map}, (k, v) => k >= "!" and k <= "~" and ${isSoundText("k", keyBytes)} and (${isSoundScalar("v", valueBytes)}))`;

/** The map without keys that are too long, or of nothing that can be seen: Elasticsearch refuses a document with such a field. */
export const withoutOddKeys = (map: string, { keyBytes }: Sizes): string =>
  `Filter(${map}, (k, _) => Len(k) <= ${keyBytes} and not IsMatch(k, ${quoted("^[\\s\\p{Z}\\p{C}]*$")}))`;

/** Whether a key of the map is no UTF-8. */
export const hasInvalidKeys = (map: string): string => `Any(${map}, (k, _) => ${valid("k")} != k)`;

/** The map with keys that are UTF-8. */
export const withValidKeys = (map: string): string => `MapKeys(${map}, (k, _) => ${valid("k")})`;

/** What of the map is not sound: too long as text, which is what Jaeger stores, or in a list or map of it something that is not sound. */
export const unsoundOf = (map: string, { valueBytes }: Sizes): string =>
  `Filter(${map}, (_, v) => not (${isSound("v", valueBytes, 0)} and ${isShort("v", valueBytes)}))`;

/** The values of a map that are not sound, made so. First what is in them, then their length as a whole. */
export const soundValues = (map: string, { valueBytes }: Sizes): string => `MapEach(${map}, (_, v) => ${sound("v", valueBytes, 0)})`;
export const shortValues = (map: string, { valueBytes }: Sizes): string =>
  `MapEach(${map}, (_, v) => ${when(isShort("v", valueBytes), "v", shortText("String(v)", valueBytes))})`;

/** Whether a value is short enough: as JSON if it is a list or a map, as digits if it is bytes. */
const isShort = (value: string, bytes: number) => `(${value} == nil or IsString(${value}) or Len(String(${value})) <= ${bytes})`;

const isNested = (value: string) => `IsMap(${value}) or IsList(${value})`;

function isSound(value: string, bytes: number, level: number): string {
  const isBytes = `${value} > 0x00 or ${value} <= 0x00`;
  const inner = `${value}_`;
  const nested = level < depth ? `(${isNested(value)}) and All(${value}, (_, ${inner}) => ${isSound(inner, bytes, level + 1)})` : "false";
  return `(${isSoundScalar(value, bytes)} or ${isBytes} or ${nested})`;
}

function sound(value: string, bytes: number, level: number): string {
  const inner = `${value}_`;
  const nested = level < depth ? `MapEach(${value}, (_, ${inner}) => ${sound(inner, bytes, level + 1)})` : quoted(ellipsis);
  const number = when(`${value} != ${value}`, quoted("NaN"), when(`${value} > 0`, quoted("Infinity"), quoted("-Infinity")));
  const isOddNumber = `IsDouble(${value}) and not (${value} >= -${largest} and ${value} <= ${largest})`;
  return [
    [isNested(value), nested],
    [`IsString(${value})`, soundText(value, bytes)],
    [isOddNumber, number],
    // A function cannot give nothing.
    [`${value} == nil`, quoted("null")],
  ].reduceRight((rest, [condition, result]) => when(condition as string, result as string, rest), value);
}
