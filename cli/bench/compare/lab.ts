/** Containers for a comparison: on a network of their own, with their config from files of this host, and what they use. */
import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { dirname, join } from "node:path";
import { docker } from "../../engine/docker";
import { holds } from "../../machine/retry";
import { run } from "../../machine/run";

/** A container to run. */
export interface Spec {
  readonly name: string;
  /** Reference of the image. */
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Texts by their absolute path in the container. Files of a folder that has one are all of these. */
  readonly files: Readonly<Record<string, string>>;
  readonly user: string;
  /** MiB. */
  readonly memory: number;
  /** Folders on memory. */
  readonly tmpfs: readonly string[];
  /** A folder with data, on a volume of its own. */
  readonly data?: string;
  /** Ports that are published on a free port of the loopback address. */
  readonly ports: readonly number[];
}

/** What a container has used: seconds of processor since its start, bytes of memory now. */
export interface Use {
  readonly cpu: number;
  readonly memory: number;
}

/** The path of the engine's socket. */
const socket = (process.env.DOCKER_HOST ?? "").replace(/^unix:\/\//, "") || "/var/run/docker.sock";

/** A network and the containers on it. */
export class Lab {
  private readonly name = `tracing-bench-${process.pid}`;
  private readonly running: string[] = [];

  constructor(
    private readonly folder: string,
    /** Image with a shell, which hands a volume to its user. */
    private readonly helper: string,
  ) {}

  async begin(): Promise<void> {
    await docker("network", "create", this.name);
  }

  async start(spec: Spec): Promise<void> {
    const full = `${this.name}-${spec.name}`;
    const folders = new Set(Object.keys(spec.files).map((path) => dirname(path)));
    const mounts = [...folders].flatMap((folder) => ["--volume", `${join(this.folder, spec.name, folder)}:${folder}:ro`]);
    for (const [path, text] of Object.entries(spec.files)) {
      mkdirSync(dirname(join(this.folder, spec.name, path)), { recursive: true });
      writeFileSync(join(this.folder, spec.name, path), text);
    }
    if (spec.data !== undefined) {
      await docker("volume", "create", full);
      await docker(
        "run",
        "--rm",
        "--network",
        "none",
        "--user",
        "0:0",
        "--volume",
        `${full}:/data`,
        this.helper,
        "chown",
        spec.user,
        "/data",
      );
      mounts.push("--volume", `${full}:${spec.data}`);
    }
    const [program, ...words] = spec.entrypoint ?? [];
    this.running.push(spec.name);
    await docker(
      ...["run", "--detach", "--name", full, "--hostname", spec.name, "--network", this.name, "--network-alias", spec.name],
      ...["--user", spec.user, "--memory", `${spec.memory}m`, "--memory-swap", `${spec.memory}m`],
      ...spec.tmpfs.flatMap((path) => ["--tmpfs", `${path}:mode=1777`]),
      ...spec.ports.flatMap((port) => ["--publish", `127.0.0.1::${port}`]),
      ...Object.entries(spec.env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
      ...(program === undefined ? [] : ["--entrypoint", program]),
      ...mounts,
      spec.image,
      ...words,
      ...spec.args,
    );
  }

  /** Host and port at which a published port is reached. */
  async address(name: string, port: number): Promise<string> {
    return (await docker("port", `${this.name}-${name}`, String(port))).split("\n")[0] ?? "";
  }

  /** Waits until a container exits with 0 or answers a command with 0. */
  async until(what: string, seconds: number, ask: () => Promise<boolean>): Promise<void> {
    if (await holds(() => ask().catch(() => false), { within: seconds * 1000 })) return;
    throw new Error(`${what}: not within ${seconds} s\n${await this.logs()}`);
  }

  /** Whether a command within a container ends well. */
  async succeeds(name: string, ...command: string[]): Promise<boolean> {
    return (await run("docker", ["exec", `${this.name}-${name}`, ...command])).ok;
  }

  /** What each container uses, by its name. */
  async use(): Promise<Record<string, Use>> {
    return Object.fromEntries(await Promise.all(this.running.map(async (name) => [name, await usage(`${this.name}-${name}`)] as const)));
  }

  /** Seconds of processor that Java's compilers have taken in a container. */
  async compilers(name: string): Promise<number> {
    const lines = await docker("exec", `${this.name}-${name}`, "sh", "-c", "cat /proc/[0-9]*/task/[0-9]*/stat 2>/dev/null; true");
    return compilerSeconds(lines);
  }

  private async logs(): Promise<string> {
    const all = this.running.map(
      async (name) => `${name}:\n${(await run("docker", ["logs", "--tail", "5", `${this.name}-${name}`])).output}`,
    );
    return (await Promise.all(all)).join("\n");
  }

  async end(): Promise<void> {
    for (const name of this.running) {
      await run("docker", ["rm", "--force", "--volumes", `${this.name}-${name}`]);
      await run("docker", ["volume", "rm", `${this.name}-${name}`]);
    }
    this.running.length = 0;
    await run("docker", ["network", "rm", this.name]);
  }
}

/** Ticks of a second in `/proc`. */
const ticks = 100;

/** Seconds of processor of Java's compiler threads, of lines of `/proc/<process>/task/<thread>/stat` (proc(5)): `id (name) state … utime stime …`. */
export function compilerSeconds(lines: string): number {
  return lines
    .split("\n")
    .map((line) => /^\d+ \(C[12] Compiler.*\) (.*)$/.exec(line)?.[1]?.split(" ") ?? [])
    .reduce((sum, fields) => sum + (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticks, 0);
}

interface Statistics {
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
  readonly memory_stats: {
    readonly usage: number;
    readonly stats: { readonly inactive_file?: number; readonly total_inactive_file?: number };
  };
}

/** The engine's statistics of a container. `docker stats` has the share of a processor, not the time. */
function usage(container: string): Promise<Use> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: socket, path: `/containers/${container}/stats?stream=false&one-shot=true` }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => {
        const { cpu_stats: cpu, memory_stats: memory } = JSON.parse(text) as Statistics;
        const cached = memory.stats.inactive_file ?? memory.stats.total_inactive_file ?? 0;
        resolve({ cpu: cpu.cpu_usage.total_usage / 1e9, memory: memory.usage - cached });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}
