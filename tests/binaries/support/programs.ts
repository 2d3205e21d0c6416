import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { hygieneArgs } from "../../../configs/collector/hygiene";
import { samplingArgs } from "../../../configs/collector/tail-sampling";
import { binaryPath, type Program } from "../../../cli/machine/cache";

/** What became of a program. */
export interface Outcome {
  readonly code: number | null;
  /** Both of its outputs. */
  readonly output: string;
}

/** Path of a program. One that was not built fails the test: a skipped check would look like a passed one. */
export function program(name: Program): string {
  const path = binaryPath(name);
  if (!existsSync(path)) throw new Error(`${name} was not built yet; \`npx tsx images/build.ts --binaries\` builds it`);
  return path;
}

/** Arguments of a Collector with the stack's own config: those of both tiers. */
export const collectorArgs = (config: string): string[] => [`--config=${config}`, ...hygieneArgs, ...samplingArgs];

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Output that says that the program is up: it is then told to stop, as an engine does. */
  readonly until?: RegExp;
  /** What to do while it is up. */
  readonly meanwhile?: () => Promise<void>;
  /** What tells it to stop, once it is up; SIGTERM where not given. */
  readonly signal?: "SIGTERM" | "SIGKILL";
  /** How long it may take; half a minute where not given. */
  readonly seconds?: number;
}

/** Runs a program to its end. */
export function run(
  path: string,
  args: readonly string[],
  { env = {}, until, meanwhile = () => Promise.resolve(), signal = "SIGTERM", seconds = 30 }: RunOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { env: { PATH: process.env.PATH, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const timer = setTimeout(() => {
      output += `\n${path} did not end within ${seconds} s and was killed\n`;
      child.kill("SIGKILL");
    }, seconds * 1000);
    let told = false;
    const hear = (chunk: Buffer) => {
      output += chunk.toString();
      if (told || !until?.test(output)) return;
      told = true;
      // The Collector says that it is ready just before it listens to signals.
      const stop = () => setTimeout(() => child.kill(signal), 200);
      meanwhile().then(stop, (error: unknown) => {
        reject(error instanceof Error ? error : new Error(String(error)));
        stop();
      });
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

/** Below the range that Linux takes ports of outgoing connections from: one of those may come between the look and the program's start. */
const candidates = { from: 20_000, count: 12_000 };

/** Which candidate is looked at next: no port is given twice by a process, and processes begin at places of their own. */
let next = randomInt(candidates.count);

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

/** Ports of this host that nothing listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === candidates.count) throw new Error("no port of this host is free");
    const port = candidates.from + (next++ % candidates.count);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}
