/** Programs that tests need and that are published as Go modules: downloaded by way of Go's module proxy, checked, compiled once. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binariesDir } from "./cache";
import { execOrThrow, run } from "./run";
import { heartbeat, UserError } from "../terminal/output";

/** A published module. `sum` is its hash as `go mod download -json` prints it. */
export interface GoModule {
  readonly path: string;
  readonly version: string;
  readonly sum: string;
}

/** Perses, whose command line checks dashboards, and the definitions that its plugins' schemas import. */
export const percliModule: GoModule = {
  path: "github.com/perses/perses",
  version: "v0.52.0",
  sum: "h1:pives1Ky15uGxBPqiggHabmnxH3S849Vse7qYGOgcig=",
};

/** Syft, which makes SBOMs, and CycloneDX's schema, which it keeps beside its sources. */
export const syftModule: GoModule = {
  path: "github.com/anchore/syft",
  version: "v1.57.1",
  sum: "h1:lrbWhc8hbZJSKekMdB3PKetO0upE+lv9ihUfv9CXgfU=",
};

/** Grype, which looks SBOMs up in a database of vulnerabilities. */
export const grypeModule: GoModule = {
  path: "github.com/anchore/grype",
  version: "v0.121.3",
  sum: "h1:SBH6qbXbcNVR+1TATH4M4eOxxxKivl+cX1eSHurBgrY=",
};

const tools = {
  actionlint: {
    module: { path: "github.com/rhysd/actionlint", version: "v1.7.12", sum: "h1:vQ4GeJN86C0QH+gTUQcs8McmK62OLT3kmakPMtEWYnY=" },
    package: "./cmd/actionlint",
  },
  kubeconform: {
    module: { path: "github.com/yannh/kubeconform", version: "v0.8.0", sum: "h1:loDYd3a3spjIFrauqW67CDKF55Oo9R6uvC8AvpVd4ug=" },
    package: "./cmd/kubeconform",
  },
  percli: { module: percliModule, package: "./cmd/percli" },
  syft: { module: syftModule, package: "./cmd/syft" },
  grype: { module: grypeModule, package: "./cmd/grype" },
} as const;

const environment = { CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-buildvcs=false" };

/** The folder with a module's sources, where its own go.sum holds; downloaded if need be. */
export async function publishedModule({ path, version, sum }: GoModule): Promise<string> {
  // Outside any module: the answer must not depend on where this is called.
  const { ok, stdout, why } = await run("go", ["mod", "download", "-json", `${path}@${version}`], { cwd: tmpdir(), env: environment });
  const found = JSON.parse(stdout || "{}") as { Dir?: string; Sum?: string; Error?: string };
  if (!ok || found.Dir === undefined) throw new UserError(`${path}@${version} is not available: ${found.Error ?? why}`);
  if (found.Sum !== sum)
    throw new UserError(`${path}@${version} is not the module that was tested: its hash is ${String(found.Sum)}, not ${sum}`);
  return found.Dir;
}

/** Path of a program, compiled if the cache does not have it. */
export async function goTool(name: keyof typeof tools): Promise<string> {
  const { module, package: source } = tools[name];
  const folder = join(binariesDir, `${name}-${module.version.slice(1)}`);
  const program = join(folder, name);
  if (existsSync(program)) return program;
  const sources = await publishedModule(module);
  const work = `${folder}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    const flags = ["-trimpath", "-p", "2", "-ldflags", "-s -w"];
    await heartbeat(
      `go build ${name}`,
      execOrThrow("go", ["build", ...flags, "-o", `${work}/`, source], { cwd: sources, env: environment }),
    );
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return program;
}
