/**
 * Operations: `METHOD /path` patterns of sampling rules, and the one normaliser that says which requests they mean.
 *
 * - `*` is a whole segment or part of one, never across a slash; `**`, a segment of its own, is any number of segments, also none.
 * - A route part such as `<int:id>` in a pattern means `*`, also as a part of a segment: `/files/<slug:name>.json`.
 * - Case matters. A slash at either end and the query string do not; neither do scheme and host of a URL.
 *
 * tests/vectors/sampling.json holds every implementation to the same answers.
 */

/** A parsed operation. */
export interface Operation {
  /** As it is written in the config, normalised: one space, leading slash. */
  readonly text: string;
  /** HTTP method, upper case. */
  readonly method: string;
  /**
   * A regular expression over a path, a target with query string, a route or an absolute URL. It means the same in JavaScript, Python and
   * Go's RE2, and holds neither backslash nor quote, so that it can stand in any config file as it is.
   */
  readonly pathPattern: string;
}

const segmentCharacters = /^[A-Za-z0-9._~!$&()+,;=:@%<>*-]+$/;

/** Parses `METHOD /path`; undefined where the text is none. */
export function parseOperation(text: string): Operation | undefined {
  const match = /^([A-Z]+) +(\/\S*)$/.exec(text);
  if (!match) return undefined;
  const [, method = "", path = ""] = match;
  const segments = path.split("/").filter((segment) => segment !== "");
  if (path.includes("//") || !segments.every((segment) => segmentCharacters.test(segment))) return undefined;
  if (segments.some((segment) => segment.includes("**") && segment !== "**")) return undefined;
  return { text: `${method} ${path}`, method, pathPattern: pathPattern(segments) };
}

/**
 * The pattern of a path. What repeats holds a slash that tells its rounds apart, so that no text takes long to match.
 */
function pathPattern(segments: readonly string[]): string {
  const [first, ...others] = segments.filter((segment, index) => segment !== "**" || segments[index - 1] !== "**");
  if (first === undefined) return anchored("");
  const rest = others.map((segment) => (segment === "**" ? "(?:/[^/?]+)*" : `/${segmentPattern(segment)}`)).join("");
  if (first !== "**") return anchored(`${segmentPattern(first)}${rest}/?`);
  return anchored(rest === "" ? "(?:[^/?]+/)*[^/?]*" : `(?:[^/?]+/)*${rest.slice(1)}/?`);
}

function segmentPattern(segment: string): string {
  if (segment === "*" || /^<[^<>]+>$/.test(segment)) return "[^/?]+";
  return segment.replace(/<[^<>]+>|[^A-Za-z0-9]/g, (c) => (c === "*" || c.length > 1 ? "[^/?]*" : `[${c}]`));
}

/** Scheme and host of an absolute URL with the slash that ends them, or the optional slash in front of a path or a route. */
const start = "(?:[^/?:]+://[^/?]*/|/?)";

const anchored = (pattern: string): string => `^${start}${pattern}(?:[?].*)?$`;

/** Whether a request is meant. `path` is a path, a target with query string, a route with or without its leading slash, or an absolute URL. */
export function matches(operation: Operation, method: string, path: string): boolean {
  return operation.method === method && new RegExp(operation.pathPattern).test(path);
}
