/** Typed values of stack config. Each accepts a whole value or nothing: "7days" is an error, never 7. */
import * as z from "zod";

/** What an editor may be told of a leaf: a fragment of JSON schema, no narrower than what is accepted. */
export type EditorSchema = Readonly<Record<string, unknown>>;

/** What may be said of a leaf besides. */
export interface LeafOptions {
  /** What to write in place of some texts and numbers. */
  readonly hint?: ((input: string) => string | undefined) | undefined;
  /** What an editor checks while somebody types; nothing unless given. */
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
      // Nothing else has a text of its own: an object may even lack one.
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
    { type: "number", minimum: min, maximum: max, ...(decimals === 0 ? { multipleOf: 1 } : {}) },
    { type: "string", pattern: decimals === 0 ? "^\\d+$" : `^\\d+(\\.\\d{1,${decimals}})?$` },
  ],
});

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

const durationPattern = /^(\d+)(ms|s|m)$/;

/** A duration in milliseconds, written `250ms`, `2s` or `1m`. */
export const duration = (min: string, max: string) => {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
  const parse = (text: string): number | undefined => {
    const match = durationPattern.exec(text);
    return match ? Number(match[1]) * (units[match[2] ?? ""] ?? 0) : undefined;
  };
  const [least, most] = [parse(min) as number, parse(max) as number];
  return leaf(
    `a duration from ${min} to ${max}, such as 500ms or 2s`,
    (input) => {
      const value = typeof input === "string" ? parse(input) : undefined;
      return value !== undefined && value >= least && value <= most ? value : undefined;
    },
    { editor: written(durationPattern) },
  );
};

/** A duration in milliseconds as people read it: `2 s`, `250 ms`. */
export const durationText = (milliseconds: number): string =>
  milliseconds % 1000 === 0 ? `${milliseconds / 1000} s` : `${milliseconds} ms`;

const sizePattern = /^(\d+)(Mi|Gi)$/;

/** Memory or disk in MiB, written `512Mi` or `2Gi`. */
export const mebibytes = (min: string, max: string, hint?: LeafOptions["hint"]) => {
  const parse = (text: string): number | undefined => {
    const match = sizePattern.exec(text);
    return match ? Number(match[1]) * (match[2] === "Gi" ? 1024 : 1) : undefined;
  };
  const [least, most] = [parse(min) as number, parse(max) as number];
  return leaf(
    `a size from ${min} to ${max}, such as 512Mi or 2Gi`,
    (input) => {
      const value = typeof input === "string" ? parse(input) : undefined;
      return value !== undefined && value >= least && value <= most ? value : undefined;
    },
    { hint, editor: written(sizePattern) },
  );
};

/** One of some words. */
export const oneOf = <const T extends string>(...words: T[]) =>
  leaf(`one of ${words.join(", ")}`, (input) => words.find((word) => word === input), { editor: { enum: words } });

/** Text that a pattern accepts as a whole. */
export const text = (allowed: string, pattern: RegExp) =>
  leaf(allowed, (input) => (typeof input === "string" && pattern.test(input) ? input : undefined), { editor: written(pattern) });

/** Yes or no. */
export const flag = () =>
  leaf("true or false", (input) => (input === true || input === "true" ? true : input === false || input === "false" ? false : undefined), {
    editor: { enum: [true, false, "true", "false"] },
  });

const cpuPattern = /^(\d+)(m?)$/;

/** CPU in thousandths of a core, written `500m` or `2`. */
export const cpu = (min: string, max: string) => {
  const parse = (text: string): number | undefined => {
    const match = cpuPattern.exec(text);
    return match ? Number(match[1]) * (match[2] ? 1 : 1000) : undefined;
  };
  const [least, most] = [parse(min) as number, parse(max) as number];
  return leaf(
    `cores from ${min} to ${max}, such as 500m or 2`,
    (input) => {
      const value = typeof input === "string" || typeof input === "number" ? parse(String(input)) : undefined;
      return value !== undefined && value >= least && value <= most ? value : undefined;
    },
    { editor: { anyOf: [{ type: "number" }, written(cpuPattern)] } },
  );
};
