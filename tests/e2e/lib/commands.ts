/** The product's own commands and programs, run as a user runs them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectFolder } from "../../../render/record";
import type { LedgerTrace } from "../../support/oracle";
import { interrupted } from "./interrupt";
import { must, run, type Outcome } from "../../../scripts/lib/run";

/** A folder of this run: nothing of the user's own stack state is touched. */
export const scratch = mkdtempSync(join(tmpdir(), "tracing-e2e-"));

/** Variables of every command: its own state folder, no terminal. */
const env = { TRACING_HOME: join(scratch, "home"), CI: "true" };

/** Runs the commands of a checkout. */
export class Checkout {
  constructor(readonly folder: string = projectFolder) {}

  /** A copy of the project that a test may edit, with the same node modules. */
  static copy(): Checkout {
    const folder = join(scratch, "checkout");
    const left = new Set(["node_modules", ".git"].map((name) => join(projectFolder, name)));
    cpSync(projectFolder, folder, { recursive: true, preserveTimestamps: true, filter: (source) => !left.has(source) });
    symlinkSync(join(projectFolder, "node_modules"), join(folder, "node_modules"));
    return new Checkout(folder);
  }

  /** `make <words>`. */
  make(...words: string[]): Promise<Outcome> {
    return run("make", ["--no-print-directory", "-C", this.folder, ...words], { env, timeout: 14 * 60_000 });
  }

  /** A shell script in the checkout's folder. */
  shell(script: string): Promise<Outcome> {
    return run("bash", ["-c", script], { cwd: this.folder, env, timeout: 14 * 60_000 });
  }

  /** `make <words>`, killed with all that it started when that container runs; see {@link interrupted}. */
  makeUntil(container: string, ...words: string[]): Promise<string> {
    return interrupted(this.folder, env, container, words);
  }

  /** `make <words>` that must succeed; returns all that it printed. */
  async makes(...words: string[]): Promise<string> {
    const outcome = await this.make(...words);
    if (!outcome.ok) throw new Error(`make ${words.join(" ")}: ${outcome.why}\n${outcome.output}`);
    return outcome.output;
  }
}

/** The project as it is. */
export const project = new Checkout();

/** Shell words for a host's address. Debian's static busybox resolves names in nslookup only; elsewhere the same words do no harm. */
export const addressOf = (host: string): string => `$(nslookup ${host} | awk '/^Address/ && !/127.0.0.11/ { print $NF; exit }')`;

/** Whether a port of a host takes connections from a throw-away container on a network. */
export async function reaches(network: string, image: string, host: string, port: number): Promise<boolean> {
  const script = `address=${addressOf(host)}; [ -n "$address" ] && nc -w 2 $address ${port} </dev/null`;
  return (await run("docker", ["run", "--rm", "--network", network, image, "sh", "-c", script], { timeout: 60_000 })).ok;
}

/** Path of a file with Elasticsearch's password, mode 0600. */
export async function passwordFile(): Promise<string> {
  const password = (await project.make("--silent", "password")).stdout.trim();
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
  readonly oversampledTraces: number;
  readonly traces: number;
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

/** Runs a command of the ledger; its standard output, whatever it found. */
async function runLedger(command: string, ...flags: string[]): Promise<string> {
  const { stdout, output } = await run(await ledgerBinary(), [command, ...flags], { timeout: 10 * 60_000 });
  if (!stdout) throw new Error(`ledger ${command} gave no answer:\n${output}`);
  return stdout;
}

const ledgersFolder = (): string => {
  const folder = join(scratch, "ledgers");
  mkdirSync(folder, { recursive: true });
  return folder;
};
const receiver = ["--endpoint", "127.0.0.1:4317"];
const storage = async () => ["--elasticsearch", "http://127.0.0.1:9200", "--password-file", await passwordFile()];

/** Sends and verifies; `flags` as `ledger run` has them. The verdict comes also where spans are missing. */
export async function ledger(name: string, ...flags: string[]): Promise<Verdict & Record<string, unknown>> {
  const out = join(ledgersFolder(), `${name}-${Date.now()}`);
  return JSON.parse(await runLedger("run", ...receiver, ...(await storage()), "--out", out, ...flags)) as Verdict & Record<string, unknown>;
}

/** Sends as long as some work goes on: the path of the ledger file. It is `work` that decides, not the clock: a busy machine takes longer. */
export async function ledgerWhile(name: string, flags: readonly string[], work: () => Promise<void>): Promise<string> {
  const out = join(ledgersFolder(), `${name}-${Date.now()}`);
  const args = ["send", ...receiver, "--out", out, "--duration", "10m", ...flags];
  const sender = spawn(await ledgerBinary(), args, { stdio: "ignore" });
  const ended = once(sender, "exit");
  try {
    await work();
  } finally {
    // It then waits for the answers that are outstanding, and ends its file.
    sender.kill("SIGINT");
    await ended;
  }
  return out;
}

/** The traces of a ledger file, in the order in which they began. */
export async function ledgerTraces(file: string): Promise<LedgerTrace[]> {
  const lines = (await runLedger("traces", "--ledger", file)).trim().split("\n");
  return lines.map((line) => {
    const [id = "", status, operation = ""] = line.split("\t");
    return { id, failed: status === "error", operation };
  });
}

/** Compares a ledger file with what is stored, given the traces that sampling keeps. */
export async function ledgerVerify(file: string, kept: readonly string[], ...flags: string[]): Promise<Verdict> {
  writeFileSync(`${file}.kept`, kept.join("\n"));
  return JSON.parse(await runLedger("verify", "--ledger", file, "--kept", `${file}.kept`, ...(await storage()), ...flags)) as Verdict;
}
