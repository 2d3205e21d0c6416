/** Rung: unit. Operation patterns against the vectors that every implementation shares, and what must hold of any pattern. */
import * as fc from "fast-check";
import { matches, parseOperation, type Operation } from "../../../configs/sampling/operations";
import vectors from "../../vectors/sampling.json";

const parsed = (text: string): Operation => {
  const operation = parseOperation(text);
  if (!operation) throw new Error(`not an operation: ${text}`);
  return operation;
};

const segment = fc.stringMatching(/^[A-Za-z0-9._~!$&()+,;=:@%-]{1,12}$/);
const literalPath = fc.array(segment, { maxLength: 5 }).map((segments) => `/${segments.join("/")}`);
/** Segments of every kind that an operation may hold. */
const patternSegment = fc.oneof(segment, fc.constantFrom("*", "**", "<int:id>", "v*", "*.json", "a<slug:b>c"));
const operationText = fc.array(patternSegment, { maxLength: 6 }).map((segments) => `GET /${segments.join("/")}`);

describe("shared vectors", () => {
  test.each(vectors.requests)("$operation and $method $path: $matches, $why", ({ operation, method, path, matches: expected }) => {
    expect(matches(parsed(operation), method, path)).toBe(expected);
  });

  test.each(vectors.invalid)("$operation is no operation: $why", ({ operation }) => {
    expect(parseOperation(operation)).toBeUndefined();
  });

  test("hold both answers for *, ** and route parts, and no request twice", () => {
    for (const part of [/[/]\*/, /\*\*/, /<int:id>/]) {
      const answers = vectors.requests.filter(({ operation }) => part.test(operation)).map((vector) => vector.matches);
      expect(new Set(answers)).toEqual(new Set([true, false]));
    }
    const keys = vectors.requests.map(({ operation, method, path }) => JSON.stringify([operation, method, path]));
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("parseOperation", () => {
  test("keeps the method and the path as they are written, one blank between them", () => {
    expect(parsed("POST   /api/Users/")).toMatchObject({ text: "POST /api/Users/", method: "POST" });
  });
});

describe("any operation", () => {
  test("of a literal path matches it with any slashes and query, and with no other method", () => {
    fc.assert(
      fc.property(literalPath, fc.constantFrom("", "?", "?a=/b", "/?c"), (path, tail) => {
        const operation = parsed(`PUT ${path}`);
        const bare = path.slice(1);
        const end = bare === "" ? tail.replace("/", "") : tail;
        expect(matches(operation, "PUT", path + end)).toBe(true);
        expect(matches(operation, "PUT", bare + end)).toBe(true);
        expect(matches(operation, "PATCH", path)).toBe(false);
      }),
    );
  });

  test("of a literal path matches no other literal path", () => {
    fc.assert(
      fc.property(literalPath, literalPath, (one, other) => {
        fc.pre(one !== other);
        expect(matches(parsed(`GET ${one}`), "GET", other)).toBe(false);
      }),
    );
  });

  test("lets * stand for exactly one segment", () => {
    fc.assert(
      fc.property(segment, fc.array(segment, { maxLength: 3 }), (before, middle) => {
        expect(matches(parsed(`GET /${before}/*/end`), "GET", `/${[before, ...middle, "end"].join("/")}`)).toBe(middle.length === 1);
      }),
    );
  });

  test("lets ** stand for any number of segments", () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 4 }), (middle) => {
        expect(matches(parsed("GET /**/end"), "GET", `/${[...middle, "end"].join("/")}`)).toBe(true);
        expect(matches(parsed("GET /start/**"), "GET", `/${["start", ...middle].join("/")}`)).toBe(true);
        expect(matches(parsed("GET /start/**/end"), "GET", `/${["start", ...middle, "end"].join("/")}`)).toBe(true);
      }),
    );
  });

  test("matches the route that is written like it", () => {
    fc.assert(
      fc.property(operationText, (text) => {
        const path = text.slice("GET ".length).replaceAll("**", "x");
        expect(matches(parsed(text), "GET", path)).toBe(true);
      }),
    );
  });

  test("has a pattern that any config file and any engine can hold", () => {
    fc.assert(
      fc.property(operationText, (text) => {
        const { pathPattern } = parsed(text);
        // No quote or backslash for YAML and OTTL, no `$$` or `${` for the Collector, no look-around or back reference for RE2.
        expect(pathPattern).not.toMatch(/["'\\\s]|\$\$|\$\{|\(\?[=!<]/);
        expect(pathPattern).toMatch(/^\^.*\$$/);
      }),
    );
  });

  test("answers quickly on a text made to be slow", () => {
    fc.assert(
      fc.property(operationText, fc.constantFrom("a", "a/", "/a", "a-"), (text, unit) => {
        const start = process.hrtime.bigint();
        matches(parsed(text), "GET", `/${unit.repeat(25)}//`);
        expect(Number(process.hrtime.bigint() - start) / 1e6).toBeLessThan(250);
      }),
      // What is slow here is slow in each smaller example too.
      { numRuns: 200, endOnFailure: true },
    );
  });
});
