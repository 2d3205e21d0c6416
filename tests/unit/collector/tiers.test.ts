/** Rung: unit. The Collector in two tiers: what each does, and what is done once. */
import { collectorConfig, collectorEnv, type CollectorRole } from "../../../configs/collector/config";
import { redactionProcessors } from "../../../configs/collector/redaction";
import { prometheusConfig } from "../../../configs/prometheus/config";
import { rulesFile } from "../../../configs/prometheus/rules";
import { capacity } from "../../../configs/sampling";
import { parseSettings } from "../../../configs/stack/parse";
import { kubernetesTopology } from "../../../configs/topology/kubernetes";
import { stackConfig } from "../../../render/record";
import { parsed, unsortedMaps } from "../support/yaml";

interface Pipeline {
  readonly receivers: string[];
  readonly processors: string[];
  readonly exporters: string[];
}
interface Config {
  readonly processors: Record<string, Record<string, unknown>>;
  readonly exporters: Record<string, Record<string, unknown>>;
  readonly service: { readonly extensions: string[]; readonly pipelines: Record<string, Pipeline> };
}
const settings = parseSettings("prod", stackConfig("prod"));
const topology = kubernetesTopology(settings);
const text = (role: CollectorRole) => collectorConfig(settings, topology, role);
const config = (role: CollectorRole) => parsed<Config>(text(role));
const [gateway, sampler, single] = (["gateway", "sampler", "single"] as const).map(config) as [Config, Config, Config];

test("what a single Collector does, the two tiers do between them, and each part once", () => {
  const parts = (of: Config, kind: "processors" | "exporters") =>
    Object.values(of.service.pipelines)
      .flatMap((pipeline) => pipeline[kind])
      .filter((name) => !["memory_limiter", "prometheus", "prometheus/tls", "load_balancing"].includes(name));
  for (const kind of ["processors", "exporters"] as const) {
    expect([...parts(gateway, kind), ...parts(sampler, kind)].sort()).toEqual(parts(single, kind).sort());
  }
});

test("redaction is done before spans leave the first tier, and not again in the second", () => {
  const redaction = Object.keys(redactionProcessors(settings));
  expect(gateway.service.pipelines["traces/received"]?.processors).toEqual(expect.arrayContaining(redaction));
  expect(JSON.stringify(sampler.processors)).not.toContain("redact");
});

test("span metrics are counted where no error can follow, so a span that is sent again counts once", () => {
  expect(sampler.service.pipelines["traces/received"]?.exporters).toEqual(["span_metrics", "service_graph", "forward"]);
  expect(JSON.stringify(gateway.service.pipelines)).not.toMatch(/span_metrics|service_graph/);
});

test("a gateway answers when a sampler has answered: it has neither queue nor disk", () => {
  const {
    protocol,
    resolver,
    routing_key: key,
    timeout,
  } = gateway.exporters.load_balancing as {
    protocol: { otlp: { sending_queue: unknown; timeout: string } };
    resolver: unknown;
    routing_key: string;
    timeout: string;
  };
  expect(protocol.otlp.sending_queue).toEqual({ enabled: false });
  expect(gateway.exporters.load_balancing).not.toHaveProperty("sending_queue");
  expect(gateway.service.extensions).not.toContain("file_storage");
  // Longer than one sampler may take: what is handed to the next needs its time too.
  expect(Number.parseInt(timeout)).toBeGreaterThan(Number.parseInt(protocol.otlp.timeout));
  expect(key).toBe("traceID");
  expect(resolver).toEqual({ dns: { hostname: "otel-sampler-pods", port: "4320", interval: "5s", timeout: "2s" } });
});

test("a sampler keeps its queue on disk, and remembers as many traces as its own memory has room for", () => {
  expect(sampler.exporters.otlp_grpc).toMatchObject({ endpoint: "jaeger-collector:4320", sending_queue: { storage: "file_storage" } });
  expect(sampler.processors.memory_limiter?.limit_mib).toBe(768);
  expect(sampler.processors.tail_sampling?.num_traces).toBe(capacity(settings.sampling, 1024).traces);
  expect(gateway.processors.memory_limiter?.limit_mib).toBe(384);
});

test("only those that sample name a rate in their environment", () => {
  expect(collectorEnv(settings, "gateway")).not.toHaveProperty("TRACING_SAMPLE_PERCENTAGE");
  expect(collectorEnv(settings, "sampler")).toMatchObject({ TRACING_SAMPLE_PERCENTAGE: "10", GOMEMLIMIT: "819MiB" });
});

test.each(["gateway", "sampler"] as const)("the file of a %s has sorted keys", (role) => {
  expect(unsortedMaps(text(role))).toEqual([]);
});

describe("Prometheus", () => {
  const { scrape_configs: jobs } = parsed<{ scrape_configs: Record<string, unknown>[] }>(prometheusConfig(settings, topology));
  const job = (name: string) => jobs.find(({ job_name: of }) => of === name);

  test("scrapes samplers by name, so that a lost one is seen, and gateways by whoever there is", () => {
    expect(job("otel-collector")).toMatchObject({
      static_configs: [
        {
          targets: ["0", "1", "2"].map((i) => `otel-sampler-${i}.otel-sampler-pods:8888`),
          labels: { tier: "sampler" },
        },
      ],
      dns_sd_configs: [{ names: ["otel-collector-pods"], type: "A", port: 8888 }],
    });
  });

  test("takes the cleaner's reports from the gateways, under a job that nothing else is scraped under", () => {
    expect(jobs.filter(({ job_name: name }) => name === "index-cleaner")).toEqual([
      {
        job_name: "index-cleaner",
        dns_sd_configs: [{ names: ["otel-collector-pods"], type: "A", port: 8892, refresh_interval: "15s" }],
        scheme: "https",
        tls_config: { ca_file: "/etc/tracing/otel-collector-authority/ca.crt", server_name: "otel-collector" },
      },
    ]);
    expect(sampler.exporters).not.toHaveProperty("prometheus/reports");
  });

  test("keeps what samplers receive apart, which the gateways received before", () => {
    expect(job("otel-collector")?.metric_relabel_configs).toEqual([
      { source_labels: ["tier", "__name__"], regex: "sampler;otelcol_receiver_.*", target_label: "job", replacement: "otel-sampler" },
    ]);
  });

  test("tells the two services of Jaeger apart", () => {
    expect(job("jaeger")).toMatchObject({
      dns_sd_configs: [{ names: ["jaeger-pods", "jaeger-collector-pods"], port: 14269 }],
      relabel_configs: [{ source_labels: ["__meta_dns_name"], regex: "(.+)-pods", target_label: "service" }],
    });
  });

  test("has rules that know both tiers and both services", () => {
    const rules = rulesFile(settings);
    for (const up of ['up{job="otel-collector", tier!="sampler"}', 'up{job="otel-collector", tier="sampler"}']) {
      expect(rules).toContain(`(sum(${up}) or vector(0)) == 0`);
      expect(rules).toContain(`(sum(${up}) > 0) < 3`);
    }
    expect(rules).toContain('(sum(up{job="jaeger", service="jaeger-collector"}) > 0) < 2');
    expect(rules).toContain(`tier="sampler"}[1m]) / ${1024 * 1024 * 1024} > 0.5`);
    // What a gateway could not hand on was refused, and is no loss.
    expect(rules).not.toMatch(/send_failed_spans_total\{job="otel-collector"\}/);
  });
});
