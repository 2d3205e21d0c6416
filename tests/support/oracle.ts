/** The oracle of tests/oracle/python: what sampling keeps, from config files and what was sent alone. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { collectorConfig } from "../../configs/collector/config";
import { jaegerConfig } from "../../configs/jaeger/config";
import { strategiesFile } from "../../configs/sampling";
import type { Settings } from "../../configs/stack/schema";
import { dockerTopology } from "../../configs/topology/docker";
import { files } from "../../configs/topology/ports";

export const oracleFolder = resolve(__dirname, "..", "oracle", "python");

/** An export request in OTLP's JSON, and when it is sent, in seconds from any beginning. */
export interface Request {
  readonly at: number;
  readonly body: object;
}

/** By trace id: the policy that keeps it, null where it is dropped. */
export type Prediction = Readonly<Record<string, string | null>>;

/** Runs Python in the oracle's folder. */
export function python(args: readonly string[], input = ""): string {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
  const { status, stdout, stderr } = spawnSync("python3", args, {
    cwd: oracleFolder,
    input,
    encoding: "utf8",
    env,
    maxBuffer: 1024 * 1024 * 1024,
  });
  if (stderr.includes("No module named 'yaml'")) throw new Error("python3 has no module yaml: apt-get install python3-yaml");
  if (status !== 0) throw new Error(`python3 ${args.join(" ")}: ${stderr}`);
  return stdout + (args.includes("unittest") ? stderr : "");
}

/** What the Collector of each folder of config files keeps of the requests. */
export function predicted(folders: readonly string[], requests: readonly Request[]): Prediction[] {
  return JSON.parse(python(["oracle.py", "tail", ...folders], lines(requests))) as Prediction[];
}

/** What the ledger knows of a trace. Its operation is `METHOD /path`. */
export interface LedgerTrace {
  readonly id: string;
  readonly failed: boolean;
  readonly operation: string;
}

/** Of the traces of a ledger, those that the Collector of a folder of config files keeps: by their root spans, as nothing else in them decides. */
export function keptOf(folder: string, traces: readonly LedgerTrace[]): string[] {
  const spans = traces.map(({ id, failed, operation }) => {
    const [method = "", path = ""] = operation.split(" ");
    const attributes = Object.entries({ "http.request.method": method, "url.path": path });
    return {
      traceId: id,
      spanId: "1",
      kind: 2,
      status: failed ? { code: 2 } : {},
      attributes: attributes.map(([key, stringValue]) => ({ key, value: { stringValue } })),
    };
  });
  const [prediction] = predicted([folder], [{ at: 0, body: { resourceSpans: [{ scopeSpans: [{ spans }] }] } }]);
  return traces.map(({ id }) => id).filter((id) => prediction![id] !== null);
}

/** The probability with which an SDK that polls Jaeger begins a trace, by service and span name. */
export function headRates(folder: string, questions: readonly { service: string; span: string }[]): number[] {
  return JSON.parse(python(["oracle.py", "head", folder], lines(questions))) as number[];
}

const lines = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).join("\n");

/** Writes the config files that settings make into a folder, and returns it. */
export function configFolder(folder: string, settings: Settings): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, files.collector), collectorConfig(settings, dockerTopology("dev")));
  writeFileSync(join(folder, files.jaeger), jaegerConfig(settings, dockerTopology("dev")));
  writeFileSync(join(folder, files.strategies), strategiesFile(settings.sampling));
  return folder;
}
