/** Typed values of stack config. Each accepts a whole value or nothing: "7days" is an error, never 7. */
import * as z from "zod";

/** JSON schema of a leaf for editors. It must accept every value that validation accepts. */
export type EditorSchema = Readonly<Record<string, unknown>>;

/** A setting's type, without its optional wrappers. */
export const bare = (type: z.core.$ZodType): z.core.$ZodType =>
  type instanceof z.ZodPrefault || type instanceof z.ZodOptional ? bare(type.unwrap()) : type;

/** Optional properties of a leaf. */
export interface LeafOptions {
  /** Suggests a replacement for some texts and numbers. */
  readonly hint?: ((input: string) => string | undefined) | undefined;
  /** Default: editors check nothing. */
  readonly editor?: EditorSchema;
}

/**
 * A leaf of the settings: `parse` returns the value, or undefined where the input is none. `allowed` completes the sentence
 * "…; allowed: …" of the error message and stands in the settings reference.
 */
export function leaf<T>(allowed: string, parse: (input: unknown) => T | undefined, { hint, editor = {} }: LeafOptions = {}) {
  return z
    .unknown()
    .transform((input, context) => {
      const value = parse(input);
      if (value !== undefined) return value;
      // Other values may not even convert to text.
      const more = typeof input === "string" || typeof input === "number" ? hint?.(String(input)) : undefined;
      context.addIssue({ code: "custom", message: more === undefined ? allowed : `${allowed}; ${more}`, input });
      return z.NEVER;
    })
    .meta({ allowed, editor });
}

/**
 * A strict decimal: a JSON number or its text (the CLI stores `12.5` as text), with `decimals` at most. No sign, exponent, blank or unit.
 * The text is judged, not the number: as a number, 100.00000000000000001 is 100.
 */
function decimal(input: unknown, decimals: number, min: number, max: number): number | undefined {
  if (typeof input !== "number" && typeof input !== "string") return undefined;
  const match = /^\d+(?:\.(\d+))?$/.exec(String(input));
  if (!match || (match[1] ?? "").length > decimals) return undefined;
  const value = Number(input);
  return value >= min && value <= max ? value : undefined;
}

/** A number or its text, as an editor sees it. */
const numeric = (decimals: number, min: number, max: number): EditorSchema => ({
  anyOf: [
    { type: "number", minimum: min, maximum: max, multipleOf: decimals === 0 ? 1 : undefined },
    { type: "string", pattern: decimals === 0 ? "^\\d+$" : `^\\d+(\\.\\d{1,${decimals}})?$` },
  ],
});

/** Any text, as an editor sees it. */
export const anyText: EditorSchema = { type: "string" };

const written = (pattern: RegExp): EditorSchema => ({ type: "string", pattern: pattern.source });

/**
 * Percent, 0–100, two decimals at most: the Collector's samplers decide in steps of 0.01 %
 * (the trace id's hash is compared in 10,000ths or finer).
 */
export const percent = () =>
  leaf("a percentage from 0 to 100 with at most two decimals", (input) => decimal(input, 2, 0, 100), { editor: numeric(2, 0, 100) });

/** A whole number from `min` to `max`. */
export const integer = (min: number, max: number, what = "a whole number") =>
  leaf(`${what} from ${min} to ${max}`, (input) => decimal(input, 0, min, max), { editor: numeric(0, min, max) });

const daysPattern = /^(\d+)d$/;

/** Days, written `7d`. */
export const days = (min: number, max: number) =>
  leaf(
    `days from ${min}d to ${max}d, such as 7d`,
    (input) => {
      const match = typeof input === "string" ? daysPattern.exec(input) : null;
      return match ? decimal(match[1], 0, min, max) : undefined;
    },
    { editor: written(daysPattern) },
  );

/** How a quantity is written: a whole number and a unit, by the pattern's two groups; what a unit counts for; and whether a bare JSON number is one. */
interface Notation {
  readonly pattern: RegExp;
  readonly units: Readonly<Record<string, number>>;
  readonly numbers?: true;
}

/** A quantity from `min` to `max`, in the smallest unit. */
function quantity(allowed: string, { pattern, units, numbers }: Notation, min: string, max: string, hint?: LeafOptions["hint"]) {
  const parse = (text: string): number | undefined => {
    const match = pattern.exec(text);
    return match ? Number(match[1]) * (units[match[2] ?? ""] ?? 0) : undefined;
  };
  const [least, most] = [parse(min) as number, parse(max) as number];
  return leaf(
    allowed,
    (input) => {
      const value = typeof input === "string" || (numbers && typeof input === "number") ? parse(String(input)) : undefined;
      return value !== undefined && value >= least && value <= most ? value : undefined;
    },
    { hint, editor: numbers ? { anyOf: [{ type: "number" }, written(pattern)] } : written(pattern) },
  );
}

const time: Notation = { pattern: /^(\d+)(ms|s|m)$/, units: { ms: 1, s: 1000, m: 60_000 } };
const size: Notation = { pattern: /^(\d+)(Mi|Gi)$/, units: { Mi: 1, Gi: 1024 } };
const cores: Notation = { pattern: /^(\d+)(m?)$/, units: { m: 1, "": 1000 }, numbers: true };

/** A duration in milliseconds, written `250ms`, `2s` or `1m`. */
export const duration = (min: string, max: string) => quantity(`a duration from ${min} to ${max}`, time, min, max);

const secondsOnly: Notation = { pattern: /^(\d+)(s|m)$/, units: { s: 1, m: 60 } };

/** A duration in whole seconds, written `15s` or `1m`. */
export const seconds = (min: string, max: string) => quantity(`a duration from ${min} to ${max}, such as 15s`, secondsOnly, min, max);

const longTime: Notation = { pattern: /^(\d+)(m|h)$/, units: { m: 60, h: 3600 } };

/** A duration in whole seconds, written `5m` or `8h`. */
export const withHours = (min: string, max: string) => quantity(`a duration from ${min} to ${max}, such as 8h`, longTime, min, max);

/** A duration in milliseconds as people read it: `2 s`, `250 ms`. */
export const durationText = (milliseconds: number): string =>
  milliseconds % 1000 === 0 ? `${milliseconds / 1000} s` : `${milliseconds} ms`;

/** Memory or disk in MiB, written `512Mi` or `2Gi`. */
export const mebibytes = (min: string, max: string, hint?: LeafOptions["hint"]) =>
  quantity(`a size from ${min} to ${max}`, size, min, max, hint);

/** One of some words. */
export const oneOf = <const T extends string>(...words: T[]) =>
  leaf(`one of ${words.join(", ")}`, (input) => words.find((word) => word === input), { editor: { enum: words } });

/** Text that a pattern accepts as a whole. */
export const text = (allowed: string, pattern: RegExp) =>
  leaf(allowed, (input) => (typeof input === "string" && pattern.test(input) ? input : undefined), { editor: written(pattern) });

/** The name of an object of Kubernetes, which `what` says the kind of. */
export const kubernetesName = (what: string) =>
  text(`the name of ${/^[AEIOU]/i.test(what) ? "an" : "a"} ${what}`, /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);

/** A group of whatever values. */
export const isGroup = (input: unknown): input is Readonly<Record<string, unknown>> =>
  typeof input === "object" && input !== null && !Array.isArray(input);

/** Texts by name; `names` is what a name may be. */
export const texts = (allowed: string, names = /^/) =>
  leaf(
    allowed,
    (input) =>
      isGroup(input) && Object.entries(input).every(([key, value]) => names.test(key) && typeof value === "string")
        ? (input as Readonly<Record<string, string>>)
        : undefined,
    { editor: { type: "object", additionalProperties: { type: "string" } } },
  );

/** Yes or no. */
export const flag = () =>
  leaf("true or false", (input) => (input === true || input === "true" ? true : input === false || input === "false" ? false : undefined), {
    editor: { enum: [true, false, "true", "false"] },
  });

/** CPU in thousandths of a core, written `500m` or `2`. */
export const cpu = (min: string, max: string) => quantity(`cores from ${min} to ${max}, such as 500m or 2`, cores, min, max);
