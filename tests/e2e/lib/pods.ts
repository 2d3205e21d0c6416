/** Workloads of a stack on Kubernetes as containers of this machine's engine: their own commands, environments and files, without a cluster. */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { execOrThrow, run, type Outcome } from "../../../cli/machine/run";
import type { Workload } from "../../../components/platform/workload";
import { workloadsOf } from "../../../components/workloads";
import { imageOrigin, imageReference } from "../../../configs/images";
import type { Settings } from "../../../configs/stack/schema";
import type { ServiceName } from "../../../configs/topology/topology";

/** A namespace's worth of containers on a network of their own. Data stays from one start of a workload to the next. */
export class Pods {
  private readonly name = `tracing-test-pods-${randomBytes(3).toString("hex")}`;
  private readonly started = new Set<string>();

  /** @param folder An empty one, for files and data. */
  constructor(private readonly folder: string) {}

  async open(): Promise<void> {
    await execOrThrow("docker", ["network", "create", this.name]);
  }

  /** Removes everything; the data is written by other users, so a container removes it. */
  async close(image: string): Promise<void> {
    for (const container of this.started) await run("docker", ["rm", "--force", "--volumes", container]);
    const mount = ["--volume", `${this.folder}:/all`];
    await run("docker", ["run", "--rm", "--user=0", "--network=none", ...mount, "--entrypoint=/bin/sh", image, "-c", "rm -rf /all/*"]);
    await run("docker", ["network", "rm", this.name]);
  }

  /** The folder whose files are those of a Secret of the cluster. */
  readonly secret = (name: string): string => join(this.folder, "secrets", name);

  /** Starts a service's workload in place of the one that runs, with some ports on free ones of loopback. */
  async start(settings: Settings, service: ServiceName, ports: readonly number[] = []): Promise<void> {
    await this.stop(service);
    this.started.add(this.container(service));
    const published = ports.flatMap((port) => ["--publish", `127.0.0.1::${port}`]);
    const more = ["--detach", "--network-alias", service, ...published];
    await execOrThrow("docker", ["run", "--name", this.container(service), ...more, ...this.words(settings, service)]);
  }

  async stop(service: ServiceName): Promise<void> {
    await run("docker", ["stop", "--time", "60", this.container(service)]);
    await run("docker", ["rm", "--force", "--volumes", this.container(service)]);
  }

  /** Runs a cron's workload once. */
  runOnce(settings: Settings, service: ServiceName): Promise<Outcome> {
    return run("docker", ["run", "--rm", ...this.words(settings, service)], { timeout: 120_000 });
  }

  /** Runs a command in a workload that runs. */
  exec(service: ServiceName, command: readonly string[]): Promise<Outcome> {
    return run("docker", ["exec", this.container(service), ...command], { timeout: 60_000 });
  }

  /** Whether a workload's own probe finds it ready. */
  async ready(settings: Settings, service: ServiceName): Promise<boolean> {
    const { probe } = workload(settings, service);
    if (probe?.kind !== "script") throw new Error(`${service} has no script to tell whether it is ready`);
    return (await this.exec(service, ["bash", "-c", probe.script])).ok;
  }

  /** The port of loopback for one that was asked for. */
  async port(service: ServiceName, port: number): Promise<number> {
    const address = await execOrThrow("docker", ["port", this.container(service), String(port)]);
    return Number(address.trim().split(":").at(-1));
  }

  async logs(service: ServiceName): Promise<string> {
    return (await run("sh", ["-c", `docker logs --tail 40 ${this.container(service)} 2>&1`])).stdout;
  }

  private container(service: ServiceName): string {
    return `${this.name}-${service}`;
  }

  /** What `docker run` is told of a workload: options, image, arguments. */
  private words(settings: Settings, service: ServiceName): string[] {
    const one = workload(settings, service);
    const [entrypoint, ...command] = one.command ?? [];
    const env = {
      ...one.env,
      ...Object.fromEntries((one.secretVariables ?? []).map(({ variable, secret }) => [variable, passwordOf(secret)])),
    };
    return [
      ...["--network", this.name, "--memory", `${one.resources.memory}m`, "--user", `${one.user.uid}:${one.user.gid}`],
      ...["--cap-drop=ALL", "--security-opt=no-new-privileges", ...(one.readOnlyRoot ? ["--read-only"] : [])],
      ...Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
      ...this.mounts(one).flatMap(([from, to, mode]) => ["--volume", `${from}:${to}:${mode}`]),
      ...one.scratch.flatMap(({ path, size }) => ["--tmpfs", `${path}:size=${size}m,mode=1777`]),
      ...(entrypoint === undefined ? [] : ["--entrypoint", entrypoint]),
      imageReference(one.image, imageOrigin(settings)),
      ...command,
      ...one.args,
    ];
  }

  /** Folders of the host, and where the workload has them. */
  private mounts({ name, files, secrets, certificates = [], data }: Workload): [from: string, to: string, mode: "ro" | "rw"][] {
    const here = (path: string) => join(this.folder, name, path);
    const texts = [...files, ...secrets.map(({ path, secret }) => ({ path, content: passwordOf(secret) }))];
    for (const { path, content } of texts) {
      mkdirSync(dirname(here(path)), { recursive: true });
      writeFileSync(here(path), content);
    }
    for (const { path, shared } of data) {
      mkdirSync(this.data(name, shared ?? path), { recursive: true });
      chmodSync(this.data(name, shared ?? path), 0o777);
    }
    const folders = [...new Set(texts.map(({ path }) => dirname(path)))];
    return [
      ...folders.map((path): [string, string, "ro"] => [here(path), path, "ro"]),
      ...certificates.map(({ path, secret }): [string, string, "ro"] => [this.secret(secret), path, "ro"]),
      ...data.map(({ path, shared }): [string, string, "rw"] => [this.data(name, shared ?? path), path, "rw"]),
    ];
  }

  private data(service: ServiceName, part: string): string {
    return join(this.folder, "data", service, part);
  }
}

const workload = (settings: Settings, service: ServiceName): Workload => {
  const found = workloadsOf(settings).find(({ name }) => name === service);
  if (!found) throw new Error(`the stack has no ${service}`);
  return found;
};

/** The value of a secret: the same in each workload. */
const passwordOf = (secret: string): string => `password-of-${secret}`;
