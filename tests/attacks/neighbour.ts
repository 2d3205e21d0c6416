/** The neighbour: a sender within its limits, in a container on the applications' network, as applications are. */
import { execFileSync } from "node:child_process";
import { basename, join } from "node:path";
import { mkdirSync } from "node:fs";
import { ports, stackLabels } from "../../configs/topology/ports";
import { dockerName, networksOf } from "../../configs/topology/docker";
import { buildLedger } from "../../cli/bench/ledger";
import { docker, listStackResources } from "../../cli/engine/docker";
import { run } from "../../cli/machine/run";
import { scratch } from "../e2e/lib/checkout";
import { exportsIn, type Export, type Found } from "./outcome";
import type { AttackedStack } from "./stack";

/** Spans a second, and spans of a trace, which leave in an export of their own. */
const rate = 100;
const spansPerTrace = 5;

/** An export that ends so close to the neighbour's own end was cut off by it, unless it was tried for long, ms. */
const margin = 100;
const longTried = 3000;

/** Longer than Jaeger's 10 to 23 s before it repeats a failed write. */
const judging = ["--settle", "40s", "--wait", "2m", "--linger", "1s"];

const folder = join(scratch, "neighbours");

/** The file with Elasticsearch's password, written once: verdicts come side by side. */
let password: Promise<string> | undefined;

let built: Promise<string> | undefined;

/** The ledger, so that it runs in any image. */
function program(): Promise<string> {
  mkdirSync(folder, { recursive: true });
  built ??= buildLedger(folder, { CGO_ENABLED: "0" });
  return built;
}

/** A neighbour that sends until it is told to end. */
export class Neighbour {
  private constructor(
    private readonly stack: AttackedStack,
    private readonly file: string,
    private readonly container: string,
  ) {}

  static async start(stack: AttackedStack, name: string): Promise<Neighbour> {
    await program();
    const own = stack.checkout.stack;
    const file = join(folder, `${name}-${Date.now()}`);
    const { containers } = await listStackResources(own);
    const helper = containers.find(({ Name }) => Name === `/${dockerName(own, "prepare")}`);
    if (!helper) throw new Error(`stack ${own} has no container to take the image from`);
    const container = dockerName(own, "neighbour");
    await run("docker", ["rm", "--force", container]);
    await docker(
      ...["run", "--detach", "--name", container, "--label", `${stackLabels.stack}=${own}`, "--network", networksOf(own).ingest],
      ...["--volume", `${folder}:/ledgers`, "--volume", `${stack.tokenFile("neighbour")}:/token:ro`, helper.Image],
      ...["/ledgers/ledger", "send", "--endpoint", `otel-collector:${ports.collector.otlpGrpc}`, "--insecure", "--token-file", "/token"],
      ...["--out", `/ledgers/${basename(file)}`, "--duration", "20m", "--service", basename(file), "--connections", "8"],
      ...["--rate", String(rate), "--spans-per-trace", String(spansPerTrace), "--batch", String(spansPerTrace), "--retry-for", "2m"],
    );
    const neighbour = new Neighbour(stack, file, container);
    // Where this process ends before, nobody else would end it.
    process.once("exit", neighbour.kill);
    return neighbour;
  }

  private readonly kill = () => {
    try {
      execFileSync("docker", ["rm", "--force", this.container], { stdio: "ignore" });
    } catch {
      // It is gone.
    }
  };

  /** Ends it when it has all its answers; its exports. */
  async end(): Promise<Export[]> {
    const ended = Date.now();
    await docker("kill", "--signal", "INT", this.container);
    await docker("wait", this.container);
    this.kill();
    process.off("exit", this.kill);
    const { stdout } = await run(await program(), ["exports", "--ledger", this.file]);
    // What the end itself has cut off says nothing; what was tried in vain for long does.
    const cutOff = ({ at, took, outcome }: Export) => outcome === "unacknowledged" && at + took > ended - margin && took < longTried;
    return exportsIn(stdout).filter((one) => !cutOff(one));
  }

  /** Compares what it sent with what is stored; undefined where that cannot be told. */
  async judge(): Promise<Found | undefined> {
    const { checkout } = this.stack;
    password ??= checkout.passwordFile();
    const storage = ["--elasticsearch", checkout.url("elasticsearch"), "--password-file", await password];
    const { stdout } = await run(await program(), ["verify", "--ledger", this.file, ...storage, ...judging], { timeout: 5 * 60_000 });
    return stdout === "" ? undefined : (JSON.parse(stdout) as Found);
  }
}
