/** Rung: unit. The JSON schema that editors check stack files by: it knows every setting, shows mistakes, and refuses nothing that a preview accepts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020";
import * as fc from "fast-check";
import { parse } from "yaml";
import { projectFolder } from "../../../render/record";
import { editorSchema, editorSchemaFile } from "../../../cli/reference/editor-schema";
import { takeApart } from "../../support/schema";
import { minimal, problemsOf } from "../../support/settings";

const validate = new Ajv2020({ strict: true }).compile(JSON.parse(editorSchema()) as object);
const accepts = (file: unknown): boolean => validate(file);
const { leaves } = takeApart();

describe.each(["dev", "staging", "prod"])("Pulumi.%s.yaml", (stack) => {
  const text = readFileSync(join(projectFolder, `Pulumi.${stack}.yaml`), "utf8");

  test("passes", () => expect(accepts(parse(text))).toBe(true));

  test("names the schema, by which editors find it", () => {
    expect(text.split("\n")[0]).toBe(`# yaml-language-server: $schema=${editorSchemaFile}`);
  });
});

test.each([
  ["a setting that is none", { ...minimal, "tracing:retentoin": "7d" }],
  ["a setting that is none, in a group", { ...minimal, "tracing:sampling": { defualt: 10 } }],
  ["a value that is none", { ...minimal, "tracing:retention": "7days" }],
  ["a number that is out of range", { ...minimal, "tracing:sampling": { default: 101 } }],
  ["a rule without its rate", { ...minimal, "tracing:sampling": { operations: [{ operation: "GET /a" }] } }],
  ["a stack without a platform", { "tracing:environment": "development" }],
])("%s is a mistake", (_what, config) => {
  expect(accepts({ config })).toBe(false);
});

test("what is of other programs, or Pulumi's own, passes", () => {
  expect(accepts({ encryptionsalt: "v1:x", config: { ...minimal, "kubernetes:context": "c" } })).toBe(true);
});

/** Values as people write them; each is one for some of the settings. */
const written = fc.oneof(
  fc.constantFrom<unknown>("docker", "kubernetes", "true", false, "required", "own", "7d", "365d", "512Mi", "2Gi", "64Gi", "500ms", "10m"),
  fc.constantFrom<unknown>(
    "500m",
    2,
    "0.5",
    12.5,
    "12.50",
    0,
    100,
    "GET /a/**",
    "mirror.example.com:5000/hub",
    "jaeger:2.21.0-1",
    "10.0.0.1",
  ),
  fc.constantFrom<unknown>("http://a:9200", "team-a", { release: "monitoring" }, [], {}, "basic"),
  fc.integer({ min: 0, max: 70_000 }),
  fc.jsonValue(),
);

test.each(leaves.filter(({ path }) => !path.includes("[")))("$path: what a preview accepts, an editor does", ({ path }) => {
  const [first = "", ...rest] = path.split(".");
  fc.assert(
    fc.property(written, (value) => {
      // At the top an empty text counts as not given, and a number is a text to Pulumi: nobody writes either.
      if (rest.length === 0 && (value === "" || typeof value === "number")) return;
      const given = rest.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
      if (accepts({ config: { ...minimal, [`tracing:${first}`]: given } })) return;
      expect(problemsOf({ [first]: given })).not.toEqual([]);
    }),
    { numRuns: 50 },
  );
});
