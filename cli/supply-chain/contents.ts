/** Contents of a local image that its files do not show, for its SBOM: pure functions. */
import * as z from "zod";

const npmPackage = z.strictObject({ name: z.string().min(1), version: z.string().min(1) });

/** A package on npm. */
export type NpmPackage = z.infer<typeof npmPackage>;

const contents = z.strictObject({
  /** The Go module that the image's programs are compiled in: Go writes no version of that one into them. */
  module: z.strictObject({ path: z.string().min(1), version: z.string().regex(/^v\d/) }).optional(),
  /** npm packages in the pages that the image serves. */
  packages: z.array(npmPackage).default([]),
});

export type Contents = z.infer<typeof contents>;

/** Contents by image, as `images/build.ts --contents` prints them. */
export const contentsByImage = (text: string): Readonly<Record<string, Contents>> => z.record(z.string(), contents).parse(JSON.parse(text));

/** A lock file that holds nothing but these packages: Syft reads one. */
export const lockFileOf = (packages: readonly NpmPackage[]): string =>
  JSON.stringify({
    lockfileVersion: 3,
    packages: Object.fromEntries(packages.map(({ name, version }, i) => [`${i}/node_modules/${name}`, { version }])),
  });

interface Property {
  readonly name: string;
  readonly value: string;
}

export interface Component {
  readonly "bom-ref"?: string;
  readonly type?: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly cpe?: string;
  readonly properties?: readonly Property[];
}

export interface Sbom {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
}

/** Syft's word for an unknown version. */
const noVersion = "UNKNOWN";

/** An image's SBOM, with the version of the module and the packages of the pages, whose own SBOM is `pages`. */
export function completed<T extends Sbom>(image: T, { module }: Contents, pages?: Sbom): T {
  const own = image.components.map((component) =>
    module && isOf(component, module.path) ? versioned(component, module.version) : component,
  );
  const known = new Set(own.map(({ purl }) => purl));
  const more = (pages?.components ?? [])
    .filter(({ purl }) => purl !== undefined && !known.has(purl))
    .map(({ properties = [], ...component }) => ({
      ...component,
      // Syft names the file that it read, which the image has not.
      properties: [...properties.filter(({ name }) => !name.startsWith("syft:location")), { name: "tracing:in", value: "pages" }],
    }));
  return { ...image, components: [...own, ...more] };
}

const isOf = ({ version, purl }: Component, path: string): boolean =>
  (version === undefined || version === noVersion) && purl === `pkg:golang/${path}`;

function versioned({ properties = [], ...component }: Component, version: string): Component {
  // The sixth part is the version.
  const named = (cpe: string) => cpe.replace(/^((?:[^:]*:){5})\*/, `$1${version}`);
  return {
    ...component,
    version,
    purl: `${String(component.purl)}@${version}`,
    cpe: component.cpe && named(component.cpe),
    properties: properties.map(({ name, value }) => ({ name, value: name === "syft:cpe23" ? named(value) : value })),
  };
}
