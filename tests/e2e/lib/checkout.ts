/** The product's own commands, run as a user runs them, on stacks that stand beside any other stack of the engine. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { parseSettings } from "../../../configs/stack/parse";
import type { Settings } from "../../../configs/stack/schema";
import { dockerName, hostPort, publishedUrl } from "../../../configs/topology/docker";
import type { PublishedPort } from "../../../configs/topology/ports";
import type { ServiceName } from "../../../configs/topology/topology";
import { projectFolder, stackConfig } from "../../../render/record";
import { run, type Outcome } from "../../../cli/machine/run";
import { interrupted } from "./interrupt";
import { testHome, testStacks, type TestStack } from "./test-stacks";

/** A folder of this test file. */
export const scratch = mkdtempSync(join(tmpdir(), "tracing-e2e-"));

/** A copy of the project with a stack of its own, and its commands. */
export class Checkout {
  /** The stack's settings when the copy was made. Tests edit what is sampled, never where the stack is. */
  readonly settings: Settings;

  private constructor(
    readonly folder: string,
    /** Name of the stack. */
    readonly stack: string,
    config: Readonly<Record<string, unknown>>,
  ) {
    this.writeConfig(config);
    this.settings = parseSettings(stack, stackConfig(stack, folder));
  }

  /** A copy that a test may edit, with the same node modules and, as a stack, dev on other ports; with more config where that is wanted. */
  static copy(stack: TestStack = testStacks.shared, more: Readonly<Record<string, unknown>> = {}): Checkout {
    const folder = join(scratch, stack.name);
    const left = new Set(["node_modules", ".git"].map((name) => join(projectFolder, name)));
    cpSync(projectFolder, folder, { recursive: true, preserveTimestamps: true, filter: (source) => !left.has(source) });
    symlinkSync(join(projectFolder, "node_modules"), join(folder, "node_modules"));
    // The copy has the node modules that the tests run with. `make` must not find them older than the lock file and install anew, through the link.
    utimesSync(join(folder, "package-lock.json"), 0, 0);
    const dev = parse(readFileSync(join(folder, "Pulumi.dev.yaml"), "utf8")) as { config: Record<string, unknown> };
    return new Checkout(folder, stack.name, { ...dev.config, ...more, "tracing:publish": { offset: stack.offset } });
  }

  /** The stack's file. */
  get stackFile(): string {
    return join(this.folder, `Pulumi.${this.stack}.yaml`);
  }

  /** The config in the stack's file. */
  get config(): Record<string, unknown> {
    return this.file().config ?? {};
  }

  /** Writes the config. What else is in the file, such as what encrypts its secrets, stays. */
  writeConfig(config: Readonly<Record<string, unknown>>): void {
    writeFileSync(this.stackFile, stringify({ ...this.file(), config }));
  }

  private file(): { readonly config?: Record<string, unknown> } {
    return existsSync(this.stackFile) ? (parse(readFileSync(this.stackFile, "utf8")) as object) : {};
  }

  /** The address of a published port. */
  url(port: PublishedPort): string {
    return publishedUrl(this.settings, port);
  }

  /** The number of a published port. */
  port(port: PublishedPort): number {
    return hostPort(this.settings, port);
  }

  /** The name of a service's container. */
  container(service: ServiceName): string {
    return dockerName(this.stack, service);
  }

  /** `make <words>`. */
  make(...words: string[]): Promise<Outcome> {
    return run("make", ["--no-print-directory", "-C", this.folder, ...words], { env: this.env, timeout: 14 * 60_000 });
  }

  /** A shell script in the checkout's folder. */
  shell(script: string): Promise<Outcome> {
    return run("bash", ["-c", script], { cwd: this.folder, env: this.env, timeout: 14 * 60_000 });
  }

  /** `make <words>`, killed with all that it started when that service's container runs; see {@link interrupted}. */
  makeUntil(service: ServiceName, ...words: string[]): Promise<string> {
    return interrupted(this.folder, this.env, this.container(service), words);
  }

  /** `make <words>` that must succeed; returns all that it printed. */
  async makes(...words: string[]): Promise<string> {
    const outcome = await this.make(...words);
    if (!outcome.ok) throw new Error(`make ${words.join(" ")}: ${outcome.why}\n${outcome.output}`);
    return outcome.output;
  }

  /** Path of a file with Elasticsearch's password, mode 0600. */
  async passwordFile(): Promise<string> {
    const password = (await this.make("--silent", "password")).stdout.trim();
    if (!/^[A-Za-z0-9]{32}$/.test(password)) throw new Error("make password printed no password");
    // A file of its own each time: what runs side by side must not read one that is being written.
    const file = join(mkdtempSync(join(scratch, "password-")), "password");
    writeFileSync(file, password, { mode: 0o600 });
    return file;
  }

  /** The state folder. */
  get home(): string {
    const home = testHome() ?? join(scratch, "home");
    mkdirSync(home, { recursive: true, mode: 0o700 });
    return home;
  }

  /** Variables of every command: its own stack and state folder, no terminal. */
  private get env(): Record<string, string> {
    return { TRACING_HOME: this.home, CI: "true", ENV: this.stack };
  }
}
