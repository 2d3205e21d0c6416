/**
 * Rung: binaries. Prometheus' scrapes of the Collector by TLS, by the real programs: a capture shows no name of a service or an operation,
 * half-rolled services find each other, and a renewal needs no restart.
 */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { join } from "node:path";
import { connect } from "node:tls";
import { parse, stringify } from "yaml";
import { sleep } from "../../cli/machine/run";
import { collectorConfig } from "../../configs/collector/config";
import { prometheusConfig } from "../../configs/prometheus/config";
import { kubernetesTopology } from "../../configs/topology/kubernetes";
import { authorityFolder, files, paths, ports } from "../../configs/topology/ports";
import { page, ready } from "../rules/support/moved";
import { Authority } from "../support/certificates";
import { temporaryFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";
import { moved } from "./support/pods";
import { collectorArgs, freePorts, program, run } from "./support/programs";
import { recorder, type Recorder } from "./support/recorder";
import { stagingWith, type Mode } from "./support/tls-modes";

jest.setTimeout(180_000);
const folder = temporaryFolder();

/** Staging with one tier, without the proxy in front of it. */
const settingsOf = (mode: Mode) => stagingWith(mode, { collector: { replicas: 1 }, sampler: { replicas: 0 }, ingest: { mode: "off" } });

/** The name of an operation, which only spans and their metrics have. */
const secret = "GET /patients/rare-illness";

const certificates = () => join(folder(), "certificates");
let authority: Authority;
const issue = () => authority.issue(certificates(), ["otel-collector", "localhost"]);
beforeEach(async () => {
  authority = await Authority.make(join(folder(), "authority"));
  await issue();
});

interface Running {
  /** The port of this host for one of the Collector's. */
  readonly at: (port: number) => number | undefined;
  /** Between Prometheus and the page of span metrics. */
  readonly wire: Recorder;
  /** The value of a query; undefined if there is none. */
  readonly value: (query: string) => Promise<string | undefined>;
}

/** Runs the Collector and Prometheus, each with the config of its mode. */
async function running(modes: { collector: Mode; prometheus: Mode }, meanwhile: (running: Running) => Promise<void>): Promise<void> {
  const settings = settingsOf(modes.collector);
  const collector = await moved(folder(), collectorConfig(settings, kubernetesTopology(settings)));
  const text = collector.text.replaceAll(paths.certificates, certificates()).replaceAll("reload_interval: 1m", "reload_interval: 1s");
  const collectorFile = join(folder(), "collector.yml");
  writeFileSync(collectorFile, text);

  const [port] = await freePorts(1);
  const wire = await recorder(() => collector.at(scrapedPort(modes.prometheus)));
  const prometheusFile = join(folder(), "prometheus.yml");
  writeFileSync(prometheusFile, localPrometheus(modes.prometheus, wire.port));
  const args = [
    `--config.file=${prometheusFile}`,
    `--storage.tsdb.path=${join(folder(), "data")}`,
    `--web.listen-address=127.0.0.1:${port!}`,
  ];

  const value = async (query: string) => {
    const answer = await fetch(`http://127.0.0.1:${port!}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return data.result[0]?.value[1];
  };
  const started = { collector: false, prometheus: false };
  const outcome = await run(program("otelcol-contrib"), collectorArgs(collectorFile), {
    until: ready,
    seconds: 100,
    meanwhile: async () => {
      started.collector = true;
      await post(collector.at(ports.collector.otlpHttp));
      await run(program("prometheus"), args, {
        until: /Server is ready to receive web requests/,
        seconds: 80,
        meanwhile: () => {
          started.prometheus = true;
          return meanwhile({ at: collector.at, wire, value });
        },
      });
    },
  });
  wire.close();
  if (!started.collector || !started.prometheus) throw new Error(`not all started: ${JSON.stringify(started)}\n${outcome.output}`);
}

interface Job {
  readonly job_name: string;
  dns_sd_configs?: readonly { readonly port: number }[];
  static_configs?: object[];
  enable_compression?: boolean;
  readonly tls_config?: { ca_file: string };
}
interface File {
  readonly global: { scrape_interval: string };
  rule_files: string[];
  alerting?: object;
  scrape_configs: Job[];
}

const spanMetrics = "otel-collector-exporter";
const config = (mode: Mode) => parse(prometheusConfig(settingsOf(mode), kubernetesTopology(settingsOf(mode)))) as File;
const scrapedPort = (mode: Mode): number =>
  config(mode).scrape_configs.find(({ job_name: name }) => name === spanMetrics)!.dns_sd_configs![0]!.port;

/** Prometheus' config with the job of span metrics alone, at a port of this host. */
function localPrometheus(mode: Mode, port: number): string {
  const file = config(mode);
  file.global.scrape_interval = "1s";
  file.rule_files = [];
  file.alerting = undefined;
  file.scrape_configs = file.scrape_configs.filter(({ job_name: name }) => name === spanMetrics);
  for (const job of file.scrape_configs) {
    job.dns_sd_configs = undefined;
    // A capture could unpack it.
    job.enable_compression = false;
    job.static_configs = [{ targets: [`127.0.0.1:${port}`] }];
  }
  return stringify(file).replaceAll(authorityFolder("otel-collector"), certificates());
}

/** Sends a span. */
async function post(port: number): Promise<void> {
  const time = `${Date.now()}000000`;
  const span = { traceId: randomBytes(16).toString("hex"), spanId: randomBytes(8).toString("hex"), name: secret, kind: 2 };
  const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ ...span, startTimeUnixNano: time, endTimeUnixNano: time }] }] }] }),
  });
  expect(answer.status).toBe(200);
}

const isUp = ({ value }: Running) =>
  until(
    20,
    () => value(`up{job="${spanMetrics}"}`),
    (up) => up === "1",
  );
const counted = ({ value }: Running) =>
  until(
    30,
    () => value(`sum({span_name="${secret}"})`),
    (sum) => sum !== undefined,
  );

test.each<[Mode, boolean]>([
  ["off", true],
  ["accept", true],
  ["both", false],
  ["on", false],
])("with %s span metrics are scraped, and a capture shows the operation's name: %s", async (mode, shown) => {
  await running({ collector: mode, prometheus: mode }, async (all) => {
    expect(await counted(all)).toBeDefined();
    expect(all.wire.text().length).toBeGreaterThan(1000);
    expect(all.wire.text().includes(secret)).toBe(shown);
  });
});

test("with on, no page is served in plain text", async () => {
  await running({ collector: "on", prometheus: "on" }, async (all) => {
    expect(await isUp(all)).toBe("1");
    expect([ports.collector.prometheusExporter, ports.collector.reportsExporter].map(all.at)).toEqual([undefined, undefined]);
    for (const port of [ports.collector.prometheusExporterTls, ports.collector.reportsExporterTls]) {
      const answer = await fetch(`http://127.0.0.1:${all.at(port)!}/metrics`);
      expect([answer.status, await answer.text()]).toEqual([400, "Client sent an HTTP request to an HTTPS server.\n"]);
    }
  });
});

test("with both, the page is the same either way", async () => {
  await running({ collector: "both", prometheus: "both" }, async (all) => {
    await counted(all);
    const names = (text: string) =>
      [...new Set(text.split("\n").flatMap((line) => (line.startsWith("#") ? [] : (line.split("{")[0] ?? []))))].sort();
    const plain = (await page(all.at(ports.collector.prometheusExporter)!)).toString();
    const secure = await securePage(all.at(ports.collector.prometheusExporterTls)!);
    expect(names(secure)).toEqual(names(plain));
    expect([secure, plain].map((text) => text.includes(secret))).toEqual([true, true]);
  });
});

const securePage = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port,
      path: "/metrics",
      ca: readFileSync(join(certificates(), files.authority)),
      servername: "otel-collector",
    };
    get(options, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString())).on("end", () => resolve(text));
    }).on("error", reject);
  });

// As in an update: the Collector is rolled first. With `kubectl apply`, Prometheus may be.
const neighbours: readonly (readonly [Mode, Mode])[] = [
  ["off", "accept"],
  ["accept", "both"],
  ["both", "on"],
];
const halves = [
  ...neighbours.flatMap(([one, other]) => [
    { collector: one, prometheus: other },
    { collector: other, prometheus: one },
  ]),
  // Pulumi rolls Prometheus behind the Collector.
  { collector: "both" as const, prometheus: "off" as const },
];

test.each(halves)("Prometheus with $prometheus scrapes a Collector with $collector", async (modes) => {
  await running(modes, async (all) => {
    expect(await isUp(all)).toBe("1");
  });
});

test("a certificate of another authority, or of another name, is not trusted", async () => {
  const stranger = await Authority.make(join(folder(), "other"));
  await running({ collector: "on", prometheus: "on" }, async (all) => {
    expect(await isUp(all)).toBe("1");
    const trusted = readFileSync(join(certificates(), files.authority));
    const becomesDown = async () => {
      await sleep(1500);
      all.wire.cut();
      return until(
        20,
        () => all.value(`up{job="${spanMetrics}"}`),
        (up) => up === "0",
      );
    };
    await stranger.issue(certificates(), ["otel-collector"]);
    writeFileSync(join(certificates(), files.authority), trusted);
    expect(await becomesDown()).toBe("0");
    await authority.issue(certificates(), ["jaeger"]);
    expect(await becomesDown()).toBe("0");
    await issue();
    await sleep(1500);
    expect(await isUp(all)).toBe("1");
  });
});

test("a renewed certificate is shown without a restart, and no scrape fails", async () => {
  await running({ collector: "on", prometheus: "on" }, async (all) => {
    expect(await isUp(all)).toBe("1");
    const port = all.at(ports.collector.prometheusExporterTls)!;
    const before = await servedSerial(port);
    await authority.renew();
    await issue();
    await sleep(2000);
    all.wire.cut();
    await servedSerial(port);
    expect(await servedSerial(port)).not.toBe(before);
    await sleep(3000);
    expect(await all.value(`min_over_time(up{job="${spanMetrics}"}[5s])`)).toBe("1");
  });
});

/** The serial number of the certificate that the Collector shows. */
const servedSerial = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on("error", reject);
  });
