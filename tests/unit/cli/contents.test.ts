/** Rung: unit. What only the builder of an image knows gets into its SBOM. */
import { completed, contentsByImage, lockFileOf, type Component, type Sbom } from "../../../cli/supply-chain/contents";

const path = "github.com/jaegertracing/jaeger";
const goModule = { path, version: "v1.76.0" };
const own: Component = {
  "bom-ref": "own",
  name: path,
  version: "UNKNOWN",
  purl: `pkg:golang/${path}`,
  cpe: "cpe:2.3:a:jaegertracing:jaeger:*:*:*:*:*:*:*:*",
  properties: [
    { name: "syft:cpe23", value: "cpe:2.3:a:jaegertracing:jaeger-tracing:*:*:*:*:*:*:*:*" },
    { name: "syft:location:0:path", value: "/bin/jaeger" },
  ],
};
const used: Component = {
  name: "github.com/prometheus/common",
  version: "v0.66.1",
  purl: "pkg:golang/github.com/prometheus/common@v0.66.1",
};
const react: Component = {
  name: "react",
  version: "19.3.1",
  purl: "pkg:npm/react@19.3.1",
  properties: [
    { name: "syft:location:0:path", value: "/package-lock.json" },
    { name: "syft:package:type", value: "npm" },
  ],
};
const sbom = (...components: Component[]): Sbom => ({ metadata: { component: { name: "jaeger", version: "2.13.0" } }, components });

test("the module of the programs gets its version, wherever it is named", () => {
  const { components } = completed(sbom(own, used), { module: goModule, packages: [] });
  expect(components).toEqual([
    {
      "bom-ref": "own",
      name: path,
      version: "v1.76.0",
      purl: `pkg:golang/${path}@v1.76.0`,
      cpe: "cpe:2.3:a:jaegertracing:jaeger:v1.76.0:*:*:*:*:*:*:*",
      properties: [
        { name: "syft:cpe23", value: "cpe:2.3:a:jaegertracing:jaeger-tracing:v1.76.0:*:*:*:*:*:*:*" },
        { name: "syft:location:0:path", value: "/bin/jaeger" },
      ],
    },
    used,
  ]);
});

test("a version that is known stays, and so does another module without one", () => {
  const known = { ...own, version: "v1.75.0", purl: `pkg:golang/${path}@v1.75.0` };
  const other = { ...own, name: "other", purl: "pkg:golang/other" };
  expect(completed(sbom(known, other), { module: goModule, packages: [] })).toEqual(sbom(known, other));
  expect(completed(sbom(own), { packages: [] })).toEqual(sbom(own));
});

test("the packages of the pages follow, once, without the file that they were read from", () => {
  const file: Component = { name: "/package-lock.json" };
  const twice = { ...used, name: "already there" };
  const { components } = completed(sbom(used), { packages: [] }, sbom(react, file, twice));
  expect(components).toEqual([
    used,
    {
      name: "react",
      version: "19.3.1",
      purl: "pkg:npm/react@19.3.1",
      properties: [
        { name: "syft:package:type", value: "npm" },
        { name: "tracing:in", value: "pages" },
      ],
    },
  ]);
});

test("two versions of a package have places of their own in the lock file", () => {
  const { packages } = JSON.parse(
    lockFileOf([
      { name: "@lezer/lr", version: "1.3.0" },
      { name: "@lezer/lr", version: "1.4.0" },
    ]),
  ) as { packages: Record<string, { version: string }> };
  expect(Object.values(packages).map(({ version }) => version)).toEqual(["1.3.0", "1.4.0"]);
});

test("what the builder prints is read, and nothing else", () => {
  expect(contentsByImage('{"jaeger":{"module":{"path":"a","version":"v1.0.0"}}}')).toEqual({
    jaeger: { module: { path: "a", version: "v1.0.0" }, packages: [] },
  });
  for (const text of ["{", '{"jaeger":{"module":{"path":"a","version":"(devel)"}}}', '{"jaeger":{"pages":[]}}'])
    expect(() => contentsByImage(text)).toThrow();
});
