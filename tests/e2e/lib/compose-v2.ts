/** Compose v2, from its Go module: the machine need not have Docker's plugin. */
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { binariesDir } from "../../../cli/machine/cache";
import { execOrThrow, run } from "../../../cli/machine/run";

const source = { path: "github.com/docker/compose/v2", version: "v2.39.4" };

/** The program, built once into the cache of the other binaries. */
export async function composeV2(): Promise<string> {
  const folder = join(binariesDir, `docker-compose-${source.version.slice(1)}`);
  const program = join(folder, "docker-compose");
  if (existsSync(program)) return program;
  const env = { GOWORK: "off", CGO_ENABLED: "0" };
  const { stdout } = await run("go", ["mod", "download", "-json", `${source.path}@${source.version}`], { env });
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  mkdirSync(folder, { recursive: true });
  // Under another name until it is whole: an interrupted build must not be taken for the program.
  await execOrThrow("go", ["build", "-C", Dir, "-p", "2", "-trimpath", "-o", `${program}.new`, "./cmd"], { env });
  renameSync(`${program}.new`, program);
  return program;
}
