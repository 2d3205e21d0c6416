/** Rung: component. The stacks of docs/CAPACITY.md as the program makes them: each service is given what its config says, and they agree with each other. */
import { parse } from "yaml";
import { capacityConfigs, capacitySettings } from "../../cli/reference/capacity";
import { queueBytes } from "../../configs/collector/bytes";
import { shardsPerDay } from "../../configs/elasticsearch/shards";
import { instanceCapacity } from "../../configs/sampling";
import { runProgram, type Run } from "./support/program";

type Spec = {
  replicas?: number;
  maxReplicas?: number;
  volumeClaimTemplates?: { spec: { resources: { requests: { storage: string } } } }[];
};

/** An object of the namespace, by kind and name. */
function object(run: Run, kind: string, name: string): { spec: Spec; data: Record<string, string> } {
  const found = run.resources.find(
    ({ type, inputs }) =>
      type.endsWith(`:${kind}`) &&
      ((inputs.metadata as { name?: string } | undefined)?.name ?? "").replace(/-config-[0-9a-f]+$/, "-config") === name,
  );
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found.inputs as never;
}

describe.each([...capacityConfigs()])("%s", (file, raw) => {
  const settings = capacitySettings().get(file)!;
  let run: Run;
  beforeAll(async () => {
    run = await runProgram("prod", Object.fromEntries(Object.entries(raw).map(([key, value]) => [key.replace(/^tracing:/, ""), value])));
  });

  test("has as many instances as it says, with their disks", () => {
    const of = (name: string) => object(run, "StatefulSet", name).spec;
    expect(of("elasticsearch")).toMatchObject({ replicas: settings.elasticsearch.nodes });
    expect(of("otel-sampler")).toMatchObject({ replicas: settings.sampler.replicas });
    expect(object(run, "Deployment", "jaeger-collector").spec.replicas).toBe(settings.jaeger.collectors);
    expect(object(run, "HorizontalPodAutoscaler", "otel-collector").spec.maxReplicas).toBe(settings.collector.maxReplicas);
    const disk = (name: string) => of(name).volumeClaimTemplates?.[0]?.spec.resources.requests.storage;
    expect([disk("elasticsearch"), disk("otel-sampler")]).toEqual([`${settings.elasticsearch.storage}Mi`, `${settings.collector.queue}Mi`]);
  });

  test("sizes shards, sampled traces and the queue for its load", () => {
    const template = JSON.parse(object(run, "ConfigMap", "elasticsearch-setup-config").data["template-span.json"]!) as {
      template: { settings: Record<string, unknown> };
    };
    expect(template.template.settings["index.number_of_shards"]).toBe(shardsPerDay(settings));
    const config = parse(object(run, "ConfigMap", "otel-sampler-config").data["otel-config.yml"]!) as {
      processors: { tail_sampling: { num_traces: number } };
      exporters: { otlp_grpc: { sending_queue: { queue_size: number } } };
    };
    expect(config.processors.tail_sampling.num_traces).toBe(instanceCapacity(settings).traces);
    expect(config.exporters.otlp_grpc.sending_queue.queue_size).toBe(queueBytes(settings));
  });

  test("says in its outputs what the load takes", () => {
    const { sizing } = run.get("tracing").outputs as { sizing: Record<string, string> };
    const processors = ["collector", "elasticsearch", "jaeger", "sampler"].map((group) => `${group} processors`);
    expect(Object.keys(sizing).sort()).toEqual([...processors, "queue", "spans", "storage"].sort());
  });
});
