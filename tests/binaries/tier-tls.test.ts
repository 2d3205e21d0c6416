/**
 * Rung: binaries. TLS between the tiers, by the real programs: spans reach storage through it, plain text and strangers are refused, a capture
 * shows no text of a span, and a renewal of all certificates under load loses nothing.
 */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { Client, credentials, status, type ChannelCredentials } from "@grpc/grpc-js";
import { parse, stringify } from "yaml";
import { sleep } from "../../cli/machine/run";
import { collectorConfig } from "../../configs/collector/config";
import { passwordFile } from "../../configs/elasticsearch/users";
import { jaegerConfig } from "../../configs/jaeger/config";
import { authorityFolder, files, paths, ports } from "../../configs/topology/ports";
import { kubernetesTopology } from "../../configs/topology/kubernetes";
import type { ServiceName } from "../../configs/topology/topology";
import { standIn } from "../rules/support/elasticsearch";
import { ready } from "../rules/support/moved";
import { Authority } from "../support/certificates";
import { temporaryFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";
import { forOlderJaeger, olderJaeger } from "./support/older-jaeger";
import { moved, type Moved } from "./support/pods";
import { collectorArgs, program, run } from "./support/programs";
import { recorder, type Recorder } from "./support/recorder";
import { stagingWith, type Mode } from "./support/tls-modes";

jest.setTimeout(180_000);
const folder = temporaryFolder();

const tiers = ["otel-collector", "otel-sampler", "jaeger"] as const satisfies readonly ServiceName[];
type Tier = (typeof tiers)[number];

/** The folder of a tier's certificate on this host. */
const folderOf = (tier: Tier) => join(folder(), tier);

/** Staging, all of whose traces are kept, without the proxy in front of the gateways. */
const settingsOf = (mode: Mode) => stagingWith(mode, { otherImages: olderJaeger, sampling: { default: 100 }, ingest: { mode: "off" } });

/** The stack as it runs in a test. */
interface Running {
  readonly at: Readonly<Record<Tier, Moved["at"]>>;
  /** Between gateway and sampler, and between sampler and Jaeger. */
  readonly wires: readonly [Recorder, Recorder];
  /** Sends a span to the gateway; the status of the answer. */
  readonly send: (spanId: string) => Promise<number>;
  /** Whether a text is in a document that was stored. */
  readonly stored: (text: string) => boolean;
}

interface Config {
  readonly exporters: {
    readonly load_balancing?: { resolver: object; readonly protocol: { readonly otlp: object } };
    readonly otlp_grpc?: object;
  };
}

/** Files, as the pod of a tier has them, in the test's folder; renewed certificates are read within a second. */
function written(tier: Tier, text: string, change: (config: Config) => void = () => undefined): string {
  const here = text
    .replaceAll(paths.certificates, folderOf(tier))
    // Jaeger reads it at its start, and asks Prometheus for nothing here.
    .replaceAll(authorityFolder("prometheus"), folderOf(tier))
    .replaceAll(paths.secrets, folder())
    .replaceAll(paths.live, folder())
    .replaceAll("reload_interval: 1m", "reload_interval: 1s");
  const config = parse(here) as Config;
  change(config);
  const path = join(folder(), `${tier}.yml`);
  writeFileSync(path, stringify(config));
  return path;
}

/** Uncompressed: a capture could unpack it. */
const readable = { compression: "none" };

/** Runs Jaeger, a sampler and a gateway, each with the config of its mode; modes as in an update, from the last tier to the first. */
async function tiersOf(modes: Readonly<Record<Tier, Mode>>, meanwhile: (running: Running) => Promise<void>): Promise<void> {
  const bulks: string[] = [];
  const elasticsearch = await standIn((bulk) => bulks.push(bulk));
  const settings = (tier: Tier) => settingsOf(modes[tier]);
  const topology = (tier: Tier) => kubernetesTopology(settings(tier));
  writeFileSync(join(folder(), passwordFile(settings("jaeger"), "writer")), "x");
  writeFileSync(join(folder(), passwordFile(settings("jaeger"), "reader")), "x");
  writeFileSync(join(folder(), files.strategies), "{}");
  writeFileSync(join(folder(), files.ui), "{}");

  const jaegerText = jaegerConfig(settings("jaeger"), { ...topology("jaeger"), elasticsearchUrl: elasticsearch.url });
  const jaeger = await moved(folder(), forOlderJaeger(jaegerText));
  const sampler = await moved(folder(), collectorConfig(settings("otel-sampler"), topology("otel-sampler"), "sampler"));
  const gateway = await moved(folder(), collectorConfig(settings("otel-collector"), topology("otel-collector"), "gateway"));
  const samplerPort = topology("otel-collector").samplers!.port;
  const jaegerPort = Number(topology("otel-sampler").jaegerOtlp.split(":")[1]);
  const wires = [await recorder(() => sampler.at(samplerPort)), await recorder(() => jaeger.at(jaegerPort))] as const;
  const running: Running = {
    at: { "otel-collector": gateway.at, "otel-sampler": sampler.at, jaeger: jaeger.at },
    wires,
    send: (spanId) => post(gateway.at(ports.collector.otlpHttp), spanId),
    stored: (text) => bulks.some((bulk) => bulk.includes(text)),
  };

  const samplerFile = written("otel-sampler", sampler.text, ({ exporters }) =>
    Object.assign(exporters.otlp_grpc!, { endpoint: `localhost:${wires[1].port}`, ...readable }),
  );
  const gatewayFile = written("otel-collector", gateway.text, ({ exporters }) => {
    exporters.load_balancing!.resolver = { static: { hostnames: [`127.0.0.1:${wires[0].port}`] } };
    Object.assign(exporters.load_balancing!.protocol.otlp, readable);
  });
  const programs: [Parameters<typeof program>[0], string[]][] = [
    ["jaeger", [`--config=${written("jaeger", jaeger.text)}`]],
    ["otelcol-contrib", collectorArgs(samplerFile)],
    ["otelcol-contrib", collectorArgs(gatewayFile)],
  ];
  const start = async ([first, ...others]: typeof programs): Promise<void> => {
    if (!first) return meanwhile(running);
    const [name, args] = first;
    const { output } = await run(program(name), args, { until: ready, seconds: 100, meanwhile: () => start(others) });
    if (!ready.test(output)) throw new Error(`${name} did not start:\n${output}`);
  };
  try {
    await start(programs);
  } finally {
    wires.forEach((wire) => wire.close());
    await elasticsearch.close();
  }
}

const all = (mode: Mode): Record<Tier, Mode> => ({ "otel-collector": mode, "otel-sampler": mode, jaeger: mode });

/** A text that only spans have. */
const secret = "patient 4711 has a rare illness";

async function post(port: number, spanId: string): Promise<number> {
  const span = {
    traceId: randomBytes(16).toString("hex"),
    spanId,
    name: secret,
    kind: 2,
    startTimeUnixNano: `${Date.now()}000000`,
    endTimeUnixNano: `${Date.now()}000001`,
    attributes: [{ key: "diagnosis", value: { stringValue: secret } }],
  };
  const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  });
  return answer.status;
}

const newId = () => randomBytes(8).toString("hex");

/** The ids that are not stored in time. */
async function missing({ stored }: Running, ids: readonly string[]): Promise<string[]> {
  const open = () => Promise.resolve(ids.filter((id) => !stored(id)));
  return until(40, open, (left) => left.length === 0);
}

/** Certificates of one authority for all tiers. */
async function issueAll(authority: Authority): Promise<void> {
  for (const tier of tiers) await authority.issue(folderOf(tier), [tier, "localhost"]);
}

/** What a server answers to an empty request for spans: a gRPC status. */
function ask(port: number, how: ChannelCredentials): Promise<number> {
  const client = new Client(`localhost:${port}`, how);
  const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  const same = (value: Buffer) => value;
  return new Promise<number>((resolve) =>
    client.makeUnaryRequest(path, same, same, Buffer.alloc(0), { deadline: Date.now() + 5000 }, (error) =>
      resolve(error ? error.code : status.OK),
    ),
  ).finally(() => client.close());
}

const read = (of: string, file: string) => readFileSync(join(of, file));

/** A client that trusts the authority of the tiers and shows the certificate of a folder, if any. */
const client = (own?: string): ChannelCredentials =>
  own === undefined
    ? credentials.createSsl(read(folderOf("jaeger"), files.authority))
    : credentials.createSsl(read(folderOf("jaeger"), files.authority), read(own, files.certificateKey), read(own, files.certificate));

/** Whether a server takes a TLS connection of at most a version. */
const shakesHands = (port: number, maxVersion: "TLSv1.2" | "TLSv1.3"): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, maxVersion }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });

/** Whether anybody listens at a port. */
const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });

test.each<[Mode, boolean]>([
  ["off", true],
  ["accept", true],
  ["both", false],
  ["on", false],
])("with %s a span is stored, and a capture between the tiers shows its text: %s", async (mode, shown) => {
  await issueAll(await Authority.make(join(folder(), "authority")));
  await tiersOf(all(mode), async (running) => {
    const id = newId();
    expect(await running.send(id)).toBe(200);
    expect(await missing(running, [id])).toEqual([]);
    expect(running.stored(secret)).toBe(true);
    const captures = running.wires.map((wire) => wire.text());
    expect(captures.map((text) => text.length > 300)).toEqual([true, true]);
    expect(captures.map((text) => text.includes(secret))).toEqual([shown, shown]);
  });
});

test("with on, plain text, no certificate and one of another authority are refused, as is TLS 1.2", async () => {
  await issueAll(await Authority.make(join(folder(), "authority")));
  const stranger = join(folder(), "stranger");
  await (await Authority.make(join(folder(), "other"))).issue(stranger, ["otel-collector", "localhost"]);
  await tiersOf(all("on"), async ({ at }) => {
    for (const [port, plainPort] of [
      [at["otel-sampler"](ports.collector.otlpGrpcTls), at["otel-sampler"](ports.collector.otlpGrpc)],
      [at.jaeger(ports.jaeger.otlpGrpcTls), at.jaeger(ports.jaeger.otlpGrpc)],
    ]) {
      expect(plainPort).toBeUndefined();
      const answers = {
        own: await ask(port!, client(folderOf("otel-sampler"))),
        plain: await ask(port!, credentials.createInsecure()),
        nobody: await ask(port!, client()),
        stranger: await ask(port!, client(stranger)),
      };
      expect(answers).toEqual({ own: status.OK, plain: status.UNAVAILABLE, nobody: status.UNAVAILABLE, stranger: status.UNAVAILABLE });
      expect([await shakesHands(port!, "TLSv1.3"), await shakesHands(port!, "TLSv1.2")]).toEqual([true, false]);
    }
    const others = [ports.jaeger.otlpHttp, ports.jaeger.jaegerGrpc, ports.jaeger.jaegerThriftHttp].map(at.jaeger);
    expect(others).toEqual([undefined, undefined, undefined]);
  });
});

test("with both, servers take plain text too", async () => {
  await issueAll(await Authority.make(join(folder(), "authority")));
  await tiersOf(all("both"), async ({ at }) => {
    for (const port of [at["otel-sampler"](ports.collector.otlpGrpc), at.jaeger(ports.jaeger.otlpGrpc)]) {
      expect(await listens(port)).toBe(true);
      expect(await ask(port, credentials.createInsecure())).toBe(status.OK);
    }
  });
});

// As in an update: Jaeger is rolled first, then the samplers, then the gateways.
const steps: readonly (readonly [Mode, Mode])[] = [
  ["off", "both"],
  ["both", "on"],
  ["on", "both"],
  ["both", "accept"],
  ["accept", "off"],
];
const midway = steps.flatMap(([from, to]) => [
  { from, to, modes: { jaeger: to, "otel-sampler": from, "otel-collector": from } },
  { from, to, modes: { jaeger: to, "otel-sampler": to, "otel-collector": from } },
]);

test.each(midway)("between $from and $to spans pass: $modes", async ({ modes }) => {
  await issueAll(await Authority.make(join(folder(), "authority")));
  await tiersOf(modes, async (running) => {
    const id = newId();
    expect(await running.send(id)).toBe(200);
    expect(await missing(running, [id])).toEqual([]);
  });
});

test("a gateway whose certificate is of another authority gets nothing through, and is let in with the right one", async () => {
  const authority = await Authority.make(join(folder(), "authority"));
  await issueAll(authority);
  await (await Authority.make(join(folder(), "other"))).issue(folderOf("otel-collector"), ["otel-collector"]);
  await tiersOf(all("on"), async (running) => {
    const id = newId();
    expect(await running.send(id)).toBe(503);
    await sleep(2000);
    expect(running.stored(id)).toBe(false);
  });
  await authority.issue(folderOf("otel-collector"), ["otel-collector"]);
  await tiersOf(all("on"), async (running) => {
    expect(await running.send(newId())).toBe(200);
  });
});

test("a renewal of all certificates and of their authority under load loses no acknowledged span, and needs no restart", async () => {
  const authority = await Authority.make(join(folder(), "authority"));
  await issueAll(authority);
  await tiersOf(all("on"), async (running) => {
    const serverShows = (tier: "otel-sampler" | "jaeger") => servedSerial(running.at[tier](ports.jaeger.otlpGrpcTls));
    const before = [await serverShows("otel-sampler"), await serverShows("jaeger")];
    const acknowledged: string[] = [];
    const load = { sent: 0, over: false };
    const sends = (async () => {
      while (!load.over) {
        const id = newId();
        load.sent += 1;
        if ((await running.send(id)) === 200) acknowledged.push(id);
        await sleep(10);
      }
    })();
    await sleep(1500);
    await authority.renew();
    await issueAll(authority);
    await sleep(2000);
    // Connections that are there stay; a renewed certificate is shown on the next one.
    running.wires.forEach((wire) => wire.cut());
    const shown = [await serverShows("otel-sampler"), await serverShows("jaeger")];
    await sleep(3000);
    load.over = true;
    await sends;
    expect(shown.filter((serial, i) => serial === before[i])).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(50);
    // A client that is told to try again has lost nothing; but a renewal is no reason to be told so.
    expect(load.sent - acknowledged.length).toBe(0);
    expect(await missing(running, acknowledged)).toEqual([]);
  });
});

/** The serial number of the certificate that a server shows. */
const servedSerial = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on("error", reject);
  });
