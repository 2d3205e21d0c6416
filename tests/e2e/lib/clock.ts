/** A stand-alone Elasticsearch with a clock of its own, and the cleaner beside it, as containers that belong to no stack. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectorWorkloads } from "../../../components/collector/collector";
import { elasticsearchWorkload } from "../../../components/elasticsearch/elasticsearch";
import { setupWorkload } from "../../../components/elasticsearch/setup";
import { cleanerWorkload } from "../../../components/jaeger/index-cleaner";
import type { Workload } from "../../../components/platform/workload";
import { unknownPasswords } from "../../../components/workloads";
import { imageReference, type ImageName } from "../../../configs/images";
import type { Settings } from "../../../configs/stack/schema";
import { dockerName, dockerTopology } from "../../../configs/topology/docker";
import { superuser } from "../../../configs/elasticsearch/users";
import { setupDone } from "../../../configs/elasticsearch/setup";
import { paths, ports, stackLabels } from "../../../configs/topology/ports";
import { docker } from "../../../cli/engine/docker";
import { run, type Outcome } from "../../../cli/machine/run";
import { scratch } from "./checkout";
import { fakeClock, fakeClockEnvironment, fakeClockMount } from "./fake-clock";
import { testStackPrefix } from "./test-stacks";
import { eventually } from "../../support/waiting";
import { loginHeader } from "../../../cli/status/elasticsearch";

/** A test stack by its label, so that an interrupted run's containers are removed with the other test stacks. */
const stack = `${testStackPrefix}-retention`;
const name = dockerName(stack);
const label = ["--label", `${stackLabels.stack}=${stack}`];
const password = "only-for-this-test";

/**
 * The images that are tested, official or local. Elasticsearch's is always ours: the library that sets its clock is Debian's, as its C library
 * must be, and it is the cleaner that is looked at.
 */
const source = process.env.IMAGES === "official" ? "official" : "local";
const imageOf = (image: ImageName) => imageReference(image, { source: image === "elasticsearch" ? "local" : source });

type Part = "elasticsearch" | "elasticsearch-setup" | "otel-collector" | "index-cleaner";

/** The workloads of the stack that take part, with the topology of one plain network. */
function workloads(settings: Settings): Record<Part, Workload> {
  const anywhere = "0.0.0.0";
  const topology = {
    ...dockerTopology(settings.stack),
    listen: { anywhere, collectorBackend: anywhere, jaegerBackend: anywhere, ingestBackend: anywhere },
  };
  const passwords = unknownPasswords(settings);
  const [collector] = collectorWorkloads(settings, topology);
  return {
    elasticsearch: elasticsearchWorkload(settings, topology, passwords),
    "elasticsearch-setup": setupWorkload(settings, topology, passwords),
    "otel-collector": collector!,
    "index-cleaner": cleanerWorkload(settings, topology, passwords),
  };
}

/** Runs those containers. Nothing but the clock, the password's place and the networks differs from the stack's. */
export class ClockedStore {
  private readonly folder = join(scratch, "retention");
  private readonly workloads: ReturnType<typeof workloads>;

  constructor(settings: Settings) {
    this.workloads = workloads(settings);
    for (const part of ["clock", "secrets", "config"]) mkdirSync(join(this.folder, part), { recursive: true });
    // All users have one, which the setup gives them.
    for (const { path } of this.workloads["elasticsearch-setup"].secrets)
      writeFileSync(join(this.folder, "secrets", path.split("/").at(-1)!), password);
    for (const { files: own } of Object.values(this.workloads)) {
      for (const { path, content } of own) writeFileSync(join(this.folder, "config", path.split("/").at(-1)!), content);
    }
  }

  /** Network, data, and the Collector that the cleaner reports to. */
  async begin(): Promise<void> {
    await this.end();
    await docker("network", "create", ...label, name);
    await docker("volume", "create", ...label, name);
    await docker("run", "--rm", "--network", "none", "--volume", `${name}:/data`, imageOf("busybox"), "chown", "1000:0", "/data");
    const { args } = this.workloads["otel-collector"];
    await this.start("otel-collector", ["--tmpfs", `${paths.collectorQueue}:mode=1777`, ...this.config()], args, [
      ports.collector.reportsExporter,
    ]);
  }

  /** Elasticsearch on the data; with a clock that is so many milliseconds behind, or with the true one. */
  async elasticsearch(behind?: number): Promise<void> {
    const environment = { ...this.workloads.elasticsearch.env, ELASTIC_PASSWORD: password } as Record<string, string>;
    delete environment.ELASTIC_PASSWORD_FILE;
    const options = ["--volume", `${name}:${paths.elasticsearchData}`, "--memory", "1g"];
    if (behind !== undefined) {
      this.setClock(behind);
      Object.assign(environment, fakeClockEnvironment("/clock/offset"));
      const folder = fakeClock();
      if (!folder) throw new Error("libfaketime is not installed: apt-get install faketime");
      options.push("--volume", `${folder}:${fakeClockMount}:ro`, "--volume", `${join(this.folder, "clock")}:/clock:ro`);
    }
    const env = Object.entries(environment).flatMap(([key, value]) => ["--env", `${key}=${value}`]);
    await run("docker", ["rm", "--force", `${name}-elasticsearch`]);
    await this.start("elasticsearch", [...options, ...env], [], [ports.elasticsearch.http]);
    await eventually("Elasticsearch is healthy", 180, async () =>
      (await this.ask("/_cluster/health?wait_for_status=yellow&timeout=2s")) ? true : undefined,
    );
    await this.setUp();
  }

  /** Runs the setup until everything is in place, the cleaner's user among it. */
  private async setUp(): Promise<void> {
    const service = "elasticsearch-setup";
    const [program = "", ...args] = this.workloads[service].command ?? [];
    await this.start(service, ["--tmpfs", "/tmp", "--entrypoint", program, ...this.secrets(), ...this.config()], args, []);
    await eventually(
      "everything is in place",
      60,
      async () => (await run("docker", ["exec", `${name}-${service}`, "ls", setupDone])).ok || undefined,
    );
    await run("docker", ["rm", "--force", `${name}-${service}`]);
  }

  /** Sets the clock of the running Elasticsearch; it looks once a second. */
  setClock(behind: number): void {
    const file = join(this.folder, "clock", "offset");
    writeFileSync(`${file}.new`, `-${Math.round(behind / 1000)}\n`);
    renameSync(`${file}.new`, file);
  }

  async ask(path: string, method = "GET"): Promise<unknown> {
    const answer = await fetch(`http://${await this.address("elasticsearch", ports.elasticsearch.http)}${path}`, {
      method,
      headers: {
        ...loginHeader(superuser, password),
        "content-type": "application/json",
      },
      body: method === "PUT" ? JSON.stringify({ settings: { number_of_shards: 1, number_of_replicas: 0 } }) : undefined,
      signal: AbortSignal.timeout(30_000),
    });
    if (!answer.ok) throw new Error(`Elasticsearch answers ${answer.status} to ${method} ${path}: ${await answer.text()}`);
    return answer.json();
  }

  /** When each index was made, in milliseconds. */
  async indices(): Promise<Record<string, number>> {
    const list = (await this.ask("/_cat/indices/*jaeger-*?format=json&h=index,creation.date")) as Record<string, string>[];
    return Object.fromEntries(list.map((entry) => [entry.index!, Number(entry["creation.date"])]));
  }

  /** The stack's cleaner, once: its image, user, script and rights. */
  clean(...args: string[]): Promise<Outcome> {
    const { user, command = [] } = this.workloads["index-cleaner"];
    const rights = ["--user", `${user.uid}:${user.gid}`, "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"];
    const state = ["--tmpfs", `${paths.cleanerState}:mode=1777`];
    const [entrypoint = "", ...words] = command;
    return run("docker", [
      ...["run", "--rm", "--network", name, "--entrypoint", entrypoint, ...rights, ...state, ...this.secrets(), ...this.config()],
      ...[imageOf("jaeger-es-index-cleaner"), ...words, ...args],
    ]);
  }

  /** The value of a metric that the Collector's exporter shows. */
  async metric(metric: string): Promise<number | undefined> {
    const answer = await fetch(`http://${await this.address("otel-collector", ports.collector.reportsExporter)}/metrics`);
    const line = (await answer.text()).split("\n").find((text) => text.startsWith(`${metric}{`));
    return line === undefined ? undefined : Number(line.split(" ").at(-1));
  }

  async end(): Promise<void> {
    for (const service of Object.keys(this.workloads)) await run("docker", ["rm", "--force", "--volumes", `${name}-${service}`]);
    await run("docker", ["volume", "rm", name]);
    await run("docker", ["network", "rm", name]);
  }

  private secrets(): string[] {
    return ["--volume", `${join(this.folder, "secrets")}:${paths.secrets}:ro`];
  }

  private config(): string[] {
    return ["--volume", `${join(this.folder, "config")}:${paths.config}:ro`];
  }

  private start(service: Exclude<Part, "index-cleaner">, options: string[], args: readonly string[], published: number[]): Promise<string> {
    const publish = published.flatMap((port) => ["--publish", `127.0.0.1::${port}`]);
    const own = ["--detach", ...label, "--name", `${name}-${service}`, "--network", name, "--network-alias", service];
    return docker("run", ...own, ...publish, ...options, imageOf(this.workloads[service].image), ...args);
  }

  private async address(service: string, port: number): Promise<string> {
    return (await docker("port", `${name}-${service}`, String(port))).split("\n")[0]!;
  }
}
