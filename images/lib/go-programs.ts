/** The programs that are compiled from Go modules: which sources, which flags, and the compiling itself. */
import { readFileSync } from "node:fs";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { images, type ImageName } from "../../configs/images";
import { alertmanagerPages } from "./alertmanager-pages";
import { cachedFolder, isCurrent } from "./cache";
import { inputHash } from "./hash";
import { binaryDir } from "../../cli/machine/cache";
import { percliModule, type GoModule } from "../../cli/machine/go-tools";
import { imagesDir } from "./folder";
import { embedding, persesPages } from "./perses-pages";
import type { Step } from "./progress";
import { run, withWorkDir } from "./run";

interface GoSource {
  /** The version that these sources are of; configs/images.ts must want the same. */
  readonly version: string;
  /**
   * A published module, compiled in its own folder, where its own go.sum and replacements hold. `sum` is the module's hash as
   * `go mod download -json` prints it. Without a module, the sources are in images/<name>/generated.
   */
  readonly module?: GoModule;
  readonly packages: readonly string[];
  /** Variables that the linker sets. */
  readonly variables: Readonly<Record<string, string>>;
  /** Pages that the program holds compressed and the module lacks: their texts, by path in the module. */
  readonly pages?: Readonly<Record<string, string>>;
  /** Texts of other files that the module's own build writes, likewise. */
  readonly written?: Readonly<Record<string, string>>;
}

const jaeger = {
  version: "2.13.0",
  // One commit has both numbers, and Go's modules have only this one.
  module: { path: "github.com/jaegertracing/jaeger", version: "v1.76.0", sum: "h1:sWCOOF1dr+NL0PLil7mFo3BqqQL8k4WiM7aguFbc14g=" },
  variables: { "github.com/jaegertracing/jaeger/internal/version.latestVersion": "v2.13.0" },
};

const sources = {
  "otel-collector": { version: "0.161.0", packages: ["."], variables: {} },
  jaeger: { ...jaeger, packages: ["./cmd/jaeger"] },
  "jaeger-es-index-cleaner": { ...jaeger, packages: ["./cmd/es-index-cleaner"] },
  prometheus: {
    version: "3.13.5",
    module: { path: "github.com/prometheus/prometheus", version: "v0.313.5", sum: "h1:5/kewqSFNlHQa9NqZxrOkXCBlEuJOvb+8gFOUxSWFv0=" },
    packages: ["./cmd/prometheus", "./cmd/promtool"],
    variables: { "github.com/prometheus/common/version.Version": "3.13.5" },
  },
  "elasticsearch-exporter": {
    version: "1.9.0",
    module: {
      path: "github.com/prometheus-community/elasticsearch_exporter",
      version: "v1.9.0",
      sum: "h1:wGaKJ4MTpwmxOGS1gIJAIJLnd0mYAlUzraXIRbyeLOw=",
    },
    packages: ["."],
    variables: { "github.com/prometheus/common/version.Version": "1.9.0" },
  },
  alertmanager: {
    version: "0.35.0",
    module: { path: "github.com/prometheus/alertmanager", version: "v0.35.0", sum: "h1:nbXMjr+P2JaoFd7aHNDxKifEwTPN+TWxM0gNPonuH5w=" },
    packages: ["./cmd/alertmanager", "./cmd/amtool"],
    variables: { "github.com/prometheus/common/version.Version": "0.35.0" },
    pages: alertmanagerPages,
  },
  perses: {
    version: "0.52.0",
    module: percliModule,
    packages: ["./cmd/perses"],
    variables: { "github.com/prometheus/common/version.Version": "0.52.0" },
    pages: persesPages,
    written: embedding(["index.html"]),
  },
  "oauth2-proxy": {
    version: "7.15.6",
    module: {
      path: "github.com/oauth2-proxy/oauth2-proxy/v7",
      version: "v7.15.6",
      sum: "h1:4xZOFvyGysSUxdrEVyLjo+NduqGHbGV9bLE8XD49IJM=",
    },
    packages: ["."],
    variables: { "github.com/oauth2-proxy/oauth2-proxy/v7/pkg/version.VERSION": "v7.15.6" },
  },
} as const satisfies Partial<Record<ImageName, GoSource>>;

export type GoImage = keyof typeof sources;

export const goImages = Object.keys(sources) as GoImage[];

export function isGoImage(name: ImageName): name is GoImage {
  return name in sources;
}

/** The module that an image's programs are compiled in, and its version. */
export function mainModule(name: GoImage): { readonly path: string; readonly version: string } {
  const { module, version }: GoSource = sources[name];
  if (module) return { path: module.path, version: module.version };
  const [, path = ""] = /^module (\S+)$/m.exec(readFileSync(join(imagesDir, name, "generated", "go.mod"), "utf8")) ?? [];
  return { path, version: `v${version}` };
}

// Two compilers at a time: the linking of one large program alone takes some GiB of memory.
const buildFlags = ["-trimpath", "-p", "2"];
const environment = { CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-buildvcs=false" };

/** What the programs of an image are made from. */
export function binariesHash(name: GoImage): string {
  const source: GoSource = sources[name];
  return inputHash(source.module ? [] : [`${name}/generated`], source, buildFlags, environment);
}

export function binariesAreCurrent(name: GoImage): Promise<boolean> {
  return isCurrent(binaryDir(name), binariesHash(name));
}

/** Makes sure that the cache has an image's programs, and returns the folder they are in. */
export async function compile(
  name: GoImage,
  options: { readonly step: Step; readonly log: string; readonly force: boolean },
): Promise<string> {
  const { step, log } = options;
  const { pages, written = {} }: GoSource = sources[name];
  return cachedFolder(binaryDir(name), binariesHash(name), options.force, async (output) => {
    const dir = await step("getting the sources", () => sourceDir(name, log));
    const build = (from: string) => step("compiling", () => goBuild(name, { dir: from, output, log }));
    return pages ? withPages(dir, pages, written, log, build) : build(dir);
  });
}

/** Calls `action` with a copy of a module that has these pages and files: Go's module cache is read-only. */
async function withPages(
  module: string,
  pages: Readonly<Record<string, string>>,
  written: Readonly<Record<string, string>>,
  log: string,
  action: (dir: string) => Promise<void>,
): Promise<void> {
  await withWorkDir(async (dir) => {
    await cp(module, dir, { recursive: true });
    await run("chmod", ["-R", "u+w", dir], { log });
    for (const [path, text] of Object.entries(pages)) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, `${path}.gz`), gzipSync(text));
      await writeFile(join(dir, `${path}.br`), brotliCompressSync(text));
    }
    for (const [path, text] of Object.entries(written)) await writeFile(join(dir, path), text);
    await action(dir);
  });
}

/** Compiles the programs of an image from the sources in `dir`. */
export async function goBuild(
  name: GoImage,
  options: { readonly dir: string; readonly output: string; readonly tags?: readonly string[]; readonly log: string },
): Promise<void> {
  const source: GoSource = sources[name];
  const variables = Object.entries(source.variables).map(([variable, value]) => ` -X ${variable}=${value}`);
  const tags = options.tags ? ["-tags", options.tags.join(",")] : [];
  const flags = [...buildFlags, ...tags, "-ldflags", `-s -w${variables.join("")}`];
  await run("go", ["build", ...flags, "-o", `${options.output}/`, ...source.packages], {
    cwd: options.dir,
    env: environment,
    log: options.log,
  });
}

/** The folder with an image's Go sources, downloaded and checked if need be. */
export async function sourceDir(name: GoImage, log: string): Promise<string> {
  const { module, version }: GoSource = sources[name];
  if (version !== images[name].tested) {
    throw new Error(`configs/images.ts wants ${name} ${images[name].tested}; images/lib/go-programs.ts has the sources of ${version}`);
  }
  return module ? moduleDir(module, log) : join(imagesDir, name, "generated");
}

/** The folder with a module's files, downloaded and checked if need be. */
export async function moduleDir({ path, version, sum }: GoModule, log: string): Promise<string> {
  const id = `${path}@${version}`;
  // Outside any module: the answer must not depend on where this is called.
  const { Dir, Sum } = JSON.parse(await run("go", ["mod", "download", "-json", id], { cwd: imagesDir, env: environment, log })) as {
    Dir: string;
    Sum: string;
  };
  if (Sum !== sum) throw new Error(`${id} is not the module that was tried: its hash is ${Sum}, not ${sum}`);
  return Dir;
}
