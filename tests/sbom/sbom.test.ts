/** Rung: sbom. SBOMs of the packages and of the images of our own making: CycloneDX's schema takes them, and they name what is known to be inside. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv from "ajv";
import { imageNames, images } from "../../configs/images";
import { grypeModule, publishedModule, syftModule } from "../../cli/machine/go-tools";
import { findingsOf } from "../../cli/supply-chain/findings";
import { sbomFile, subjects, writeSboms, type Subject } from "../../cli/supply-chain/sbom";
import manifest from "../../package.json";
import { distribution } from "../../images/lib/elasticsearch";

// Syft is compiled once, and reads images of some hundred MB.
jest.setTimeout(30 * 60_000);

interface Component {
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
}
interface Sbom {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
}

const out = mkdtempSync(join(tmpdir(), "tracing-sboms-"));
afterAll(() => rmSync(out, { recursive: true, force: true }));

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

test("the schema refuses what is no SBOM", () => {
  expect(valid({ ...sbomOf("stack"), components: [{ type: "library" }] })).toContain("name");
  expect(valid({ components: [] })).toContain("bomFormat");
});

test("the stack's package: what it depends on, and nothing of its development", () => {
  const names = sbomOf("stack").components.map(({ name }) => name);
  for (const dependency of Object.keys(manifest.dependencies)) expect(names).toContain(dependency);
  for (const tool of ["jest", "eslint", "typescript-eslint", "prettier"]) expect(names).not.toContain(tool);
});

test("the Django package: what it needs, and nothing of its tests", () => {
  const names = sbomOf("thebot-tracing").components.map(({ name }) => name.toLowerCase());
  expect(names).toEqual(expect.arrayContaining(["django", "opentelemetry-sdk", "celery"]));
  for (const tool of ["pytest", "ruff", "gunicorn"]) expect(names).not.toContain(tool);
});

test.each<[Subject, RegExp]>([
  ["elasticsearch", new RegExp(`^elasticsearch ${distribution.version}$`, "m")],
  ["otel-collector", new RegExp(`tailsamplingprocessor v${images["otel-collector"].tested}$`, "m")],
  ["jaeger", /^github\.com\/jaegertracing\/jaeger /m],
  ["jaeger-es-index-cleaner", /^github\.com\/jaegertracing\/jaeger /m],
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
