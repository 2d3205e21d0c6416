/** Rung: unit. A release: the tag, the versions in the files and the changelog agree, or nothing is released. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { linkedNotes, publishedManifest, releaseOf, taggedPackage } from "../../../cli/supply-chain/release";
import { version } from "../../../configs/version";
import manifest from "../../../package.json";
import { projectFolder } from "../../../render/record";

const changelog = `# Changelog

## Unreleased

### Added

- Later.

## 1.2.3 - 2026-11-30

### Added

- A thing, with \`## 1.0.0\` in its text.

## 1.2.30

- Another.

## 1.0.0
`;
const sources =
  (...versions: (string | undefined)[]) =>
  () => ({
    versions: Object.fromEntries(versions.map((found, i) => [`file${i}`, found])),
    changelog,
  });

test.each([
  ["v1.2.3", { released: "stack", version: "1.2.3" }],
  ["v1.2.3-rc.1", { released: "stack", version: "1.2.3-rc.1" }],
  ["thebot-tracing-v2.0.0", { released: "thebot-tracing", version: "2.0.0" }],
])("%s is a release", (tag, expected) => {
  expect(taggedPackage(tag)).toEqual(expected);
});

test.each(["1.2.3", "v1.2", "v1.2.3.4", "vv1.2.3", "v1.2.3 ", "thebot-tracing-2.0.0", "thebot-tracing-vx", "v1.2.3+1", ""])(
  "%j is none",
  (tag) => {
    expect(() => taggedPackage(tag)).toThrow("allowed: v1.2.3 or thebot-tracing-v1.2.3");
  },
);

test("the notes are the version's section of the changelog", () => {
  expect(releaseOf("v1.2.3", sources("1.2.3", "1.2.3"))).toEqual({
    released: "stack",
    version: "1.2.3",
    notes: "### Added\n\n- A thing, with `## 1.0.0` in its text.",
  });
  expect(releaseOf("v1.2.30", sources("1.2.30")).notes).toBe("- Another.");
});

test.each<[string, string, (string | undefined)[], string[]]>([
  ["files of other versions", "v1.2.3", ["1.2.3", "1.2.2", undefined], ["file1: found version 1.2.2", "file2: found version none"]],
  ["a version that the changelog lacks", "v1.2.4", ["1.2.4"], ['no section "## 1.2.4"']],
  ["a section with nothing in it", "v1.0.0", ["1.0.0"], ['no section "## 1.0.0"']],
  ["both", "v1.2.4", ["1.2.3"], ["file0", "no section"]],
])("refuses %s", (_, tag, versions, parts) => {
  for (const part of parts) expect(() => releaseOf(tag, sources(...versions))).toThrow(part);
});

test("links of the notes lead into the repository at the tag; those that are whole stay", () => {
  const notes = "See [a](docs/a.md#b),\n[c](../../docs/c.md) and [d](https://d.example/).";
  const at = "https://github.com/owner/name/blob/v1.2.3";
  expect(linkedNotes("[a](docs/a.md#b)", "owner/name", "v1.2.3", "")).toBe(`[a](${at}/docs/a.md#b)`);
  expect(linkedNotes(notes, "owner/name", "v1.2.3", "instrumentation/django")).toBe(
    `See [a](${at}/instrumentation/django/docs/a.md#b),\n[c](${at}/docs/c.md) and [d](https://d.example/).`,
  );
});

test("the published package has the owner's scope and repository, and no development fields", () => {
  const published = publishedManifest(manifest, "Example-Org/Tracing");
  expect(published).toMatchObject({
    name: "@example-org/tracing",
    version: manifest.version,
    exports: manifest.exports,
    dependencies: manifest.dependencies,
    repository: { type: "git", url: "git+https://github.com/Example-Org/Tracing.git" },
    publishConfig: { access: "public", provenance: true },
  });
  for (const key of ["private", "scripts", "devDependencies", "overrides"]) {
    expect(manifest).toHaveProperty(key);
    expect(published).not.toHaveProperty(key);
  }
  expect(() => publishedManifest(manifest, "tracing")).toThrow("owner/name");
});

test("in the repository the package is private, and its version stands the same everywhere", () => {
  expect(manifest.private).toBe(true);
  const lock = JSON.parse(readFileSync(join(projectFolder, "package-lock.json"), "utf8")) as { version: string };
  expect([version, lock.version]).toEqual([manifest.version, manifest.version]);
});
