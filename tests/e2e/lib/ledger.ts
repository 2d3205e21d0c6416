/** The ledger on a running stack: what was acknowledged against what is stored. See tests/ledger/README.md. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildLedger } from "../../../cli/bench/ledger";
import { run } from "../../../cli/machine/run";
import type { LedgerTrace } from "../../support/oracle";
import { scratch, type Checkout } from "./checkout";

/** What the ledger found. */
export interface Verdict {
  readonly sent: number;
  readonly acknowledged: number;
  readonly unacknowledged: number;
  readonly refused: number;
  readonly stored: number;
  readonly duplicated: number;
  readonly resent: number;
  readonly lost: number;
  readonly unexpected: number;
  readonly sampledOut: number;
  readonly oversampledTraces: number;
  readonly traces: number;
  readonly splitTraces: number;
}

let built: Promise<string> | undefined;

/** The ledger's binary, built once. */
function binary(): Promise<string> {
  built ??= buildLedger(scratch);
  return built;
}

/** Runs a command of the ledger; its standard output, whatever it found. */
async function runLedger(command: string, ...flags: string[]): Promise<string> {
  // The longest load takes an hour.
  const { stdout, output } = await run(await binary(), [command, ...flags], { timeout: 75 * 60_000 });
  // A table of outcomes shows the first line only, and the reason is said last, before a word about --help.
  if (!stdout) throw new Error(`ledger ${command} gave no answer: ${output.trim().split("\n").slice(-2).join("; ")}\n${output}`);
  return stdout;
}

/** The ledger of one stack. */
export class Ledger {
  /** @param tokenFile File with the token that it sends. Default: none. */
  constructor(
    private readonly stack: Checkout,
    private readonly tokenFile?: string,
  ) {}

  /** Sends and verifies; `flags` as `ledger run` has them. The verdict comes also where spans are missing. */
  async run(name: string, ...flags: string[]): Promise<Verdict & Record<string, unknown>> {
    const args = [...this.receiver(), ...(await this.storage()), "--out", this.file(name), ...flags];
    return JSON.parse(await runLedger("run", ...args)) as Verdict & Record<string, unknown>;
  }

  /** Sends while `work` goes on, however long a busy machine takes for it; returns the path of the ledger file. */
  async sendWhile(name: string, flags: readonly string[], work: () => Promise<void>): Promise<string> {
    const out = this.file(name);
    const sender = spawn(await binary(), ["send", ...this.receiver(), "--out", out, "--duration", "10m", ...flags], { stdio: "ignore" });
    const ended = once(sender, "exit");
    // Where this process ends before the work does, nobody else would end it.
    const kill = () => sender.kill("SIGKILL");
    process.once("exit", kill);
    try {
      await work();
    } finally {
      // It then waits for the answers that are outstanding, and ends its file.
      sender.kill("SIGINT");
      await ended;
      process.off("exit", kill);
    }
    return out;
  }

  /** The traces of a ledger file, in the order in which they began. */
  async traces(file: string): Promise<LedgerTrace[]> {
    const lines = (await runLedger("traces", "--ledger", file)).trim().split("\n");
    return lines.map((line) => {
      const [id = "", status, operation = ""] = line.split("\t");
      return { id, failed: status === "error", operation };
    });
  }

  /** Compares a ledger file with what is stored, given the traces that sampling keeps; undefined: all. */
  async verify(file: string, kept: readonly string[] | undefined, ...flags: string[]): Promise<Verdict> {
    if (kept) writeFileSync(`${file}.kept`, kept.join("\n"));
    const args = ["--ledger", file, ...(kept ? ["--kept", `${file}.kept`] : []), ...(await this.storage()), ...flags];
    return JSON.parse(await runLedger("verify", ...args)) as Verdict;
  }

  private file(name: string): string {
    const folder = join(scratch, "ledgers");
    mkdirSync(folder, { recursive: true });
    return join(folder, `${name}-${Date.now()}`);
  }

  private receiver(): string[] {
    const credential = this.tokenFile === undefined ? [] : ["--token-file", this.tokenFile];
    return ["--endpoint", `127.0.0.1:${this.stack.port("otlp-grpc")}`, ...credential];
  }

  private async storage(): Promise<string[]> {
    return ["--elasticsearch", this.stack.url("elasticsearch"), "--password-file", await this.stack.passwordFile()];
  }
}
