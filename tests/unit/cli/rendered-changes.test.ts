/** Rung: unit. The summary of what changes between two rendered stacks, and when a page can be shown. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { changesSummary, composeFile, partsOf } from "../../../cli/engine/rendered-changes";
import { hasBrowser } from "../../../cli/terminal/browser";
import { temporaryFolder } from "../../support/temporary-folder";

const folder = temporaryFolder();

/** The parts of a folder with these files. */
function parts(files: Readonly<Record<string, string>>): ReturnType<typeof partsOf> {
  const own = mkdtempSync(join(folder(), "parts-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(own, name), text);
  return partsOf(own);
}

const compose = (jaeger: string, more = "") =>
  parts({
    [composeFile]: `services:\n  jaeger: {image: ${jaeger}}\n  tracing-jaeger-config: {image: busybox}\n${more}volumes:\n  tracing-secrets: {}\n`,
  });

test("a new stack is counts by component; what belongs to no service is the engine's", () => {
  const setup =
    "  elasticsearch: {image: es}\n  elasticsearch-setup: {image: es}\n  tracing-elasticsearch-setup-prepare: {image: busybox}\n";
  expect(changesSummary(new Map(), compose("a", setup)).split("\n")).toEqual([
    "component            create  update  replace  delete",
    "docker               1       0       0        0",
    "elasticsearch        1       0       0        0",
    "elasticsearch-setup  2       0       0        0",
    "jaeger               2       0       0        0",
    "all                  6       0       0        0",
  ]);
});

test("what is not new has a line of its own", () => {
  const before = compose("a", "  canary: {image: c}\n");
  expect(changesSummary(before, compose("b")).split("\n")).toEqual([
    "component  create  update  replace  delete",
    "canary     0       0       0        1",
    "jaeger     0       1       0        0",
    "all        0       1       0        1",
    "delete canary: service canary",
    "update jaeger: service jaeger",
  ]);
});

test("the order of keys and the comments of a file are no difference", () => {
  const [one, other] = ["services:\n  jaeger:\n    image: a\n", "# again\nservices: {jaeger: {image: a}}\n"];
  expect(changesSummary(parts({ [composeFile]: one }), parts({ [composeFile]: other }))).toBe("no difference");
});

test("manifests are told by the file that they are in, which is a component's", () => {
  const object = (name: string, data: string) => `kind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: ${data}}\n`;
  const before = parts({ "jaeger.yaml": `${object("one", "1")}---\n${object("two", "1")}`, "create-secrets.sh": "exit 0\n" });
  const after = parts({ "jaeger.yaml": `${object("one", "2")}---\n${object("two", "1")}`, "canary.yaml": object("canary", "1") });
  expect(changesSummary(before, after).split("\n").slice(1)).toEqual([
    "canary     1       0       0        0",
    "jaeger     0       1       0        0",
    "all        1       1       0        0",
    "update jaeger: ConfigMap one",
  ]);
});

test.each(["dev", "staging", "prod"])("each part of the rendered stack %s has a component", (stack) => {
  const found = [...partsOf(resolve("rendered", stack)).values()];
  expect(found.length).toBeGreaterThan(30);
  expect(found.filter(({ component }) => component === "")).toEqual([]);
});

test.each([
  ["a desktop", "linux", { DISPLAY: ":0" }, true, true],
  ["a desktop on Wayland", "linux", { WAYLAND_DISPLAY: "wayland-0" }, true, true],
  ["no desktop", "linux", {}, true, false],
  ["macOS", "darwin", {}, true, true],
  ["a pipe", "darwin", {}, false, false],
  ["CI", "linux", { DISPLAY: ":0", CI: "true" }, true, false],
] as const)("with %s", (_, platform, environment, terminal, shown) => {
  expect(hasBrowser(platform, environment, terminal)).toBe(shown);
});
