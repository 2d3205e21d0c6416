import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prometheusReader } from "../../../configs/go-programs";
import { hygieneArgs, hygieneProcessors } from "../../../configs/collector/hygiene";
import { redactionProcessors } from "../../../configs/collector/redaction";
import type { Settings } from "../../../configs/stack/schema";
import { toYaml } from "../../../configs/yaml";
import { freePorts, program, run } from "./programs";
import { httpServer } from "../../support/http-server";

/** What came of requests that were sent through the processors of hygiene and redaction. */
export interface Passed {
  /** The request that came out for each that went in; undefined where nothing did. */
  readonly out: readonly (Buffer | undefined)[];
  /** Spans that were dropped, by the processor that did. */
  readonly dropped: Readonly<Record<string, number>>;
  /** What the Collector warned of while it worked. */
  readonly complaints: readonly string[];
}

/** Sends requests, one after the other, through a Collector that has the processors of hygiene and redaction, and nothing else. */
export async function throughTheDoor(settings: Settings, requests: readonly Buffer[]): Promise<Passed> {
  const got: Buffer[] = [];
  const storage = await httpServer((_request, response, body) => {
    got.push(body);
    response.setHeader("Content-Type", "application/x-protobuf").end();
  });
  const [otlp, metrics] = (await freePorts(2)) as [number, number];
  const processors = { ...hygieneProcessors(settings), ...redactionProcessors(settings) };
  const folder = mkdtempSync(join(tmpdir(), "tracing-door-"));
  const config = join(folder, "door.yml");
  writeFileSync(
    config,
    toYaml({
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } } },
      processors,
      exporters: {
        otlp_http: {
          traces_endpoint: `${storage.url}/`,
          compression: "none",
          sending_queue: { enabled: false },
        },
      },
      service: {
        pipelines: { traces: { receivers: ["otlp"], processors: Object.keys(processors), exporters: ["otlp_http"] } },
        telemetry: {
          logs: { encoding: "json" },
          metrics: { level: "normal", readers: [prometheusReader("127.0.0.1", metrics)] },
        },
      },
    }),
  );
  const out: (Buffer | undefined)[] = [];
  let page = "";
  const send = async () => {
    for (const body of requests) {
      const answer = await fetch(`http://127.0.0.1:${otlp}/v1/traces`, {
        method: "POST",
        headers: { "Content-Type": "application/x-protobuf" },
        body: new Uint8Array(body),
      });
      if (!answer.ok) throw new Error(`the Collector answers ${answer.status}: ${await answer.text()}`);
      out.push(got.pop());
    }
    page = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
  };
  const { code, output } = await run(program("otelcol-contrib"), [`--config=${config}`, ...hygieneArgs], {
    until: /Everything is ready/,
    meanwhile: send,
    seconds: 120,
  });
  await storage.close();
  rmSync(folder, { recursive: true });
  if (code !== 0) throw new Error(output);
  const counters = page.matchAll(/^otelcol_processor_filter_spans_filtered_total\{filter="([^"]+)"[^}]*\} (\d+)$/gm);
  return {
    out,
    dropped: Object.fromEntries([...counters].map(([, name, count]) => [name!, Number(count)])),
    complaints: output.split("\n").filter((line) => /"level":"(warn|error)"/.test(line)),
  };
}
