/** A port of a service in the cluster, on a port of this machine's loopback, by `kubectl port-forward`. */
import { spawn, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import type { ServiceName } from "../../../configs/topology/topology";
import { holds } from "../../machine/retry";
import { sleep } from "../../machine/run";
import { UserError } from "../../terminal/output";
import { explainFailure, kubectlWords, type Cluster } from "./kubectl";

/** Milliseconds until a forward must stand. */
const standsWithin = 10_000;

/** Milliseconds until one whose pod has gone is tried again. */
const again = 1000;

const open = new Set<PortForward>();
process.on("exit", () => open.forEach((forward) => forward.close()));

/**
 * Leads to one pod of a service. Where that pod goes, kubectl ends; it is started again on the same port until {@link close}, so an address stays
 * what it was.
 */
export class PortForward {
  private child: ChildProcess | undefined;
  private closed = false;

  private constructor(
    private readonly cluster: Cluster,
    private readonly service: ServiceName,
    private readonly remote: number,
  ) {}

  /**
   * Starts one; returns when it takes connections.
   *
   * @param preferred The local port to listen on, if it is free. Default: any free one.
   * @returns The forward and its local port.
   */
  static async to(
    cluster: Cluster,
    service: ServiceName,
    remote: number,
    preferred?: number,
  ): Promise<{ forward: PortForward; port: number }> {
    const forward = new PortForward(cluster, service, remote);
    open.add(forward);
    try {
      const wanted = preferred !== undefined && (await isFree(preferred)) ? preferred : undefined;
      return { forward, port: await forward.start(wanted) };
    } catch (error) {
      forward.close();
      throw error;
    }
  }

  close(): void {
    this.closed = true;
    open.delete(this);
    this.child?.kill("SIGTERM");
  }

  private start(local: number | undefined): Promise<number> {
    const words = ["port-forward", `service/${this.service}`, `${local ?? ""}:${this.remote}`, "--address", "127.0.0.1"];
    // In a separate process group: an interrupt at the terminal reaches the command first, which ends it.
    const child = spawn("kubectl", [...kubectlWords(this.cluster), ...words], {
      env: { ...process.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.child = child;
    return new Promise((resolve, reject) => {
      let [output, port] = ["", 0];
      const fail = (why: string) => {
        clearTimeout(timer);
        child.kill("SIGTERM");
        reject(new UserError(explainFailure(this.cluster, words, { output, why })));
      };
      const timer = setTimeout(() => fail(`no answer within ${standsWithin / 1000} s`), standsWithin);
      const read = (text: string) => {
        if (port > 0) return;
        output += text;
        port = Number(/^Forwarding from 127\.0\.0\.1:(\d+)/m.exec(output)?.[1] ?? 0);
        if (port === 0) return;
        clearTimeout(timer);
        resolve(port);
      };
      child.stdout.setEncoding("utf8").on("data", read);
      child.stderr.setEncoding("utf8").on("data", read);
      child.on("error", (error: NodeJS.ErrnoException) => fail(error.code === "ENOENT" ? "kubectl is not installed" : error.message));
      child.on("close", (code) => {
        if (port === 0) fail(`exit code ${String(code)}`);
        else void this.restart(port);
      });
    });
  }

  /** Tries until it stands again, or is closed. */
  private async restart(port: number): Promise<void> {
    await sleep(again);
    // Once it stands, its own end leads here again.
    const stands = () =>
      this.start(port).then(
        () => true,
        () => false,
      );
    await holds(async () => this.closed || (await stands()), { every: again });
  }
}

/** True if a port on loopback is free. */
export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port }, () => server.close(() => resolve(true)));
  });
