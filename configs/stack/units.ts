/** Typed values of stack config. Each accepts a whole value or nothing: "7days" is an error, never 7. */
import * as z from "zod";

/**
 * A leaf of the settings: `parse` returns the value, or undefined where the input is none. `allowed` completes the sentence
 * "…; allowed: …" of the error message and stands in the settings reference. `hint` may add what to write in place of some texts and numbers.
 */
export function leaf<T>(allowed: string, parse: (input: unknown) => T | undefined, hint?: (input: string) => string | undefined) {
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
    .meta({ allowed });
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

/**
 * Percent, 0–100, two decimals at most: the Collector's samplers decide in steps of 0.01 %
 * (the trace id's hash is compared in 10,000ths or finer).
 */
export const percent = () => leaf("a percentage from 0 to 100 with at most two decimals", (input) => decimal(input, 2, 0, 100));

/** A whole number from `min` to `max`. */
export const integer = (min: number, max: number, what = "a whole number") =>
  leaf(`${what} from ${min} to ${max}`, (input) => decimal(input, 0, min, max));

/** Days, written `7d`. */
export const days = (min: number, max: number) =>
  leaf(`days from ${min}d to ${max}d, such as 7d`, (input) => {
    const match = typeof input === "string" ? /^(\d+)d$/.exec(input) : null;
    return match ? decimal(match[1], 0, min, max) : undefined;
  });

/** A duration in milliseconds, written `250ms`, `2s` or `1m`. */
export const duration = (min: string, max: string) => {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
  const parse = (text: string): number | undefined => {
    const match = /^(\d+)(ms|s|m)$/.exec(text);
    return match ? Number(match[1]) * (units[match[2] ?? ""] ?? 0) : undefined;
  };
  const [least, most] = [parse(min) as number, parse(max) as number];
  return leaf(`a duration from ${min} to ${max}, such as 500ms or 2s`, (input) => {
    const value = typeof input === "string" ? parse(input) : undefined;
    return value !== undefined && value >= least && value <= most ? value : undefined;
  });
};

/** A duration in milliseconds as people read it: `2 s`, `250 ms`. */
export const durationText = (milliseconds: number): string =>
  milliseconds % 1000 === 0 ? `${milliseconds / 1000} s` : `${milliseconds} ms`;

/** Memory or disk in MiB, written `512Mi` or `2Gi`. */
export const mebibytes = (min: string, max: string, hint?: (input: string) => string | undefined) => {
  const parse = (text: string): number | undefined => {
    const match = /^(\d+)(Mi|Gi)$/.exec(text);
    return match ? Number(match[1]) * (match[2] === "Gi" ? 1024 : 1) : undefined;
  };
  const [least, most] = [parse(min) as number, parse(max) as number];
  return leaf(
    `a size from ${min} to ${max}, such as 512Mi or 2Gi`,
    (input) => {
      const value = typeof input === "string" ? parse(input) : undefined;
      return value !== undefined && value >= least && value <= most ? value : undefined;
    },
    hint,
  );
};

/** One of some words. */
export const oneOf = <const T extends string>(...words: T[]) =>
  leaf(`one of ${words.join(", ")}`, (input) => words.find((word) => word === input));

/** Text that a pattern accepts as a whole. */
export const text = (allowed: string, pattern: RegExp) =>
  leaf(allowed, (input) => (typeof input === "string" && pattern.test(input) ? input : undefined));

/** Yes or no. */
export const flag = () =>
  leaf("true or false", (input) => (input === true || input === "true" ? true : input === false || input === "false" ? false : undefined));

/** CPU in thousandths of a core, written `500m` or `2`. */
export const cpu = (min: string, max: string) => {
  const parse = (text: string): number | undefined => {
    const match = /^(\d+)(m?)$/.exec(text);
    return match ? Number(match[1]) * (match[2] ? 1 : 1000) : undefined;
  };
  const [least, most] = [parse(min) as number, parse(max) as number];
  return leaf(`cores from ${min} to ${max}, such as 500m or 2`, (input) => {
    const value = typeof input === "string" || typeof input === "number" ? parse(String(input)) : undefined;
    return value !== undefined && value >= least && value <= most ? value : undefined;
  });
};
