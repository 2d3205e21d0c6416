/** Rung: unit. Prometheus' config and command line, the index cleaner's script, and the images. */
import { compact } from "../../../configs/compact";
import { cleanerGauges } from "../../../configs/jaeger/cleaner-metrics";
import { gaugeMetric } from "../../../configs/reported-gauges";
import { cleanerDays, cleanerScript, oldestIndexHours } from "../../../configs/jaeger/index-cleaner";
import { imageNames, imageReference, images, imageVersion } from "../../../configs/images";
import { maxSpanAgeHours } from "../../../configs/jaeger/config";
import { prometheusArgs, prometheusConfig, reservedNames } from "../../../configs/prometheus/config";
import { dockerTopology, hostPort, networksOf } from "../../../configs/topology/docker";
import { ports, publishedPorts, type PublishedPort } from "../../../configs/topology/ports";
import { toYaml } from "../../../configs/yaml";
import { parse } from "yaml";
import { settingsWith } from "../../support/settings";
import { parsed, portsIn, unsortedMaps } from "../support/yaml";

const topology = dockerTopology("dev");

describe("prometheus-tracing.yml", () => {
  const text = prometheusConfig(settingsWith({ environment: "staging" }), topology);
  const file = parsed<{
    global: { external_labels: unknown };
    scrape_configs: {
      job_name: string;
      honor_labels?: boolean;
      metric_relabel_configs?: unknown;
      static_configs: { targets: string[] }[];
    }[];
  }>(text);

  test("scrapes each program once, under the job that rules name", () => {
    expect(file.scrape_configs.map(({ job_name: job, static_configs: [config] }) => [job, config?.targets])).toEqual([
      ["otel-collector", ["otel-collector:8888"]],
      ["otel-collector-exporter", ["otel-collector:8889"]],
      ["index-cleaner", ["otel-collector:8890"]],
      ["jaeger", ["jaeger:14269"]],
      ["elasticsearch-exporter", ["elasticsearch-exporter:9114"]],
      ["prometheus", ["localhost:9090"]],
    ]);
  });

  test("ignores job and instance of a page, and renames metrics of applications that have reserved names", () => {
    expect(file.scrape_configs.filter((config) => config.honor_labels)).toEqual([]);
    const renaming = file.scrape_configs.flatMap((config) => (config.metric_relabel_configs ? [config] : []));
    expect(renaming.map((config) => config.job_name)).toEqual(["otel-collector-exporter"]);
    const rule = { source_labels: ["__name__"], regex: reservedNames, target_label: "__name__", replacement: "exported_$1" };
    expect(renaming[0]?.metric_relabel_configs).toEqual([rule]);
    expect(file.global.external_labels).toEqual({ stack: "dev", environment: "staging" });
  });

  test.each([
    ["up", true],
    ["ALERTS", true],
    ["ALERTS_FOR_STATE", true],
    ["scrape_samples_scraped", true],
    ["tracing:lost_5m", true],
    ["namespace:any:sum", true],
    ["uptime_seconds", false],
    ["orders_up", false],
    ["otelcol_exporter_queue_size", false],
  ])("%s is a name that only Prometheus may give: %s", (name, reserved) => {
    expect(new RegExp(`^(?:${reservedNames})$`).test(name)).toBe(reserved);
  });

  test("has sorted keys, ports of the topology only and no password", () => {
    expect(unsortedMaps(text)).toEqual([]);
    expect(portsIn(text)).toEqual([
      ...[8888, 8889, 8890, ports.prometheus.http],
      ...[ports.alertmanager.http, ports.elasticsearchExporter.http, ports.jaeger.admin],
    ]);
    expect(text).not.toMatch(/password/i);
  });

  test("is read from where it lies, metrics are kept in time and size as the settings say, and a query stays within the memory", () => {
    const prometheus = { retention: "3d", storage: "1Gi", memory: "512Mi" };
    expect(prometheusArgs(settingsWith({ prometheus }), "/c.yml", "/data")).toEqual([
      "--config.file=/c.yml",
      "--storage.tsdb.path=/data",
      "--storage.tsdb.retention.time=3d",
      "--storage.tsdb.retention.size=1024MB",
      "--query.max-samples=4096000",
      "--query.max-concurrency=6",
      "--query.timeout=1m",
      "--web.read-timeout=1m",
      "--log.format=json",
    ]);
  });
});

describe("index-cleaner.sh", () => {
  test.each([1, 7, 365])("deletes after the full retention of %d days, and within the time that Jaeger searches", (days) => {
    const settings = settingsWith({ retention: `${days}d` });
    expect(cleanerDays(settings.retention)).toBe(days + 1);
    // An index of either version's oldest is still looked into.
    expect(maxSpanAgeHours(settings)).toBeGreaterThanOrEqual(oldestIndexHours(settings));
    expect(cleanerScript(settings, topology)).toContain(`\ncleaner ${days + 1}\n`);
  });

  test("reads the password from its file into the cleaner's environment, never into an argument", () => {
    const script = cleanerScript(settingsWith(), topology);
    const [own = "", rest = ""] = script.split("\n)\n");
    expect(own).toContain(
      "ES_PASSWORD=$(cat /etc/tracing/secrets/elasticsearch-cleaner-password) || exit\n  export ES_USERNAME ES_PASSWORD\n",
    );
    expect(rest).not.toMatch(/ES_PASSWORD/);
    expect(script.split("\n").filter((line) => /exec|wget|nc /.test(line) && /password/i.test(line))).toEqual([]);
  });

  test("asks Elasticsearch and tells the Collector where the topology has them", () => {
    const elsewhere = { ...topology, elasticsearchUrl: "http://search.example:9999", collectorReports: "http://gateway.example:9998" };
    const script = cleanerScript(settingsWith(), elsewhere);
    for (const text of ['es-index-cleaner-linux "$1" http://search.example:9999\n', "$(address gateway.example):9998"]) {
      expect(script).toContain(text);
    }
    expect(script).not.toMatch(/elasticsearch:|otel-collector/);
  });
});

describe("gaugeMetric", () => {
  test("has names as Prometheus has them", () => {
    expect(Object.values(cleanerGauges).map(gaugeMetric)).toEqual([
      "tracing_index_cleaner_last_success_timestamp_seconds",
      "tracing_index_cleaner_last_run_success",
      "tracing_index_cleaner_next_run_timestamp_seconds",
      "tracing_index_oldest_creation_timestamp_seconds",
    ]);
  });
});

describe("imageReference", () => {
  test.each<[string, Parameters<typeof imageReference>[1], string]>([
    ["as its project publishes it", { source: "official" }, "docker.io/jaegertracing/jaeger:2.21.0"],
    ["from a mirror", { source: "official", registry: "mirror:5000/hub" }, "mirror:5000/hub/jaegertracing/jaeger:2.21.0"],
    ["from a mirror written with slashes at its end", { source: "official", registry: "mirror//" }, "mirror/jaegertracing/jaeger:2.21.0"],
    ["of our own making", { source: "local" }, "tracing/jaeger:2.13.0"],
    [
      "from elsewhere, whatever the others are",
      { source: "local", registry: "mirror", others: { jaeger: "a:5000/b/jaeger:2.22.0-1" } },
      "a:5000/b/jaeger:2.22.0-1",
    ],
    ["of our own making, beside one from elsewhere", { source: "local", others: { busybox: "busybox:1.37.0" } }, "tracing/jaeger:2.13.0"],
    ["of our own making, from a registry", { source: "local", registry: "mirror:5000/hub/" }, "mirror:5000/hub/tracing/jaeger:2.13.0"],
  ])("%s", (_what, origin, reference) => {
    expect(imageReference("jaeger", origin)).toBe(reference);
  });

  test("holds an official image to its digest, and our own to none", () => {
    const jaeger: { official: string } = images.jaeger;
    const { official } = jaeger;
    const digest = `sha256:${"a".repeat(64)}`;
    jaeger.official = `${official}@${digest}`;
    try {
      expect(imageReference("jaeger", { source: "official" })).toBe(`docker.io/jaegertracing/jaeger:2.21.0@${digest}`);
      expect(imageReference("jaeger", { source: "official", registry: "mirror" })).toBe(`mirror/jaegertracing/jaeger:2.21.0@${digest}`);
      expect(imageVersion("jaeger", { source: "official" })).toBe("2.21.0");
      expect(imageReference("jaeger", { source: "local" })).toBe("tracing/jaeger:2.13.0");
    } finally {
      jaeger.official = official;
    }
  });

  test.each(imageNames)("pins %s: no tag that moves, and no two under one name", (name) => {
    const references = imageNames.map((other) => imageReference(other, { source: "official" }));
    expect(imageReference(name, { source: "official" })).toMatch(
      /^[a-z0-9.]+\/[a-z0-9/.-]+:v?\d+\.\d+\.\d+(-musl|-alpine)?(@sha256:[0-9a-f]{64})?$/,
    );
    expect(new Set(references).size).toBe(imageNames.length);
  });
});

describe("topology", () => {
  test("gives each published port a number of its own", () => {
    expect(new Set(Object.values(publishedPorts)).size).toBe(Object.keys(publishedPorts).length);
  });

  test("gives each program's ports numbers of their own", () => {
    for (const own of Object.values(ports)) expect(new Set(Object.values(own)).size).toBe(Object.keys(own).length);
  });

  test("publishes at its own number unless stack config moves it", () => {
    const settings = settingsWith({ publish: { ports: { prometheus: 9999 } } });
    expect(hostPort(settings, "prometheus")).toBe(9999);
    expect(hostPort(settings, "jaeger-ui")).toBe(16_686);
  });

  test("moves every published port by the offset, except those that stack config names", () => {
    const settings = settingsWith({ publish: { offset: 1000, ports: { prometheus: 9999 } } });
    const moved = Object.entries(publishedPorts).map(([name, port]) => [name, name === "prometheus" ? 9999 : port + 1000]);
    expect(moved.map(([name]) => [name, hostPort(settings, name as PublishedPort)])).toEqual(moved);
  });

  test("lets stacks stand side by side whose offsets are different multiples of 1000", () => {
    const all = [0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000].flatMap((offset) =>
      Object.values(publishedPorts).map((port) => port + offset),
    );
    expect(new Set(all).size).toBe(all.length);
    expect(Math.max(...all)).toBeLessThan(65_536);
  });

  test("names the networks of every stack but dev after the stack", () => {
    expect(networksOf("dev")).toEqual({ ingest: "tracing-ingest", backend: "tracing-backend" });
    expect(networksOf("load")).toEqual({ ingest: "tracing-load-ingest", backend: "tracing-load-backend" });
    expect(dockerTopology("load").listen.jaegerBackend).toBe("jaeger.tracing-load-backend");
  });
});

describe("toYaml", () => {
  test.each(["no", "off", "yes", "1000:0", "0:0", "012", "1_000", "~", "2026-11-22", "null", "1e3", "0x1f", "<<", "a: b", "# c", "${x}"])(
    "writes the text %j so that YAML 1.1 and 1.2 both read it as that text",
    (value) => {
      const text = toYaml({ value, list: [value] });
      for (const version of ["1.1", "1.2"] as const) expect(parse(text, { version })).toEqual({ value, list: [value] });
    },
  );

  test("neither folds long text nor refers to repeated values", () => {
    const long = `${"word ".repeat(100)}end`;
    const shared = { a: 1 };
    expect(toYaml({ long, one: shared, two: shared })).toMatch(new RegExp(`^#.*\nlong: ${long}\none:\n  a: 1\ntwo:\n  a: 1\n$`));
  });
});

test("compact drops what is false or undefined, and nothing else that is empty", () => {
  expect(compact(["", 0, null, false, undefined, []])).toEqual(["", 0, null, []]);
});
