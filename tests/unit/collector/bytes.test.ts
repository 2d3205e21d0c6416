/** Rung: unit. Bytes along the way of a span: whatever the settings, no hop refuses what the one before has acknowledged. */
import * as fc from "fast-check";
import { mebibyte } from "../../../configs/collector/bytes";
import { volumeOfSpans } from "../../../configs/stack/services";
import { collectorConfig, type CollectorRole } from "../../../configs/collector/config";
import { jaegerConfig } from "../../../configs/jaeger/config";
import { dockerTopology } from "../../../configs/topology/docker";
import type { Topology } from "../../../configs/topology/topology";
import { kubernetesTopology } from "../../../configs/topology/kubernetes";
import { problemsOf, settingsWith } from "../../support/settings";
import { parsed } from "../support/yaml";

interface Grpc {
  readonly grpc: { readonly max_recv_msg_size_mib: number };
}
interface Http {
  readonly max_request_body_size: number;
}
interface Collector {
  readonly receivers: {
    readonly otlp: { readonly protocols: Grpc & { http?: Http } };
    readonly jaeger?: { readonly protocols: Grpc & { thrift_http: Http } };
  };
  readonly processors: { readonly tail_sampling?: { readonly maximum_trace_size_bytes: number } };
  readonly extensions: { readonly file_storage?: { readonly max_size: number; readonly recreate: boolean; readonly compaction: object } };
  readonly exporters: {
    readonly otlp_grpc?: {
      readonly sending_queue: { readonly queue_size: number; readonly batch: { sizer: string; min_size: number; max_size: number } };
    };
  };
}
type Settings = ReturnType<typeof settingsWith>;

const collector = (settings: Settings, topology: Topology, role?: CollectorRole) =>
  parsed<Collector>(collectorConfig(settings, topology, role));
const jaegerTakes = (settings: Settings, topology: Topology): number =>
  parsed<{ receivers: { otlp: { protocols: Grpc } } }>(jaegerConfig(settings, topology)).receivers.otlp.protocols.grpc
    .max_recv_msg_size_mib * mebibyte;

/** Settings that are taken: sizes of all that bounds, and is bounded by, a request. */
const sizes = fc
  .record({
    request: fc.integer({ min: 1, max: 16 }),
    queue: fc.integer({ min: 256, max: 100_000 }),
    memory: fc.integer({ min: 128, max: 32_768 }),
    jaeger: fc.integer({ min: 128, max: 32_768 }),
  })
  .filter(({ request, queue, memory, jaeger }) => Math.min(memory, jaeger) >= 32 * request && queue >= 32 * request);
const groups = ({ request, queue, memory, jaeger }: { request: number; queue: number; memory: number; jaeger: number }) => ({
  limits: { request: `${request}Mi` },
  collector: { queue: `${queue}Mi`, memory: `${memory}Mi` },
  jaeger: { memory: `${jaeger}Mi` },
});

test("every first receiver takes as much, of either protocol, old clients included", () => {
  const { otlp, jaeger } = collector(settingsWith({ limits: { request: "8Mi" } }), dockerTopology("dev")).receivers;
  expect(otlp.protocols).toMatchObject({ grpc: { max_recv_msg_size_mib: 8 }, http: { max_request_body_size: 8 * mebibyte } });
  expect(jaeger?.protocols).toMatchObject({ grpc: { max_recv_msg_size_mib: 8 }, thrift_http: { max_request_body_size: 8 * mebibyte } });
});

test("Jaeger takes the largest batch, and a batch holds the largest request with all that grows in it", () => {
  fc.assert(
    fc.property(sizes, (some) => {
      const settings = settingsWith(groups(some));
      const { exporters, receivers } = collector(settings, dockerTopology("dev"));
      const { batch } = exporters.otlp_grpc!.sending_queue;
      expect(batch).toMatchObject({ sizer: "bytes", max_size: jaegerTakes(settings, dockerTopology("dev")) });
      expect(batch.min_size).toBeLessThan(batch.max_size);
      expect(batch.max_size).toBeGreaterThanOrEqual(receivers.otlp.protocols.grpc.max_recv_msg_size_mib * mebibyte * 4);
    }),
  );
});

test("a sampler takes what a gateway may send, and sends what Jaeger takes", () => {
  const settings = settingsWith({
    platform: "kubernetes",
    sampler: { replicas: 3 },
    collector: { replicas: 2 },
    limits: { request: "4Mi" },
  });
  const topology = kubernetesTopology(settings);
  const [gateway, sampler] = [collector(settings, topology, "gateway"), collector(settings, topology, "sampler")];
  expect(sampler.receivers.otlp.protocols.grpc.max_recv_msg_size_mib).toBe(4 * gateway.receivers.otlp.protocols.grpc.max_recv_msg_size_mib);
  expect(sampler.exporters.otlp_grpc!.sending_queue.batch.max_size).toBe(jaegerTakes(settings, topology));
});

test("what waits fits the file, the file and a compaction fit the volume, and the largest trace fits what waits", () => {
  fc.assert(
    fc.property(sizes, (some) => {
      const { exporters, extensions, processors } = collector(settingsWith(groups(some)), dockerTopology("dev"));
      const [{ queue_size: waiting, batch }, file] = [exporters.otlp_grpc!.sending_queue, extensions.file_storage!];
      expect(waiting * 3).toBeLessThanOrEqual(file.max_size + 3 * mebibyte);
      expect(file.max_size).toBeLessThan(some.queue * mebibyte);
      const { maximum_trace_size_bytes: trace } = processors.tail_sampling!;
      expect(trace).toBeGreaterThanOrEqual(batch.max_size);
      expect(trace * 2).toBeLessThanOrEqual(waiting);
    }),
  );
});

test("the queue is told to set a damaged file aside, and what a compaction left is removed", () => {
  const { file_storage: storage } = collector(settingsWith(), dockerTopology("dev")).extensions;
  expect(storage).toMatchObject({ recreate: true, compaction: { cleanup_on_start: true } });
});

describe("settings", () => {
  test.each([10_000, 200_000, "1000000"])("a queue of %p spans is refused with the volume that it had", (spans) => {
    const volume = volumeOfSpans(Number(spans));
    expect(problemsOf({ collector: { queue: spans } })).toEqual([
      `tracing:collector.queue: found ${JSON.stringify(spans)}; allowed: a size from 256Mi to 1024Gi; it counts no spans any more: ` +
        `${volume}Mi is the volume that ${spans} spans had`,
    ]);
  });

  test("the default queue has the volume that the default of before had", () => {
    expect(settingsWith().collector.queue).toBe(volumeOfSpans(200_000));
  });

  test("a request that is too large for memory or queue is refused, with all that is too small for it", () => {
    expect(problemsOf({ limits: { request: "16Mi" }, jaeger: { memory: "256Mi" }, collector: { queue: "256Mi" } })).toEqual([
      'tracing:collector.memory: found "256Mi"; allowed: 512Mi or more, as limits.request is 16Mi',
      'tracing:jaeger.memory: found "256Mi"; allowed: 512Mi or more, as limits.request is 16Mi',
      'tracing:collector.queue: found "256Mi"; allowed: 512Mi or more, as limits.request is 16Mi',
    ]);
  });

  test("a request is judged by the memory of samplers where there are any", () => {
    const sampler = { replicas: 1, memory: "128Mi" };
    const large = { limits: { request: "8Mi" }, collector: { memory: "256Mi" } };
    expect(problemsOf({ platform: "kubernetes", ...large, sampler })).toEqual([
      'tracing:sampler.memory: found "128Mi"; allowed: 256Mi or more, as limits.request is 8Mi',
    ]);
    expect(problemsOf({ platform: "kubernetes", ...large, sampler: { ...sampler, replicas: 0 } })).toEqual([]);
  });
});
