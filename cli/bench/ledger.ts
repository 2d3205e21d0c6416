/** The ledger, which sends spans and judges what was stored: tests/ledger. */
import { join } from "node:path";
import { projectFolder } from "../../render/record";
import { execOrThrow } from "../machine/run";

/** Builds the ledger in a folder; the program's path. */
export async function buildLedger(folder: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const program = join(folder, "ledger");
  await execOrThrow("go", ["build", "-o", program, "."], { cwd: join(projectFolder, "tests", "ledger"), env });
  return program;
}
