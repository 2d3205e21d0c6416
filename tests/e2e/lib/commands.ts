/** The product's own commands and programs, run as a user runs them. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectFolder } from "../../../render/record";
import { must, run, type Outcome } from "../../../scripts/lib/run";

/** A folder of this run: nothing of the user's own stack state is touched. */
export const scratch = mkdtempSync(join(tmpdir(), "tracing-e2e-"));

/** Variables of every command: its own state folder, no terminal. */
const env = { TRACING_HOME: join(scratch, "home"), CI: "true" };

/** `make <words>`. */
export function make(...words: string[]): Promise<Outcome> {
  return run("make", ["--no-print-directory", "-C", projectFolder, ...words], { env, timeout: 14 * 60_000 });
}

/** `make <words>` that must succeed; returns all that it printed. */
export async function makes(...words: string[]): Promise<string> {
  const outcome = await make(...words);
  if (!outcome.ok) throw new Error(`make ${words.join(" ")}: ${outcome.why}\n${outcome.output}`);
  return outcome.output;
}

/** Runs a shell script in a throw-away container on a network of the stack; busybox only. */
export function onNetwork(network: string, image: string, script: string): Promise<Outcome> {
  return run("docker", ["run", "--rm", "--network", network, image, "sh", "-c", script], { timeout: 60_000 });
}

/** Path of a file with Elasticsearch's password, mode 0600. */
export async function passwordFile(): Promise<string> {
  const password = (await run("make", ["--silent", "-C", projectFolder, "password"], { env })).stdout.trim();
  if (!/^[A-Za-z0-9]{32}$/.test(password)) throw new Error("make password printed no password");
  const file = join(scratch, "password");
  writeFileSync(file, password, { mode: 0o600 });
  return file;
}

/** What the ledger found. See tests/ledger/README.md. */
export interface Verdict {
  readonly sent: number;
  readonly acknowledged: number;
  readonly unacknowledged: number;
  readonly stored: number;
  readonly duplicated: number;
  readonly lost: number;
  readonly unexpected: number;
  readonly sampledOut: number;
  readonly splitTraces: number;
}

let built: Promise<string> | undefined;

/** The ledger's binary, built once. */
function ledgerBinary(): Promise<string> {
  built ??= (async () => {
    const binary = join(scratch, "ledger");
    await must("go", ["build", "-o", binary, "."], { cwd: join(projectFolder, "tests", "ledger") });
    return binary;
  })();
  return built;
}

/** Sends and verifies; `flags` as `ledger run` has them. The verdict comes also where spans are missing. */
export async function ledger(name: string, ...flags: string[]): Promise<Verdict & Record<string, unknown>> {
  const folder = join(scratch, "ledgers");
  mkdirSync(folder, { recursive: true });
  const { stdout, output } = await run(
    await ledgerBinary(),
    [
      "run",
      ...["--endpoint", "127.0.0.1:4317", "--elasticsearch", "http://127.0.0.1:9200", "--password-file", await passwordFile()],
      ...["--out", join(folder, `${name}-${Date.now()}`), ...flags],
    ],
    { timeout: 10 * 60_000 },
  );
  try {
    return JSON.parse(stdout) as Verdict & Record<string, unknown>;
  } catch {
    throw new Error(`ledger ${name} gave no verdict:\n${output}`);
  }
}
