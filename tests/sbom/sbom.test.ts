/** Rung: sbom. SBOMs of the packages and of the images of our own making: CycloneDX's schema takes them, and they name what is known to be inside. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import { imageNames, images } from "../../configs/images";
import { grypeModule, publishedModule, syftModule } from "../../cli/machine/go-tools";
import { type Sbom } from "../../cli/supply-chain/contents";
import { findingsOf } from "../../cli/supply-chain/findings";
import { sbomFile, subjects, writeSboms, type Subject } from "../../cli/supply-chain/sbom";
import manifest from "../../package.json";
import { distribution } from "../../images/lib/elasticsearch";
import { goImages, mainModule } from "../../images/lib/go-programs";
import { persesPlugins } from "../../images/lib/perses-plugins";
import { sharedFolder } from "../support/temporary-folder";

// Syft is compiled once, and reads images of some hundred MB.
jest.setTimeout(30 * 60_000);

const out = sharedFolder();

let valid: (content: unknown) => string | undefined;
beforeAll(async () => {
  await writeSboms(subjects, "local", out);
  valid = await schemaCheck();
});

/** CycloneDX's own schema. Signatures and cryptography have schemas of their own, which are not there, and no SBOM here has any. */
async function schemaCheck(): Promise<typeof valid> {
  const folder = join(await publishedModule(syftModule), "schema", "cyclonedx");
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8")) as object;
  const elsewhere = (name: string, definitions: object) => ({ $id: `http://cyclonedx.org/schema/${name}.schema.json`, definitions });
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(read("spdx.schema.json"));
  ajv.addSchema(elsewhere("jsf-0.82", { signature: false }));
  ajv.addSchema(elsewhere("cryptography-defs", { algorithmFamiliesEnum: false, ellipticCurvesEnum: false }));
  const check = ajv.compile(read("cyclonedx.json"));
  return (content) => (check(content) ? undefined : ajv.errorsText(check.errors));
}

const sbomOf = (subject: Subject) => JSON.parse(readFileSync(join(out, sbomFile(subject)), "utf8")) as Sbom;
const named = (subject: Subject) => sbomOf(subject).components.map(({ name, version = "" }) => `${name} ${version}`);

test.each(subjects)("%s: the schema takes it, it says of what it is, and it names packages", (subject) => {
  const sbom = sbomOf(subject);
  expect(valid(sbom)).toBeUndefined();
  expect(sbom.metadata.component.name).toBe(subject);
  expect(sbom.metadata.component.version).toBeTruthy();
  const packages = sbom.components.filter(({ purl }) => purl !== undefined);
  expect(packages.length).toBeGreaterThan(0);
});

/** A jar of a Debian package that has one, a library for another system, and the folder of our own page: their files name no version. */
const withoutVersion = ["ca-certificates-java", "zstd", "tracing-trace-page"];

test.each(subjects)("%s: each package has its version", (subject) => {
  const packages = sbomOf(subject).components.filter(({ type, name }) => type !== "file" && !withoutVersion.includes(name));
  expect(packages.filter(({ version = "UNKNOWN" }) => version === "UNKNOWN").map(({ name }) => name)).toEqual([]);
});

test.each(goImages)("%s: the module of its programs is the one that they were compiled in", (name) => {
  const { path, version } = mainModule(name);
  const own = sbomOf(name).components.filter((component) => component.name === path);
  expect(own.length).toBeGreaterThan(0);
  for (const { purl } of own) expect(purl).toBe(`pkg:golang/${path}@${version}`);
});

const names = (subject: Subject) => sbomOf(subject).components.map(({ name }) => name);

test("the pages of Jaeger, Prometheus and Perses: what they are made of, and nothing of their tests", () => {
  expect(names("jaeger")).toEqual(expect.arrayContaining(["react", "@mantine/core"]));
  expect(names("prometheus")).toEqual(expect.arrayContaining(["react", "uplot", "@lezer/lr"]));
  expect(names("perses")).toEqual(expect.arrayContaining(["react", "echarts", "@perses-dev/dashboards"]));
  expect(named("perses")).toEqual(expect.arrayContaining(persesPlugins.map(({ pages }) => `${pages.package} ${pages.version}`)));
  for (const subject of ["jaeger", "prometheus", "perses"] as const)
    for (const tool of ["vite", "vitest", "jest", "eslint", "storybook"]) expect(names(subject)).not.toContain(tool);
});

test("the schema refuses what is no SBOM", () => {
  expect(valid({ ...sbomOf("stack"), components: [{ type: "library" }] })).toContain("name");
  expect(valid({ components: [] })).toContain("bomFormat");
});

test("the stack's package: what it depends on, and nothing of its development", () => {
  for (const dependency of Object.keys(manifest.dependencies)) expect(names("stack")).toContain(dependency);
  for (const tool of ["jest", "eslint", "typescript-eslint", "prettier"]) expect(names("stack")).not.toContain(tool);
});

test("the Django package: what it needs, and nothing of its tests", () => {
  const lower = names("thebot-tracing").map((name) => name.toLowerCase());
  expect(lower).toEqual(expect.arrayContaining(["django", "opentelemetry-sdk", "celery"]));
  for (const tool of ["pytest", "ruff", "gunicorn"]) expect(lower).not.toContain(tool);
});

test.each<[Subject, RegExp]>([
  ["elasticsearch", new RegExp(`^elasticsearch ${distribution.version}$`, "m")],
  ["otel-collector", new RegExp(`tailsamplingprocessor v${images["otel-collector"].tested}$`, "m")],
  ["jaeger", /^github\.com\/elastic\/go-elasticsearch\/v9 v/m],
  ["jaeger-es-index-cleaner", /^github\.com\/spf13\/cobra v/m],
  ["prometheus", /^github\.com\/prometheus\/common v/m],
  ["elasticsearch-exporter", /^github\.com\/prometheus\/client_golang v/m],
  ["alertmanager", /^github\.com\/prometheus\/common v/m],
  ["perses", /^github\.com\/perses\/common v/m],
  ["busybox", new RegExp(`^busybox ${images.busybox.tested}`, "m")],
])("%s names what is known to be inside", (subject, known) => {
  expect(imageNames).toContain(subject);
  expect(named(subject).join("\n")).toMatch(known);
});

test("the reports that Grype's own tests record are read", async () => {
  const folder = join(await publishedModule(grypeModule), "grype", "presenter", "json", "testdata", "snapshot");
  const read = (name: string) => findingsOf("jaeger", readFileSync(join(folder, `${name}.golden`), "utf8"));
  expect(read("TestEmptyJsonPresenter")).toEqual([]);
  expect(read("TestJsonImgsPresenter")).toContainEqual({
    subject: "jaeger",
    ids: ["CVE-1999-0002"],
    severity: "Critical",
    component: "package-2",
    version: "2.2.2",
    fixedIn: [],
  });
});
