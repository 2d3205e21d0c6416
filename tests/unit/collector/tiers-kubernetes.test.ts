/** Rung: unit. Collectors in two tiers on Kubernetes: who samples, by whose memory, and what the cleaner does where Elasticsearch has TLS. */
import { collectorWorkloads } from "../../../components/collector/collector";
import { collectorConfig, type CollectorRole } from "../../../configs/collector/config";
import { hygieneArgs, hygieneProcessors } from "../../../configs/collector/hygiene";
import { redactionProcessors } from "../../../configs/collector/redaction";
import { cleanerScript } from "../../../configs/jaeger/index-cleaner";
import { ruleGroups } from "../../../configs/prometheus/rules";
import { applicationEnvironment, samplingTier } from "../../../configs/sampling";
import { samplingArgs } from "../../../configs/collector/tail-sampling";
import { kubernetesTopology, portOf } from "../../../configs/topology/kubernetes";
import { problemsOf, settingsWith } from "../../support/settings";
import { loose, parsed, type CollectorFile } from "../support/yaml";

const kubernetes = { platform: "kubernetes", environment: "staging" };
const tiers = { ...kubernetes, collector: { replicas: 2 }, sampler: { replicas: 3, memory: "1Gi" }, sampling: { default: 10, cap: 500 } };
const settings = settingsWith(tiers);
const fileOf = (role: CollectorRole) => parsed<CollectorFile>(collectorConfig(settings, kubernetesTopology(settings), role));

describe("a gateway", () => {
  test("hands each trace on whole and samples nothing", () => {
    const file = fileOf("gateway");
    expect(loose(file)).toEqual([]);
    expect(Object.keys(file.processors!).sort()).toEqual(
      [
        ...["attributes", "filter/metrics", "memory_limiter", "transform/metrics"],
        ...Object.keys({ ...hygieneProcessors(settings), ...redactionProcessors(settings) }),
      ].sort(),
    );
    expect(Object.keys(file.service.pipelines)).not.toContain("traces/kept");
  });
});

describe("a sampler", () => {
  test("has all that samples, in the order in which spans pass", () => {
    const file = fileOf("sampler");
    expect(loose(file)).toEqual([]);
    expect(file.service.pipelines["traces/kept"]!.processors).toEqual(["tail_sampling", "transform/policy", "tail_sampling/cap"]);
  });
});

test("a feature gate is set where its processors are, and nowhere else", () => {
  const args = Object.fromEntries(
    collectorWorkloads(settings, kubernetesTopology(settings)).map((workload) => [workload.name, workload.args]),
  );
  expect(args["otel-sampler"]!.slice(1)).toEqual([...samplingArgs]);
  expect(args["otel-collector"]!.slice(1)).toEqual([...hygieneArgs]);
  const one = settingsWith(kubernetes);
  expect(collectorWorkloads(one, kubernetesTopology(one)).map((workload) => workload.args.slice(1))).toEqual([
    [...hygieneArgs, ...samplingArgs],
  ]);
});

test("the cleaner reports to the tier that takes metrics", () => {
  const of = (name: string) => collectorWorkloads(settings, kubernetesTopology(settings)).find((workload) => workload.name === name)!;
  expect(of("otel-collector").peers).toContainEqual({ from: "index-cleaner", ports: ["reports"] });
  expect(of("otel-sampler").peers.map(({ from }) => from)).toEqual(["otel-collector", "prometheus"]);
});

describe("a load that does not fit", () => {
  const heavy = (tracesPerSecond: number) => ({ default: 10, expected: { tracesPerSecond, spansPerTrace: 10, longestTrace: "5s" } });
  const base = { "tracing:platform": "kubernetes", "tracing:environment": "staging" };
  /** Those that are about memory. */
  const memoryProblems = (groups: Readonly<Record<string, unknown>>) =>
    problemsOf(groups, base).filter((problem) => / traces of .* memory /.test(problem));

  test("is told of the samplers' memory, counting on all of several but one", () => {
    expect(samplingTier(settings)).toEqual({ group: "sampler", memory: 1024, instances: 3, counted: 2 });
    const [problem, ...more] = memoryProblems({ sampling: heavy(3000), sampler: { replicas: 3 } });
    expect(more).toEqual([]);
    expect(problem).toMatch(
      /tracing:sampler\.memory of 512Mi holds \d+ such traces, not 15000, the share of a sampler while one of 3 is away;/,
    );
    const [, memory] = /at least (\d+)Mi/.exec(problem!)!;
    expect(memoryProblems({ sampling: heavy(3000), sampler: { replicas: 3, memory: `${memory}Mi` } })).toEqual([]);
  });

  test("is not held against the Collectors in front", () => {
    expect(memoryProblems({ sampling: heavy(400), sampler: { replicas: 1 }, collector: { memory: "128Mi" } })).toEqual([]);
    expect(memoryProblems({ sampling: heavy(400), collector: { memory: "128Mi" } })[0]).toContain("tracing:collector.memory of 128Mi");
  });
});

describe("the cleaner's script on Kubernetes", () => {
  const scriptOf = (elasticsearch: object) => {
    const own = settingsWith({ ...kubernetes, elasticsearch });
    return cleanerScript(own, kubernetesTopology(own));
  };

  test("gives the cleaner the authority of Elasticsearch's certificate, where there is one", () => {
    expect(scriptOf({})).not.toContain("ES_TLS");
    const script = scriptOf({ tls: "cert-manager" });
    expect(script).toContain("export ES_TLS_ENABLED=true ES_TLS_CA=/etc/tracing/authority/ca.crt\n");
    expect(script).toContain('exec /go/bin/es-index-cleaner-linux "$1" https://elasticsearch:9200\n');
    expect(script).toContain("http://$(address otel-collector.tracing.svc):4319/v1/metrics");
  });

  test("alerts on the oldest index, with TLS and without", () => {
    const names = (elasticsearch: object) => JSON.stringify(ruleGroups(settingsWith({ ...kubernetes, elasticsearch })));
    for (const elasticsearch of [{}, { tls: "cert-manager" }]) expect(names(elasticsearch)).toContain("TraceIndexTooOld");
  });
});

test.each([
  ["https://es.example.com:443", 443],
  ["http://es.example.com:80", 80],
  ["https://es.example.com:9200", 9200],
])("the port of %s is %d", (url, port) => expect(portOf(url)).toBe(port));

test("an application finds the stack from any namespace", () => {
  const environment = applicationEnvironment(settingsWith({ ...kubernetes, sampling: { decide: "app" } }), kubernetesTopology(settings));
  expect(environment.OTEL_EXPORTER_OTLP_ENDPOINT).toBe("http://otel-collector.tracing.svc:4318");
  expect(environment.OTEL_TRACES_SAMPLER_ARG).toContain("endpoint=http://jaeger.tracing.svc:5778");
});
