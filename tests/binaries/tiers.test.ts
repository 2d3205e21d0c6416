/**
 * Rung: binaries. The programs accept the files of staging and prod as they stand in the rendered manifests, hand spans from tier to tier,
 * and Jaeger's UI asks for a login where it has an ingress.
 */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { parse, parseAllDocuments, stringify } from "yaml";
import { mebibyte, requestBytes } from "../../configs/collector/bytes";
import { collectorConfig } from "../../configs/collector/config";
import { passwordFile } from "../../configs/elasticsearch/users";
import { jaegerConfig } from "../../configs/jaeger/config";
import { parseSettings } from "../../configs/stack/parse";
import { files, paths, ports } from "../../configs/topology/ports";
import { kubernetesTopology } from "../../configs/topology/kubernetes";
import { projectFolder, stackConfig } from "../../render/record";
import { pythonOf } from "../../cli/suites/python";
import { run as runToEnd } from "../../cli/machine/run";
import { standIn } from "../rules/support/elasticsearch";
import { page, ready } from "../rules/support/moved";
import { temporaryFolder } from "../support/temporary-folder";
import { forOlderJaeger, olderJaeger } from "./support/older-jaeger";
import { local as localTo, moved as movedTo, type Moved } from "./support/pods";
import { collectorArgs, freePorts, program, run, type Outcome } from "./support/programs";

jest.setTimeout(120_000);
const folder = temporaryFolder();
const accepted: Outcome = { code: 0, output: expect.any(String) as string };
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** The files that the manifests of a stack hold: the ConfigMap's name, the file's name and its text. */
function filesOf(stack: string): [string, string, string][] {
  const rendered = join(projectFolder, "rendered", stack);
  return readdirSync(rendered)
    .filter((name) => name.endsWith(".yaml"))
    .flatMap((name) => parseAllDocuments(readFileSync(join(rendered, name), "utf8")).map((document) => document.toJS() as Manifest))
    .filter(({ kind }) => kind === "ConfigMap")
    .flatMap(({ metadata, data = {} }) =>
      Object.entries(data).map(([file, text]): [string, string, string] => [metadata.name, file, text]),
    );
}

function written(name: string, text: string): string {
  const path = join(folder(), name);
  writeFileSync(path, text);
  return path;
}

const local = (text: string): string => localTo(folder(), text);

describe.each(["staging", "prod"])("the manifests of %s", (stack) => {
  const all = filesOf(stack);
  const validator: Readonly<Record<string, (path: string) => Promise<Outcome>>> = {
    [files.collector]: (path) => run(program("otelcol-contrib"), ["validate", ...collectorArgs(path)]),
    [files.jaeger]: (path) => run(program("jaeger"), ["validate", `--config=${path}`]),
    [files.prometheus]: (path) => run(program("promtool"), ["check", "config", path]),
    [files.rules]: (path) => run(program("promtool"), ["check", "rules", path]),
  };
  const checked = all
    .filter(([, file]) => file in validator)
    .map(([map, file, text]): (typeof all)[number] => [map, file, file === files.jaeger ? forOlderJaeger(text) : text]);

  test("hold a file for each program", () => {
    const found = new Set(checked.map(([, file]) => file));
    expect(found).toEqual(new Set(Object.keys(validator)));
  });

  test.each(checked)("%s: its %s is accepted", async (_map, file, text) => {
    written(files.rules, all.find(([, name]) => name === files.rules)![2]);
    expect(await validator[file]!(written(file, local(text)))).toEqual(accepted);
  });
});

const moved = (text: string): Promise<Moved> => movedTo(folder(), text);

/** A stack file's settings, without the proxy in front of the gateways: tests/binaries/ingest.test.ts has it. */
const settingsOf = (stack: string, more: Record<string, string> = {}) =>
  parseSettings(stack, { ...stackConfig(stack), "tracing:ingest": JSON.stringify({ mode: "off" }), ...more });

/** A span that gateways let pass: one without times, say, they drop. */
const spanOfNow = () => ({
  traceId: "a".repeat(32),
  spanId: "b".repeat(16),
  name: "x",
  kind: 2,
  startTimeUnixNano: `${Date.now()}000000`,
  endTimeUnixNano: `${Date.now()}000001`,
});

/** Sends spans; the status of the answer. */
async function post(port: number, spans: readonly object[]): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
  });
  return answer.status;
}

const metrics = async (port: number): Promise<string> => (await page(port)).toString();

/** How long OpenTelemetry's SDKs wait for an answer, by default, seconds. */
const clientPatience = 10;

/** A server at a port that takes connections and never answers. */
async function silent(port: number): Promise<() => void> {
  const connections: Socket[] = [];
  const server = createServer((connection) => connections.push(connection)).listen(port, "127.0.0.1");
  await once(server, "listening");
  return () => {
    server.close();
    connections.forEach((connection) => connection.destroy());
  };
}

type At = Moved["at"];

/** How a gateway reaches samplers, in its config. */
interface LoadBalancing {
  resolver: object;
  readonly protocol: { readonly otlp: object };
}

/** Runs a sampler and a gateway of staging beside each other; `more` are the addresses of further samplers, and `client` how all are talked to. */
async function twoTiers(
  meanwhile: (gateway: At, sampler: At) => Promise<void>,
  more: readonly string[] = [],
  client: object = {},
): Promise<void> {
  const settings = settingsOf("staging");
  const topology = kubernetesTopology(settings);
  const sampler = await moved(collectorConfig(settings, topology, "sampler"));
  const gateway = await moved(collectorConfig(settings, topology, "gateway"));
  const config = parse(gateway.text) as { exporters: { load_balancing: LoadBalancing } };
  const { load_balancing } = config.exporters;
  load_balancing.resolver = { static: { hostnames: [`127.0.0.1:${sampler.at(ports.collector.otlpGrpc)}`, ...more] } };
  Object.assign(load_balancing.protocol.otlp, client);
  const both = await run(program("otelcol-contrib"), collectorArgs(written("sampler.yml", sampler.text)), {
    until: ready,
    meanwhile: async () => {
      const { output } = await run(program("otelcol-contrib"), collectorArgs(written("gateway.yml", stringify(config))), {
        until: ready,
        meanwhile: () => meanwhile(gateway.at, sampler.at),
      });
      expect(output).toMatch(ready);
    },
  });
  expect(both.output).toMatch(ready);
}

/** The sum of a counter's series on a page. */
const total = (text: string, counter: string): number =>
  [...text.matchAll(new RegExp(`^${counter}\\{.*\\} (\\d+)$`, "gm"))].reduce((sum, [, value]) => sum + Number(value), 0);

const acceptedSpans = "otelcol_receiver_accepted_spans_total";

test.each(["gzip", "zstd", "snappy", "none"])(
  "a span that a gateway has acknowledged is a sampler's, sent by gRPC with %s",
  async (compression) => {
    await twoTiers(
      async (gateway, sampler) => {
        expect(await post(gateway(ports.collector.otlpHttp), [spanOfNow()])).toBe(200);
        expect(total(await metrics(sampler(ports.collector.telemetry)), acceptedSpans)).toBe(1);
        expect(total(await metrics(gateway(ports.collector.telemetry)), "otelcol_exporter_sent_spans_total")).toBe(1);
      },
      [],
      { compression },
    );
  },
);

test("the largest request passes both tiers; a larger one is refused for good at the first, and costs nothing behind it", async () => {
  const most = requestBytes(settingsOf("staging"));
  const trace = (count: number) => Array.from({ length: count }, () => ({ ...spanOfNow(), spanId: randomBytes(8).toString("hex") }));
  const each = JSON.stringify(trace(1)).length - 1;
  const large = Math.floor((most - 1000) / each);
  await twoTiers(async (gateway, sampler) => {
    const statuses: number[] = [];
    for (const count of [large, large + Math.ceil(1000 / each) + 1, 1])
      statuses.push(await post(gateway(ports.collector.otlpHttp), trace(count)));
    expect(statuses).toEqual([200, 400, 200]);
    expect(total(await metrics(sampler(ports.collector.telemetry)), acceptedSpans)).toBe(large + 1);
  });
});

test.each([
  ["is cut and told of", 4, 11, /the span 'large' of 5\d{6} bytes .*TRACING_MAX_REQUEST_BYTES\), and cut/],
  ["is refused for good and told of, where the package takes the limit for larger", 16, 10, /status 400.*; 1 dropped, the largest 'large'/],
])("a span of 5 MB from the Django package %s; the next ten are a sampler's within 10 s", async (_what, most, spans, told) => {
  const python = await pythonOf("newest");
  await twoTiers(async (gateway, sampler) => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${gateway(ports.collector.otlpHttp)}`,
      OTEL_SERVICE_NAME: "large",
      OTEL_TRACES_SAMPLER: "always_on",
      TRACING_MAX_REQUEST_BYTES: String(most * mebibyte),
    };
    const { stdout, output } = await runToEnd(python, [join(__dirname, "support", "large_span.py")], { env, timeout: 60_000 });
    expect(output).toMatch(told);
    expect(total(await metrics(sampler(ports.collector.telemetry)), acceptedSpans)).toBe(spans);
    expect(Number(stdout)).toBeLessThan(10);
  });
});

// A batch is handed to its samplers in random order: of several, some come to the one that is away first.
test.each([
  ["refuses connections", undefined],
  ["takes connections and says nothing", silent],
])("one sampler %s: clients are told in time, and the other sampler gets its part of each batch once", async (_what, listens) => {
  const [away] = await freePorts(1);
  const close = await listens?.(away!);
  const batches = 5;
  try {
    await twoTiers(
      async (gateway) => {
        const batch = () => Array.from({ length: 50 }, () => ({ ...spanOfNow(), traceId: randomBytes(16).toString("hex") }));
        const start = Date.now();
        const sent = Array.from({ length: batches }, () => post(gateway(ports.collector.otlpHttp), batch()));
        expect(await Promise.all(sent)).toEqual(Array(batches).fill(503));
        expect((Date.now() - start) / 1000).toBeLessThan(clientPatience);
        const outcomes =
          (await metrics(gateway(ports.collector.telemetry))).match(/^otelcol_loadbalancer_backend_outcome_total.*$/gm) ?? [];
        const of = (success: boolean) =>
          outcomes.filter((line) => line.includes(`success="${success}"`)).map((line) => Number(line.split(" ").at(-1)));
        expect([of(true), of(false)]).toEqual([[batches], [batches]]);
      },
      [`127.0.0.1:${away!}`],
    );
  } finally {
    close?.();
  }
});

test("a gateway without a sampler refuses: it acknowledges nothing that it would have to hold itself", async () => {
  const settings = settingsOf("staging");
  const [closed] = await freePorts(1);
  const gateway = await moved(collectorConfig(settings, kubernetesTopology(settings), "gateway"));
  const config = written(
    "gateway.yml",
    gateway.text
      .replace("hostname: otel-sampler-pods", "hostname: localhost")
      .replace('port: "4317"', `port: "${closed!}"`)
      .replaceAll(/max_interval: \d+s/g, "max_interval: 1s")
      .replaceAll(/max_elapsed_time: \d+s/g, "max_elapsed_time: 1s"),
  );
  let status = 0;
  await run(program("otelcol-contrib"), collectorArgs(config), {
    until: ready,
    meanwhile: async () => {
      status = await post(gateway.at(ports.collector.otlpHttp), [spanOfNow()]);
    },
  });
  expect(status).toBe(503);
});

test("behind an ingress, Jaeger's UI and API ask for a login, and its health does not", async () => {
  const elasticsearch = await standIn();
  const ingress = { host: "jaeger.example.com", className: "nginx", namespace: "ingress", tlsSecret: "tls", usersSecret: "users" };
  const settings = settingsOf("staging", {
    "tracing:otherImages": JSON.stringify(olderJaeger),
    "tracing:jaeger": JSON.stringify({ ingress }),
  });
  written(passwordFile(settings, "reader"), "x");
  written(files.strategies, "{}");
  written(files.ui, "{}");
  written(files.users, `anna:{SHA}${createHash("sha1").update("secret").digest("base64")}\n`);
  const text = jaegerConfig(settings, { ...kubernetesTopology(settings), elasticsearchUrl: elasticsearch.url }, "query");
  const jaeger = await moved(text.replaceAll(paths.secrets, folder()).replaceAll(paths.live, folder()).replaceAll(paths.users, folder()));
  const asked: Record<string, number> = {};
  const ask = async (what: string, port: number, path: string, login?: string) => {
    const headers = login ? { Authorization: `Basic ${Buffer.from(login).toString("base64")}` } : undefined;
    asked[what] = (await fetch(`http://127.0.0.1:${jaeger.at(port)}${path}`, { headers })).status;
  };
  const { output } = await run(program("jaeger"), [`--config=${written("jaeger.yml", jaeger.text)}`], {
    until: ready,
    meanwhile: async () => {
      await ask("nobody", ports.jaeger.query, "/api/v3/services");
      await ask("wrong", ports.jaeger.query, "/api/v3/services", "anna:guess");
      await ask("anna", ports.jaeger.query, "/api/v3/services", "anna:secret");
      await ask("health", ports.jaeger.health, "/status");
    },
  });
  await elasticsearch.close();
  expect(output).toMatch(ready);
  expect(asked).toMatchObject({ nobody: 401, wrong: 401, health: 200 });
  expect(asked.anna).not.toBe(401);
});
