/** A stack by Pulumi's Automation API: with a backend and a passphrase of our own, outside the repository, unless the caller has set theirs. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import {
  CommandError,
  ConcurrentUpdateError,
  LocalWorkspace,
  Stack,
  StackNotFoundError,
  type EngineEvent,
  type PulumiCommand,
  type UpOptions,
} from "@pulumi/pulumi/automation";
import { parse, stringify } from "yaml";
import type { Overrides } from "../engine/compose";
import { listStackResources, pending } from "../engine/docker";
import { resume } from "../engine/health";
import { isAlive } from "../machine/processes";
import { execOrThrow, onInterrupt, tail } from "../machine/run";
import { projectFolder } from "../stack/stack";
import { heartbeat, note, UserError } from "../terminal/output";
import { variable } from "../terminal/variables";
import { containerTeller, errors, resourceCounts } from "./events";
import { previewSummary } from "./preview-summary";
import { keepLog, passphraseFile, stateFolder } from "./state";

/** The part of a stack's state that is used here. */
interface Deployment {
  readonly resources?: readonly { readonly id?: string; readonly type: string }[];
  readonly pending_operations?: readonly unknown[];
}

/** The keys of a stack file by which the CLI reads its secrets. */
const secretKeys = ["secretsprovider", "encryptionsalt", "encryptedkey"] as const;

/** Output of an operation, and why it failed. */
interface Outcome {
  readonly ok: boolean;
  readonly output: string;
  readonly why: string;
  readonly events: readonly EngineEvent[];
  readonly error?: CommandError;
}

/** Options that all operations share. */
type Options = Pick<UpOptions, "color" | "onError" | "onEvent" | "onOutput" | "signal">;

/** Variables that the CLI runs with, whatever the backend. */
export const everyBackend = {
  PULUMI_SKIP_UPDATE_CHECK: "true",
  // `npm run types` has checked them.
  PULUMI_NODEJS_TRANSPILE_ONLY: "true",
} as const;

/** The passphrase that the caller has set, or the generated one. */
export function passphrase(): Record<string, string> {
  const { PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE } = process.env;
  const isSet = PULUMI_CONFIG_PASSPHRASE !== undefined || PULUMI_CONFIG_PASSPHRASE_FILE !== undefined;
  return isSet ? {} : { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile() };
}

/** The variables that the CLI runs with; also what a person needs to call it by hand. */
export const pulumiEnvironment = (): Record<string, string> => ({
  ...everyBackend,
  ...passphrase(),
  PULUMI_BACKEND_URL: variable("PULUMI_BACKEND_URL") ?? `file://${stateFolder("backend")}`,
});

/** Location of a stack's state. */
export interface Backend {
  /** The folder that the CLI works in. */
  readonly folder: string;
  /** The variables that the CLI runs with. */
  readonly environment: Readonly<Record<string, string>>;
  /** True: creates the stack if the backend does not have it. */
  readonly creates: boolean;
}

/** The backend of stacks that the commands bring up. */
const ownBackend = (stack: string): Backend => ({ folder: stateFolder(stack, "pulumi"), environment: pulumiEnvironment(), creates: true });

/** One stack, as a CLI sees it. */
export class PulumiStack {
  private known: Promise<LocalWorkspace> | undefined;

  constructor(
    private readonly cli: PulumiCommand,
    private readonly stack: string,
    private readonly backend: Backend = ownBackend(stack),
  ) {}

  /** True if the backend has the stack. */
  async exists(): Promise<boolean> {
    try {
      await Stack.select(this.stack, await this.workspace());
      return true;
    } catch (error) {
      if (error instanceof StackNotFoundError) return false;
      return unread(error);
    }
  }

  /** The address of the backend, without a login that it contains; undefined if the CLI is not logged in. */
  async address(): Promise<string | undefined> {
    const workspace = await this.workspace();
    try {
      const { url, user } = await workspace.whoAmI();
      return url?.replace(/\/\/[^/@]*@/, "//") ?? `the backend of ${user}`;
    } catch (error) {
      if (error instanceof CommandError && error.message.includes("PULUMI_ACCESS_TOKEN must be set for login")) return undefined;
      return unread(error);
    }
  }

  /**
   * A value of the stack's config, decrypted, as Pulumi hands it to the program; undefined if it is not there.
   *
   * @throws UserError if the backend does not have the stack.
   */
  async config(key: string): Promise<string | undefined> {
    if (!(await this.exists())) throw new UserError(`stack ${this.stack} is not deployed: make up ENV=${this.stack}`);
    const stack = await this.ensure({});
    return (await stack.getAllConfig().catch(unread))[key]?.value;
  }

  /** Brings the stack up. What an interrupted run left behind is put in order first. */
  async up(overrides: Overrides): Promise<void> {
    const stack = await this.ensure(overrides);
    await this.settle(stack);
    // A container that the refresh finds stopped seems to have lost its ports, and would be replaced.
    await resume(this.stack);
    const up = (options: Options) => stack.up({ ...options, refresh: true, suppressOutputs: true });
    const { events } = await this.must("up", this.operation(stack, up, containerTeller(note)), () => pending(this.stack));
    note(resourceCounts(events));
  }

  /** Takes the stack down and out of the backend. */
  async destroy(): Promise<void> {
    const stack = await this.ensure({});
    await this.settle(stack);
    const { events } = await this.must(
      "destroy",
      this.operation(stack, (options) => stack.destroy({ ...options, refresh: true })),
    );
    note(resourceCounts(events));
    // With the stack goes its file: the one in the folder of our own, not the one in the repository.
    await stack.workspace.removeStack(this.stack);
  }

  /**
   * Prints what `up` would change, by component, and which rules of policy/ it would break.
   *
   * @param diff Print the CLI's whole difference after it.
   * @returns Whether the preview succeeded.
   */
  async preview(overrides: Overrides, diff: boolean): Promise<boolean> {
    const stack = await this.ensure(overrides);
    const policyPacks = [join(projectFolder, "policy")];
    const preview = this.call((options) => stack.preview({ ...options, diff, policyPacks }));
    const { ok, output, why, events } = await heartbeat("pulumi preview", preview);
    if (events.length === 0) throw new UserError(`pulumi preview failed: ${why}\n${tail(output, 30)}`);
    note(previewSummary(events));
    if (diff) console.log(`\n${output.trimEnd()}`);
    else note(`the whole diff: make preview ENV=${this.stack} DIFF=1`);
    return ok;
  }

  /** The folder of our own as a project, whose program is in the repository. The CLI writes a salt into the stack's file there, and we our choices. */
  private workspace(): Promise<LocalWorkspace> {
    const project = parse(readFileSync(join(projectFolder, "Pulumi.yaml"), "utf8")) as { main: string };
    writeFileSync(join(this.backend.folder, "Pulumi.yaml"), stringify({ ...project, main: join(projectFolder, project.main) }));
    this.known ??= LocalWorkspace.create({
      workDir: this.backend.folder,
      pulumiCommand: this.cli,
      envVars: { ...this.backend.environment },
    });
    return this.known;
  }

  /** The stack in the backend, with its config. */
  private async ensure(overrides: Overrides): Promise<Stack> {
    const read = (file: string) => (existsSync(file) ? ((parse(readFileSync(file, "utf8")) as object | null) ?? {}) : {});
    const file = join(this.backend.folder, `Pulumi.${this.stack}.yaml`);
    const before: Record<string, unknown> = { ...read(file) };
    const committed: { config?: object } = read(join(projectFolder, `Pulumi.${this.stack}.yaml`));
    const kept = Object.fromEntries(secretKeys.filter((key) => key in before).map((key) => [key, before[key]]));
    writeFileSync(file, stringify({ ...kept, ...committed, config: { ...committed.config, ...overrides } }), { mode: 0o600 });
    const workspace = await this.workspace();
    return (this.backend.creates ? Stack.createOrSelect(this.stack, workspace) : Stack.select(this.stack, workspace)).catch(unread);
  }

  /** After an interrupted run: forgets creations that it never saw end, and removes containers and networks that nothing remembers. */
  private async settle(stack: Stack): Promise<void> {
    const state = async () => ((await stack.exportStack().catch(unread)).deployment ?? {}) as Deployment;
    if ((await state()).pending_operations?.length) {
      note("the last run was interrupted; refreshing the state");
      await this.must(
        "refresh",
        this.operation(stack, (options) => stack.refresh({ ...options, clearPendingCreates: true })),
      );
    }
    const remembered = new Set((await state()).resources?.map((resource) => resource.id));
    const { containers, networks } = await listStackResources(this.stack);
    for (const { Id, Name } of containers.filter((container) => !remembered.has(container.Id))) {
      note(`removing ${Name.replace("/", "")}, which an interrupted run left behind`);
      await execOrThrow("docker", ["rm", "--force", Id]);
    }
    for (const { Id } of networks.filter((network) => !remembered.has(network.Id))) await execOrThrow("docker", ["network", "rm", Id]);
  }

  /** An operation that must succeed. All that it said is kept. */
  private async must(name: string, work: Promise<Outcome>, detail?: () => Promise<string>): Promise<Outcome> {
    const outcome = await heartbeat(`pulumi ${name}`, work, detail);
    const log = keepLog(this.stack, `pulumi-${name}`, outcome.output);
    if (outcome.ok) return outcome;
    const found = errors(outcome.events).join("\n") || outcome.output;
    throw new UserError(`pulumi ${name} failed: ${outcome.why}; its whole output is in ${log}\n${tail(found, 30)}`);
  }

  /** An operation on the stack. A lock whose owner is dead is taken away. */
  private async operation(
    stack: Stack,
    start: (options: Options) => Promise<unknown>,
    onEvent?: (event: EngineEvent) => void,
  ): Promise<Outcome> {
    const outcome = await this.call(start, onEvent);
    if (!(outcome.error instanceof ConcurrentUpdateError)) return outcome;
    const [, owner, pid = ""] = /created by (\S+) \(pid (\d+)\)/.exec(outcome.output) ?? [];
    if (!owner?.endsWith(`@${hostname()}`) || isAlive(Number(pid))) return outcome;
    note(`removing the lock of an interrupted run (pid ${pid})`);
    await stack.cancel();
    return this.call(start, onEvent);
  }

  /** Starts an operation and waits for its end. It leaves work half-done unless it ends in its own time, so an interrupt is handed to it once. */
  private async call(start: (options: Options) => Promise<unknown>, onEvent?: (event: EngineEvent) => void): Promise<Outcome> {
    const events: EngineEvent[] = [];
    const stop = new AbortController();
    let interrupted = "";
    const release = onInterrupt((reason, signal) => {
      interrupted = reason;
      // A terminal interrupts the CLI too, and a second interrupt would end it at once.
      if (signal === "SIGTERM" || !process.stdin.isTTY) stop.abort();
    });
    let output = "";
    const keep = (text: string) => (output += text);
    const options: Options = {
      color: "never",
      onOutput: keep,
      onError: keep,
      onEvent: (event) => {
        events.push(event);
        onEvent?.(event);
      },
      signal: stop.signal,
    };
    try {
      await start(options);
      return { ok: true, output, why: "", events };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return { ok: false, output: output || error.message, why: interrupted || exitOf(error), events, error };
    } finally {
      release();
    }
  }
}

/** How the CLI ended, which its error tells in a sentence such as `Command failed with exit code 255: pulumi up …`. */
const exitOf = ({ message }: CommandError): string => /failed with (exit code \d+)/.exec(message)?.[1] ?? "it did not end by itself";

/** Says that the CLI cannot get at the stack in its backend, and why. */
function unread(error: unknown): never {
  if (!(error instanceof CommandError)) throw error;
  const lines = error.message.split("\n").filter((line) => line.startsWith("error: "));
  throw new UserError(`the state of the stack cannot be read: ${exitOf(error)}\n${tail(lines.join("\n") || error.message)}`);
}
