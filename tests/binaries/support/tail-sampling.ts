import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SamplingStrategy, TailPolicy } from "../../../configs/sampling";
import type { SamplingProcessors } from "../../../configs/collector/tail-sampling";
import { toYaml } from "../../../configs/yaml";
import type { Span } from "../../support/sampling-models";
import { requestsOf } from "../../support/otlp";
import { freePorts, program, run } from "./programs";
import { httpServer } from "../../support/http-server";

/** One tail_sampling processor, or all processors that a pipeline has, in order. */
export type Sampler = { readonly policies: readonly TailPolicy[]; readonly strategy: SamplingStrategy } | SamplingProcessors;

const processorsOf = (sampler: Sampler): SamplingProcessors => {
  if (!("policies" in sampler && "strategy" in sampler)) return sampler;
  const { policies, strategy } = sampler;
  return { tail_sampling: { decision_wait: "60s", num_traces: 10_000, sampling_strategy: strategy, policies } };
};

/**
 * Sends traces through a Collector that has all samplers side by side; the ids that each of them kept. Spans of a trace arrive one after
 * the other. The Collector is stopped then, and decides on what is undecided by the same rules as in time.
 */
export async function keptBy(samplers: readonly Sampler[], traces: readonly (readonly Span[])[], folder: string): Promise<Set<string>[]> {
  const kept = samplers.map(() => new Set<string>());
  const storage = await httpServer((request, response, body) => {
    const sampler = kept[Number(request.url?.slice(1))]!;
    for (const [, id] of body.toString().matchAll(/"traceId":"([0-9a-f]{32})"/g)) sampler.add(id!);
    response.setHeader("Content-Type", "application/json").end("{}");
  });
  const [port] = await freePorts(1);
  const config = join(folder, "samplers.yml");
  writeFileSync(config, samplersConfig(samplers, port!, storage.port));
  const { code, output } = await run(program("otelcol-contrib"), [`--config=${config}`], {
    until: /Everything is ready/,
    meanwhile: () => send(port!, traces),
  });
  await storage.close();
  if (code !== 0) throw new Error(output);
  return kept;
}

function samplersConfig(samplers: readonly Sampler[], port: number, storagePort: number): string {
  const names = (sampler: Sampler, i: number) => Object.keys(processorsOf(sampler)).map((name) => `${name.replace("/", "-of-")}-${i}`);
  // A component is a type, a slash and a name.
  const component = (name: string) => name.replace(/^(tail_sampling|transform)-/, "$1/");
  const each = <T>(kind: string, make: (sampler: Sampler, i: number) => T) =>
    Object.fromEntries(samplers.map((sampler, i) => [`${kind}/${i}`, make(sampler, i)]));
  return toYaml({
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    processors: Object.fromEntries(
      samplers.flatMap((sampler, i) => Object.values(processorsOf(sampler)).map((config, n) => [component(names(sampler, i)[n]!), config])),
    ),
    exporters: each("otlp_http", (_sampler, i) => ({
      traces_endpoint: `http://127.0.0.1:${storagePort}/${i}`,
      encoding: "json",
      compression: "none",
      sending_queue: { enabled: false },
    })),
    service: {
      telemetry: { metrics: { level: "none" } },
      pipelines: each("traces", (sampler, i) => ({
        receivers: ["otlp"],
        processors: names(sampler, i).map(component),
        exporters: [`otlp_http/${i}`],
      })),
    },
  });
}

/** Sends the first spans of all traces, then the second ones, and so on. */
async function send(port: number, traces: readonly (readonly Span[])[]): Promise<void> {
  for (const { body } of requestsOf(traces)) {
    const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`the Collector answers ${response.status}: ${await response.text()}`);
  }
}
