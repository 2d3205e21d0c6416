/** Rung: unit. Renovate's config finds every version that the project writes in a form of its own; a reformatted line would never be raised again. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { images } from "../../../configs/images";
import { persesPlugins } from "../../../images/lib/perses-plugins";
import { distribution } from "../../../images/lib/elasticsearch";
import { projectFolder } from "../../../render/record";
import { kubernetesVersions } from "../../support/kubernetes-modules";
import { versions } from "../../cluster/lib/layout";

interface Manager {
  readonly description: string;
  readonly managerFilePatterns: readonly string[];
  readonly matchStrings: readonly string[];
  readonly matchStringsStrategy?: "recursive";
  readonly depNameTemplate?: string;
  readonly autoReplaceStringTemplate?: string;
}
interface Config {
  readonly customManagers: readonly Manager[];
  readonly [manager: string]: unknown;
}

const text = (file: string) => readFileSync(join(projectFolder, file), "utf8");
// JSON5 is a part of JavaScript.
const config = runInNewContext(`(${text(join(".github", "renovate.json5"))})`) as Config;
const files = execFileSync("git", ["ls-files"], { cwd: projectFolder, encoding: "utf8" }).trim().split("\n");

/** The files of a manager, by patterns between slashes. */
const filesOf = (patterns: readonly string[]) =>
  files.filter((file) => patterns.some((pattern) => new RegExp(pattern.slice(1, -1)).test(file)));

/** Names and versions that a manager finds in a text. */
function found({ matchStrings: [first = "", ...inner], depNameTemplate }: Manager, content: string): string[] {
  const outer = [...content.matchAll(new RegExp(first, "g"))];
  const matches = inner.length === 0 ? outer : outer.flatMap(([part]) => [...part.matchAll(new RegExp(inner[0]!, "g"))]);
  return matches.map(({ groups }) => `${groups?.depName ?? depNameTemplate ?? ""} ${groups?.currentValue ?? ""}`);
}

const manager = (description: string) => config.customManagers.find((candidate) => candidate.description.startsWith(description))!;
const foundBy = (description: string) => {
  const one = manager(description);
  return filesOf(one.managerFilePatterns).flatMap((file) => found(one, text(file)));
};

test("every manager with files of its own finds something", () => {
  for (const one of config.customManagers) expect(foundBy(one.description).length).toBeGreaterThan(0);
  for (const name of ["ocb", "pip-compile"]) {
    expect(filesOf((config[name] as Manager).managerFilePatterns).length).toBeGreaterThan(0);
  }
});

test("patterns use no lookaround and no back references, which Renovate's engine lacks", () => {
  for (const { matchStrings } of config.customManagers) expect(matchStrings.join("\n")).not.toMatch(/\(\?<?[=!]|\\[1-9]/);
});

test("every official image is found, and a digest is written where imageReference reads it", () => {
  const wanted = Object.values(images).map(({ official }) => official.replace(/:(?=[^:]*$)/, " "));
  expect(foundBy("Images")).toEqual(wanted);
  const { matchStrings, autoReplaceStringTemplate } = manager("Images");
  const digest = `sha256:${"a".repeat(64)}`;
  const written = autoReplaceStringTemplate
    ?.replace("{{{depName}}}", "docker.io/a/b")
    .replace("{{{newValue}}}", "1.2.3")
    .replace("{{#if newDigest}}@{{{newDigest}}}{{/if}}", `@${digest}`);
  expect(written).toBe(`official: "docker.io/a/b:1.2.3@${digest}"`);
  expect(new RegExp(matchStrings[0]!).exec(written!)?.groups).toEqual({
    depName: "docker.io/a/b",
    currentValue: "1.2.3",
    currentDigest: digest,
  });
});

test("every version with a hash beside it is found", () => {
  const hashes = files
    .filter((file) => /^(cli|images|tests)\/.+\.ts$/.test(file) && !file.endsWith(".test.ts"))
    .flatMap((file) => [...text(file).matchAll(/"(h1:|sha512-)[^"]{20,}"/g)]);
  // CoreDNS has its version in another file.
  const versionsFound = [...foundBy("Go modules"), ...foundBy("Perses"), ...foundBy("The oldest and the newest"), ...foundBy("CoreDNS")];
  expect(versionsFound).toHaveLength(hashes.length);
  expect(foundBy("Perses")).toEqual(persesPlugins.map(({ pages }) => `${pages.package} ${pages.version}`));
  expect(foundBy("The oldest and the newest")).toEqual(Object.keys(kubernetesVersions).map((version) => `k8s.io/kubernetes ${version}`));
  expect(foundBy("Elasticsearch's")).toEqual([`${distribution.artifact} ${distribution.version}`]);
  expect([...foundBy("Kubernetes of"), ...foundBy("CoreDNS")]).toEqual([
    `k8s.io/kubernetes ${versions.kubernetes}`,
    `github.com/coredns/coredns ${versions.coredns}`,
  ]);
});

test("the lock files of Python say by which command they are made, as Renovate reads it", () => {
  for (const file of filesOf((config["pip-compile"] as Manager).managerFilePatterns)) {
    const name = file.split("/").at(-1)!;
    const [, command] = /^#.*\n# {4}(\S.*)\n/.exec(text(file)) ?? [];
    expect(command).toMatch(/^uv pip compile (--[a-z-]+(=\S+)? )+requirements\/\w+\.in pyproject\.toml$/);
    expect(command).toContain(` --output-file=requirements/${name} `);
  }
});

test("the Django package's version ranges end at the locked versions", () => {
  const folder = "instrumentation/django";
  const ends = [...text(`${folder}/pyproject.toml`).matchAll(/"([a-z][a-z0-9-]*)(?:\[[a-z]+\])?>=[^,"]+,<=([^"]+)"/g)];
  expect(ends.length).toBeGreaterThan(10);
  const locked = text(`${folder}/requirements/newest.txt`);
  for (const [, name = "", end = ""] of ends) expect(locked).toContain(`\n${name}==${end} \\\n`);
});
