/**
 * Rung: binaries. OpenTelemetry's exporters send through the real proxy to a real Collector: what a capture in front of the proxy shows, and that
 * neither the way from plain text to TLS nor a renewal of certificates loses a span.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "../../cli/machine/run";
import { receivers, type Receiver } from "../../configs/ingest/haproxy";
import { files } from "../../configs/topology/ports";
import { toYaml } from "../../configs/yaml";
import { Authority } from "../support/certificates";
import { httpServer } from "../support/http-server";
import { settingsWith } from "../support/settings";
import { sharedFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";
import { Exporters, type Connection } from "./support/exporters";
import { freePorts, program, run } from "./support/programs";
import { Proxy } from "./support/proxy";
import { recorder } from "./support/recorder";

jest.setTimeout(120_000);
const folder = sharedFolder();
const token = "t".repeat(40);
const secret = "patient 4711 has a rare illness";
type Mode = "off" | "both" | "on";

const settingsOf = (tls: Mode) =>
  settingsWith({
    platform: "kubernetes",
    environment: "staging",
    images: "local",
    ingest: {
      mode: "require",
      senders: [{ name: "shop", certificates: tls === "off" ? [] : ["shop.example"] }],
      tokensSecret: "tokens",
      tls: { mode: tls, clientAuthoritySecret: tls === "off" ? undefined : "clients" },
    },
  });

let servers: Authority;
let exporters: Exporters;
beforeAll(async () => {
  servers = await Authority.make(join(folder, "servers"));
  await (await Authority.make(join(folder, "clients"))).issue(join(folder, "shop"), ["shop.example"]);
  exporters = new Exporters();
});
afterAll(() => exporters.close());

const renew = (proxy: Proxy) => servers.issue(proxy.certificate, ["otel-collector", "localhost"]);
async function prepare(proxy: Proxy): Promise<void> {
  await renew(proxy);
  mkdirSync(proxy.clientAuthority);
  writeFileSync(join(proxy.clientAuthority, files.authority), readFileSync(join(folder, "clients", files.authority)));
}

/** What is stored of spans, as text. */
interface Running {
  readonly proxy: Proxy;
  readonly stored: () => string;
}

/** Runs a Collector with the proxy in front of it. */
async function through(mode: Mode, meanwhile: (running: Running) => Promise<void>): Promise<void> {
  const bodies: string[] = [];
  const storage = await httpServer((_request, response, body) => {
    bodies.push(body.toString("utf8"));
    response.setHeader("Content-Type", "application/json").end("{}");
  });
  const names = Object.keys(receivers) as Receiver[];
  const free = await freePorts(names.length);
  const at = Object.fromEntries(names.map((name, i) => [name, free[i]!])) as Record<Receiver, number>;
  const endpoint = (name: Receiver) => ({ endpoint: `127.0.0.1:${at[name]}` });
  const config = join(folder, "collector.yml");
  writeFileSync(
    config,
    toYaml({
      receivers: {
        otlp: { protocols: { grpc: endpoint("otlpGrpc"), http: endpoint("otlpHttp") } },
        jaeger: { protocols: { grpc: endpoint("jaegerGrpc"), thrift_http: endpoint("jaegerThriftHttp") } },
      },
      exporters: {
        otlp_http: { traces_endpoint: `${storage.url}/`, encoding: "json", compression: "none", sending_queue: { enabled: false } },
      },
      service: {
        pipelines: { traces: { receivers: ["otlp", "jaeger"], exporters: ["otlp_http"] } },
        telemetry: { metrics: { level: "none" } },
      },
    }),
  );
  const work = async () => {
    const proxy = await Proxy.start(settingsOf(mode), { ports: at }, { shop: `${token}\n` }, undefined, undefined, prepare);
    try {
      await meanwhile({ proxy, stored: () => bodies.join("\n") });
    } finally {
      await proxy.stop();
    }
  };
  const { code, output } = await run(program("otelcol-contrib"), [`--config=${config}`], {
    until: /Everything is ready/,
    meanwhile: work,
    seconds: 110,
  });
  await storage.close();
  if (code !== 0) throw new Error(output);
}

/** How a client connects: in plain text, by TLS with a token, or by TLS with a certificate. */
type Way = "plain" | "tls" | "certificate";

function connection(protocol: "grpc" | "http", port: number, way: Way): Connection {
  const pem = (from: string, file: string) => readFileSync(join(folder, from, file), "utf8");
  const own = (file: string) => (way === "certificate" ? pem("shop", file) : undefined);
  const tls = { ca: pem("servers", files.authority), cert: own(files.certificate), key: own(files.certificateKey) };
  return { protocol, port, token: way === "certificate" ? undefined : token, tls: way === "plain" ? undefined : tls };
}

const missing = (running: Running, ids: readonly string[]) => {
  const open = () => Promise.resolve(ids.filter((id) => !running.stored().includes(id)));
  return until(10, open, (left) => left.length === 0);
};

test.each<[Mode, Way, boolean]>([
  ["off", "plain", true],
  ["both", "plain", true],
  ["both", "tls", false],
  ["on", "tls", false],
  ["on", "certificate", false],
])("with %s, a span sent by %s is stored, and a capture shows its text and the credential: %s", async (mode, way, shown) => {
  await through(mode, async (running) => {
    for (const protocol of ["grpc", "http"] as const) {
      const wire = await recorder(() => running.proxy.place.ports[protocol === "grpc" ? "otlpGrpc" : "otlpHttp"]);
      const { error, ids } = await exporters.send(connection(protocol, wire.port, way), 1, secret);
      expect(error).toBeUndefined();
      expect(await missing(running, ids)).toEqual([]);
      expect(running.stored()).toContain(secret);
      const capture = wire.text();
      expect(capture.length).toBeGreaterThan(300);
      expect(capture.includes(secret)).toBe(shown);
      // gRPC's headers are compressed; a reader of the capture can undo it, a search for the text does not.
      if (protocol === "http") expect(capture.includes(token)).toBe(shown);
      wire.close();
    }
  });
});

test("with on, the exporters get nothing through in plain text, and nothing that no authority they trust has signed gets a span", async () => {
  await through("on", async (running) => {
    const wire = await recorder(() => running.proxy.place.ports.otlpHttp);
    const send = async (way: Way) => (await exporters.send(connection("http", wire.port, way), 1, secret)).error;
    expect(await send("plain")).toBeDefined();
    await (await Authority.make(join(folder, "thief"))).issue(running.proxy.certificate, ["localhost"]);
    await running.proxy.reloaded(1);
    const before = wire.text().length;
    expect(await send("tls")).toMatch(/certificate|signature/);
    const capture = wire.text().slice(before);
    expect([capture.includes(secret), capture.includes(token)]).toEqual([false, false]);
    expect(running.stored()).not.toContain(secret);
    wire.close();
  });
});

/** Clients that send 250 spans a second each, each in its way; a way can change. */
class Load {
  readonly failures: string[] = [];
  readonly ids: string[] = [];
  private going = true;
  private readonly clients: Promise<void>[];

  constructor(
    private readonly proxy: Proxy,
    public way: Way,
  ) {
    this.clients = (["grpc", "http"] as const).map((protocol) => this.client(protocol));
  }

  private async client(protocol: "grpc" | "http"): Promise<void> {
    const port = this.proxy.place.ports[protocol === "grpc" ? "otlpGrpc" : "otlpHttp"];
    while (this.going) {
      const began = Date.now();
      const { way } = this;
      const { error, ids } = await exporters.send(connection(protocol, port, way), 25, "load");
      if (error === undefined) this.ids.push(...ids);
      else this.failures.push(`${protocol} by ${way}: ${error}`);
      await sleep(Math.max(0, 100 - (Date.now() - began)));
    }
  }

  async stop(): Promise<void> {
    this.going = false;
    await Promise.all(this.clients);
  }
}

test("off → both → on under load, with clients that move in between, and back, loses no span", async () => {
  await through("off", async (running) => {
    const { proxy } = running;
    const load = new Load(proxy, "plain");
    const change = async (mode: Mode, times: number) => {
      await sleep(1500);
      proxy.configure(settingsOf(mode));
      await proxy.reloaded(times);
      await sleep(1500);
    };
    await change("both", 1);
    load.way = "tls";
    await change("on", 2);
    load.way = "certificate";
    await change("both", 3);
    load.way = "plain";
    await change("off", 4);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.ids.length).toBeGreaterThan(2000);
    expect(await missing(running, load.ids)).toEqual([]);
  });
});

test.each(["both", "on"] as const)("with %s, certificates that are renewed under load, three times, lose no span", async (mode) => {
  await through(mode, async (running) => {
    const { proxy } = running;
    const load = new Load(proxy, "certificate");
    for (const times of [1, 2, 3]) {
      await sleep(1000);
      await renew(proxy);
      await proxy.reloaded(times);
      await sleep(1000);
    }
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.ids.length).toBeGreaterThan(1000);
    expect(await missing(running, load.ids)).toEqual([]);
  });
});
