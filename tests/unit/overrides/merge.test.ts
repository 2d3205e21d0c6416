/** Rung: unit. A patch on a program's config: what it adds, replaces and takes out. */
import * as fc from "fast-check";
import { merge } from "../../../configs/overrides/merge";

test.each([
  ["a value is replaced", { a: 1, b: 2 }, { a: 3 }, { a: 3, b: 2 }],
  ["a group is merged", { a: { b: 1, c: 2 } }, { a: { c: 3, d: 4 } }, { a: { b: 1, c: 3, d: 4 } }],
  ["null takes a key out", { a: { b: 1, c: 2 } }, { a: { b: null } }, { a: { c: 2 } }],
  ["a list is replaced", { a: [1, 2] }, { a: [3] }, { a: [3] }],
  ["... is what the list has", { a: [1, 2] }, { a: [0, "...", 3] }, { a: [0, 1, 2, 3] }],
  ["... in a list that is new is nothing", {}, { a: ["...", 1] }, { a: [1] }],
  ["a value becomes a group", { a: 1 }, { a: { b: 2 } }, { a: { b: 2 } }],
  [
    "a key of the language's own is a key like any other",
    {},
    JSON.parse('{"__proto__":{"a":1}}') as object,
    JSON.parse('{"__proto__":{"a":1}}'),
  ],
])("%s", (_what, config, patch, merged) => {
  expect(merge(config, patch)).toEqual(merged);
});

const config = fc.dictionary(fc.string(), fc.jsonValue());

test("an empty patch changes nothing, and a config on itself neither, where it has no null", () => {
  const withoutNull = (value: unknown): boolean => !JSON.stringify(value).includes("null") && !JSON.stringify(value).includes('"..."');
  fc.assert(
    fc.property(config, (any) => {
      expect(merge(any, {})).toEqual(any);
      if (withoutNull(any)) expect(merge(any, any)).toEqual(any);
    }),
  );
});

test("what the patch does not name stays, and nothing that is given is changed in place", () => {
  fc.assert(
    fc.property(config, config, (before, patch) => {
      const copy = structuredClone(before);
      const merged = merge(before, patch) as Record<string, unknown>;
      expect(before).toEqual(copy);
      for (const key of Object.keys(before)) if (!Object.hasOwn(patch, key)) expect(merged[key]).toEqual(before[key]);
    }),
  );
});
