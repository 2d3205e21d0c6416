/** The Pulumi way: the CLI with a backend and a passphrase of our own, outside the repository, unless the caller has set theirs. */
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Overrides } from "../engine/compose";
import { listStackResources, pending } from "../engine/docker";
import { resume } from "../engine/health";
import { isAlive } from "../machine/processes";
import { parseEvents, previewSummary } from "./preview-summary";
import { execOrThrow, run, tail, type Outcome, type RunOptions } from "../machine/run";
import { heartbeat, note, UserError } from "../terminal/output";
import { projectFolder } from "../stack/stack";
import { keepLog, passphraseFile, stateFolder } from "./state";
import { variable } from "../terminal/variables";

/** What of a stack's state is used here. */
interface Deployment {
  readonly resources?: readonly { readonly id?: string; readonly type: string }[];
  readonly pending_operations?: readonly unknown[];
}

/** The keys of a stack file by which the CLI reads its secrets. */
const secretKeys = ["secretsprovider", "encryptionsalt", "encryptedkey"] as const;

/** One stack, as a CLI sees it. */
export class PulumiStack {
  constructor(
    private readonly cli: string,
    private readonly stack: string,
  ) {
    // The CLI finds a stack's name in the project of the folder that it runs in.
    copyFileSync(join(projectFolder, "Pulumi.yaml"), join(this.folder, "Pulumi.yaml"));
  }

  /** The variables that the CLI runs with; also what a person needs to call it by hand. */
  static environment(): Record<string, string> {
    const { PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE } = process.env;
    const ownPassphrase = PULUMI_CONFIG_PASSPHRASE !== undefined || PULUMI_CONFIG_PASSPHRASE_FILE !== undefined;
    return {
      PULUMI_BACKEND_URL: variable("PULUMI_BACKEND_URL") ?? `file://${stateFolder("backend")}`,
      ...(ownPassphrase ? {} : { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile() }),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // `npm run types` has checked them.
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    };
  }

  /** The stack's state in the backend; undefined where there is no such stack. */
  async state(): Promise<Deployment | undefined> {
    const { ok, stdout, output, why } = await this.call(["stack", "export"], this.folder);
    if (ok) return (JSON.parse(stdout) as { deployment: Deployment | null }).deployment ?? {};
    if (/no stack named/.test(output)) return undefined;
    throw new UserError(`the state of the stack cannot be read: ${why}\n${tail(output)}`);
  }

  /** Brings the stack up. What an interrupted run left behind is put in order first. */
  async up(overrides: Overrides): Promise<void> {
    await this.ensure(overrides);
    await this.settle();
    // A container that the refresh finds stopped seems to have lost its ports, and would be replaced.
    await resume(this.stack);
    const update = () => this.operation(["up", "--skip-preview", "--refresh", "--suppress-outputs"], tellContainer);
    const { ok, output, why } = await heartbeat("pulumi up", update(), () => pending(this.stack));
    const log = keepLog(this.stack, "pulumi-up", output);
    if (!ok) throw new UserError(`pulumi up failed: ${why}; all it said is in ${log}\n${diagnostics(output)}`);
    note(summary(output));
  }

  /** Takes the stack down and out of the backend. */
  async destroy(): Promise<void> {
    await this.ensure({});
    await this.settle();
    const { ok, output, why } = await heartbeat("pulumi destroy", this.operation(["destroy", "--skip-preview", "--refresh"]));
    const log = keepLog(this.stack, "pulumi-destroy", output);
    if (!ok) throw new UserError(`pulumi destroy failed: ${why}; all it said is in ${log}\n${diagnostics(output)}`);
    note(summary(output));
    // In the folder of our own: with the stack goes its file, and the one in the repository must stay.
    await execOrThrow(this.cli, ["stack", "rm", this.stack, "--yes", "--non-interactive"], {
      cwd: this.folder,
      env: PulumiStack.environment(),
    });
  }

  /**
   * Prints what `up` would change, by component, and which rules of policy/ it would break.
   *
   * @param diff Print the CLI's whole difference after it.
   * @returns Whether the preview succeeded.
   */
  async preview(overrides: Overrides, diff: boolean): Promise<boolean> {
    await this.ensure(overrides);
    const eventLog = join(this.folder, "preview-events.json");
    rmSync(eventLog, { force: true });
    const args = ["preview", ...(diff ? ["--diff"] : []), "--policy-pack", "policy", "--config-file", this.configFile];
    // `--json` names neither outputs nor broken policies. The CLI takes --event-log, which the Automation API uses, with this variable only.
    const env = { PULUMI_DEBUG_COMMANDS: "true" };
    const { ok, output, why } = await heartbeat("pulumi preview", this.call([...args, "--event-log", eventLog], projectFolder, { env }));
    if (!existsSync(eventLog)) throw new UserError(`pulumi preview failed: ${why}\n${diagnostics(output)}`);
    note(previewSummary(parseEvents(readFileSync(eventLog, "utf8"))));
    rmSync(eventLog);
    if (diff) console.log(`\n${output.trimEnd()}`);
    else note(`the whole difference: make preview ENV=${this.stack} DIFF=1`);
    return ok;
  }

  private get folder(): string {
    return stateFolder(this.stack, "pulumi");
  }

  private get configFile(): string {
    return join(this.folder, `Pulumi.${this.stack}.yaml`);
  }

  /** The stack in the backend, and its config in the folder of our own: the CLI writes a salt into it, and we our choices. */
  private async ensure(overrides: Overrides): Promise<void> {
    const read = (file: string) => (existsSync(file) ? ((parse(readFileSync(file, "utf8")) as object | null) ?? {}) : {});
    const before: Record<string, unknown> = { ...read(this.configFile) };
    const committed: { config?: object } = read(join(projectFolder, `Pulumi.${this.stack}.yaml`));
    const kept = Object.fromEntries(secretKeys.filter((key) => key in before).map((key) => [key, before[key]]));
    const content = { ...kept, ...committed, config: { ...committed.config, ...overrides } };
    writeFileSync(this.configFile, stringify(content), { mode: 0o600 });
    if (await this.state()) return;
    await execOrThrow(this.cli, ["stack", "init", this.stack, "--no-select", "--non-interactive"], {
      cwd: this.folder,
      env: PulumiStack.environment(),
    });
  }

  /** After an interrupted run: forgets creations that it never saw end, and removes containers and networks that nothing remembers. */
  private async settle(): Promise<void> {
    if ((await this.state())?.pending_operations?.length) {
      note("the last run was interrupted; refreshing the state");
      const refresh = this.operation(["refresh", "--skip-preview", "--clear-pending-creates"]);
      const { ok, output, why } = await heartbeat("pulumi refresh", refresh);
      if (!ok) throw new UserError(`pulumi refresh failed: ${why}\n${diagnostics(output)}`);
    }
    const remembered = new Set((await this.state())?.resources?.map((resource) => resource.id));
    const { containers, networks } = await listStackResources(this.stack);
    for (const { Id, Name } of containers.filter((container) => !remembered.has(container.Id))) {
      note(`removing ${Name.replace("/", "")}, which an interrupted run left behind`);
      await execOrThrow("docker", ["rm", "--force", Id]);
    }
    for (const { Id } of networks.filter((network) => !remembered.has(network.Id))) await execOrThrow("docker", ["network", "rm", Id]);
  }

  /** An operation on the stack. A lock whose owner is dead is taken away. */
  private async operation(args: readonly string[], onLine?: (line: string) => void): Promise<Outcome> {
    const all = [...args, "--yes", "--config-file", this.configFile];
    const outcome = await this.call(all, projectFolder, { onLine });
    const [, owner, pid] = /created by (\S+) \(pid (\d+)\)/.exec(outcome.output) ?? [];
    if (outcome.ok || !/currently locked/.test(outcome.output) || !owner?.endsWith(`@${hostname()}`) || isAlive(Number(pid))) {
      return outcome;
    }
    note(`taking away the lock of an interrupted run (pid ${pid ?? ""})`);
    await execOrThrow(this.cli, ["cancel", this.stack, "--yes"], { cwd: this.folder, env: PulumiStack.environment() });
    return this.call(all, projectFolder, { onLine });
  }

  private call(args: readonly string[], cwd: string, options: Pick<RunOptions, "env" | "onLine"> = {}): Promise<Outcome> {
    const all = [...args, "--stack", this.stack, "--non-interactive", "--color", "never"];
    const env = { ...PulumiStack.environment(), ...options.env };
    return run(this.cli, all, { cwd, env, patient: true, onLine: options.onLine });
  }
}

/** Tells of a container that is done, from a line of the CLI's progress. */
function tellContainer(line: string): void {
  const [, name, verb, replacement, time] =
    /docker:\S*[cC]ontainer\s+(\S+)\s+(created|updated|deleted)(?! original)( replacement)? \((\S+)\)/.exec(line) ?? [];
  if (name && verb && time && !name.endsWith("-upload")) note(`${replacement ? "replaced" : verb} ${name} (${time})`);
}

/** What the CLI found wrong, without warnings. */
function diagnostics(output: string): string {
  const found = /^Diagnostics:\n([\s\S]*?)(?=^(?:Outputs|Resources|Duration|Policies):)/m.exec(`${output}\nDuration:`)?.[1] ?? output;
  return tail(found.replace(/^.*\bwarning: .*\n/gm, "").replace(/\n{2,}/g, "\n"), 30);
}

/** How many resources changed, on one line. */
function summary(output: string): string {
  const lines = /^Resources:\n((?:[ \t]+.*\n)+)/m.exec(output)?.[1] ?? "";
  return `resources: ${
    lines
      .trim()
      .split(/\s*\n\s*/)
      .join(", ") || "none"
  }`;
}
