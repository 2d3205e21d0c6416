/** Load on a stack in the cluster, by the ledger in an application's pod, and the ledger's judgement of what became of it. */
import { writeFileSync } from "node:fs";
import { get } from "node:https";
import { join } from "node:path";
import { files, ports } from "../../../configs/topology/ports";
import { execOrThrow, run, sleep } from "../../../cli/machine/run";
import type { LedgerTrace } from "../../support/oracle";
import { kubectl, ledgerProgram, read, withPort, withSecret, type Application, type TestStack } from "./cluster";

/** What the ledger found. See tests/ledger/README.md. */
export interface Verdict {
  readonly acknowledged: number;
  readonly stored: number;
  readonly lost: number;
  readonly splitTraces: number;
  readonly oversampledTraces: number;
  readonly unexpected: number;
  readonly traces: number;
}

/** What has been sent. */
export interface Sent {
  readonly name: string;
  /** The ledger file, on this machine. */
  readonly file: string;
  /** When sending began and ended, as `Date.now()` says. */
  readonly began: number;
  readonly ended: number;
}

/** The Secret with Elasticsearch's certificate, and the folder in a test's scratch that it is made of. */
export const elasticsearchSecret = "elasticsearch-tls";

/** Spans a second. */
export const rate = 500;

/** Milliseconds of load before something happens, and after all is as it was. */
const calm = 10_000;

export class Load {
  constructor(
    readonly stack: TestStack,
    readonly application: Application,
  ) {}

  /** Sends while something happens to the stack, until that is over and every pod is ready again. */
  async during(name: string, disturbance: () => Promise<unknown>, flags: readonly string[] = []): Promise<Sent> {
    await this.settled();
    const file = `/work/${name}`;
    const endpoint = `otel-collector.${this.stack.namespace}:${ports.collector.otlpGrpc}`;
    const target = ["--endpoint", endpoint, "--insecure", "--retry-for", "60s", "--out", file];
    const send = ["/work/ledger", "send", ...target, "--rate", String(rate), "--duration", "15m", ...flags];
    const began = Date.now();
    // The shell's number becomes the ledger's.
    const pod = ["-n", this.application.namespace, "exec", this.application.name, "--"];
    const sending = run("kubectl", [...pod, "sh", "-c", 'echo $$ >"$0.pid"; exec "$@"', file, ...send], { timeout: 17 * 60_000 });
    let inTime: boolean;
    try {
      await sleep(calm);
      await disturbance();
      await this.settled();
      await sleep(calm);
    } finally {
      // It then waits for the answers that are outstanding, and ends its file.
      inTime = (await this.application.run("sh", "-c", `kill -INT $(cat ${file}.pid)`)).ok;
    }
    const ended = Date.now();
    const sent = await sending;
    if (!inTime || !sent.stdout.includes("{")) throw new Error(`the ledger ended before what happened was over: ${sent.output}`);
    const copy = join(this.stack.scratch, name);
    await kubectl("cp", "--retries=3", `${this.application.namespace}/${this.application.name}:${file}`, copy);
    await this.application.run("rm", file);
    return { name, file: copy, began, ended };
  }

  /** The traces that were sent, in the order in which they began. */
  async traces({ file }: Sent): Promise<LedgerTrace[]> {
    const lines = (await execOrThrow(await ledgerProgram(), ["traces", "--ledger", file])).split("\n");
    return lines.map((line) => {
      const [id = "", status, operation = ""] = line.split("\t");
      return { id, failed: status === "error", operation };
    });
  }

  /** Compares what was sent with what is stored. `kept` are the traces that must be there; all of them, unless given. */
  async verify({ name, file }: Sent, kept?: readonly string[]): Promise<Verdict> {
    const list = `${file}.kept`;
    if (kept) writeFileSync(list, kept.join("\n"));
    return this.withElasticsearch(async (local, password) => {
      const storage = ["--elasticsearch", `https://localhost:${local}`, "--ca-file", this.authority, "--password-file", password];
      const args = ["verify", "--ledger", file, ...storage, "--settle", "60s", "--wait", "300s", ...(kept ? ["--kept", list] : [])];
      const { stdout, output } = await run(await ledgerProgram(), args, { timeout: 400_000 });
      if (!stdout.includes("{")) throw new Error(output);
      const verdict = JSON.parse(stdout) as Verdict;
      console.log(`${name}: ${JSON.stringify(verdict)}`);
      return verdict;
    });
  }

  /** Waits until every pod is ready, and every copy of an index is where it should be. */
  async settled(): Promise<void> {
    await this.stack.settled();
    const { status } = (await this.ask("/_cluster/health?wait_for_status=green&timeout=120s")) as { status: string };
    if (status !== "green") throw new Error(`Elasticsearch is ${status}`);
  }

  /** An answer of Elasticsearch. */
  ask(path: string): Promise<unknown> {
    return this.withElasticsearch(
      (port, password) =>
        new Promise((resolve, reject) => {
          const options = { host: "localhost", port, path, ca: read(this.authority), auth: `elastic:${read(password)}` };
          get(options, (response) => {
            let text = "";
            response.setEncoding("utf8").on("data", (part: string) => (text += part));
            response.on("end", () => {
              if (response.statusCode === 200) resolve(JSON.parse(text));
              else reject(new Error(`${path}: ${String(response.statusCode)} ${text.slice(0, 200)}`));
            });
          }).on("error", reject);
        }),
    );
  }

  private get authority(): string {
    return join(this.stack.scratch, elasticsearchSecret, files.authority);
  }

  private withElasticsearch<T>(action: (local: number, password: string) => Promise<T>): Promise<T> {
    const { namespace } = this.stack;
    return withSecret(namespace, "elasticsearch-password", "password", (password) =>
      withPort(namespace, "service/elasticsearch", ports.elasticsearch.http, (local) => action(local, password)),
    );
  }
}
