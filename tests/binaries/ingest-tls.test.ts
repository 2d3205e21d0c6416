/**
 * Rung: binaries. TLS from applications to the proxy, by the real HAProxy: every port with TLS and without, client certificates in place of tokens,
 * certificates that are renewed, and what a capture shows.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { join } from "node:path";
import { connect } from "node:tls";
import { receivers, type Receiver } from "../../configs/ingest/haproxy";
import { files } from "../../configs/topology/ports";
import { Authority } from "../support/certificates";
import { settingsWith } from "../support/settings";
import { sharedFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";
import { fewer, Proxy, Receivers, type Answer, type TlsClient } from "./support/proxy";

jest.setTimeout(60_000);
const folder = sharedFolder();
const right = "r".repeat(40);
const tokens = { shop: `${right}\n` };
const everyReceiver = Object.keys(receivers) as Receiver[];
type Mode = "off" | "both" | "on";

/** A stack whose proxy has a mode of TLS; with client certificates where TLS is taken. */
const settingsOf = (tls: Mode, mode: "report" | "require" = "require", certificates: readonly string[] = ["shop.example"]) =>
  settingsWith({
    platform: "kubernetes",
    environment: "staging",
    images: "local",
    ingest: {
      mode,
      senders: [{ name: "shop", certificates: tls === "off" ? [] : certificates }, { name: "chat" }],
      tokensSecret: "tokens",
      tls: { mode: tls, clientAuthoritySecret: tls === "off" ? undefined : "clients" },
    },
  });

let upstream: Receivers;
let servers: Authority;
let clients: Authority;
const proxies: Proxy[] = [];

/** Gives a proxy its certificate, and the authority of its clients. */
async function prepare(proxy: Proxy): Promise<void> {
  await servers.issue(proxy.certificate, ["otel-collector", "localhost"]);
  mkdirSync(proxy.clientAuthority, { recursive: true });
  writeFileSync(join(proxy.clientAuthority, files.authority), readFileSync(join(folder, "clients", files.authority)));
}

async function start(settings: ReturnType<typeof settingsOf>): Promise<Proxy> {
  const proxy = await Proxy.start(settings, upstream, tokens, undefined, undefined, prepare);
  proxies.push(proxy);
  return proxy;
}

const read = (from: string, file: string) => readFileSync(join(folder, from, file));

/** A client that trusts the proxy's authority, and shows the certificate of a folder, if any. */
const client = (own?: string): TlsClient => ({
  ca: read("servers", files.authority),
  cert: own === undefined ? undefined : read(own, files.certificate),
  key: own === undefined ? undefined : read(own, files.certificateKey),
});

beforeAll(async () => {
  upstream = await new Receivers().start();
  servers = await Authority.make(join(folder, "servers"));
  clients = await Authority.make(join(folder, "clients"));
  const day = 24 * 3_600_000;
  await clients.issue(join(folder, "shop"), ["shop.example"]);
  await clients.issue(join(folder, "nobody"), ["nobody.example"]);
  await clients.issueUntil(join(folder, "expired"), "shop.example", new Date(Date.now() - day));
  await (await Authority.make(join(folder, "others"))).issue(join(folder, "foreign"), ["shop.example"]);
});
afterEach(async () => {
  upstream.got.length = 0;
  for (const proxy of proxies.splice(0)) await proxy.stop();
});
afterAll(() => upstream.stop());

/** What a client is told, in short: a status, or that there was no answer. */
const told = (answer: Promise<Answer>): Promise<number | string> =>
  answer.then(
    ({ status, grpc }) => (grpc === undefined ? status : `grpc ${grpc}`),
    () => "no answer",
  );
const taken = (receiver: Receiver) => (receivers[receiver] === "grpc" ? "grpc 0" : 200);
const final = (receiver: Receiver) => (receivers[receiver] === "grpc" ? "grpc 16" : 401);

/** What a request is told at each port. */
async function everywhere(proxy: Proxy, token: string | undefined, tls: TlsClient | undefined) {
  const answers: Partial<Record<Receiver, number | string>> = {};
  for (const receiver of everyReceiver) answers[receiver] = await told(proxy.send(receiver, token, undefined, undefined, tls));
  return answers;
}
const each = (answer: (receiver: Receiver) => number | string) => Object.fromEntries(everyReceiver.map((name) => [name, answer(name)]));

describe.each<[Mode, { plain: string | undefined; tls: string | undefined }]>([
  ["off", { plain: "accepted:shop", tls: undefined }],
  ["both", { plain: "plaintext:shop", tls: "accepted:shop" }],
  ["on", { plain: undefined, tls: "accepted:shop" }],
])("with mode %s", (mode, backends) => {
  test.each(["plain", "tls"] as const)(
    "a request by %s gets the answer that it should, on every port, and is counted",
    async (transport) => {
      const proxy = await start(settingsOf(mode));
      const backend = backends[transport];
      const answers = await everywhere(proxy, right, transport === "tls" ? client() : undefined);
      expect(answers).toEqual(each((receiver) => (backend === undefined ? (expect.any(String) as string) : taken(receiver))));
      expect(await proxy.requests()).toEqual(backend === undefined ? {} : { [backend]: everyReceiver.length });
      expect(upstream.got.map(({ receiver }) => receiver)).toEqual(backend === undefined ? [] : everyReceiver);
      expect(upstream.got.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
    },
  );
});

test.each(["both", "on"] as const)("connections that take all there are do not make the proxy look down, with mode %s", async (mode) => {
  const proxy = await Proxy.start(settingsOf(mode, "report"), upstream, tokens, fewer, undefined, prepare);
  proxies.push(proxy);
  await proxy.fill(300);
  await proxy.healthy();
});

/** Connections that failed in the handshake: those before it, less those after it. */
async function failedHandshakes(proxy: Proxy): Promise<number> {
  const page = await proxy.metrics();
  const count = (what: string) => Number(new RegExp(`^haproxy_frontend_${what}_total\\{proxy="ingest"\\} (\\d+)$`, "m").exec(page)?.[1]);
  return count("connections") - count("sessions");
}

/** Whether a handshake succeeds. */
const shakesHands = (port: number, options: object): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca: read("servers", files.authority), ...options }, () => {
      socket
        .on("close", () => resolve(true))
        .resume()
        .end();
    });
    socket.on("error", () => resolve(false));
  });

describe.each(["both", "on"] as const)("the handshake with mode %s", (mode) => {
  test("takes TLS 1.2 and 1.3, with HTTP/2 for gRPC alone; failures are counted", async () => {
    const proxy = await start(settingsOf(mode));
    const { otlpGrpc, otlpHttp } = proxy.place.ports;
    const old = { minVersion: "TLSv1", ciphers: "DEFAULT:@SECLEVEL=0" };
    const weak = { maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256" };
    expect(await shakesHands(otlpHttp, { minVersion: "TLSv1.3" })).toBe(true);
    expect(await shakesHands(otlpHttp, { maxVersion: "TLSv1.2" })).toBe(true);
    expect(await failedHandshakes(proxy)).toBe(0);
    expect(await shakesHands(otlpHttp, { ...old, maxVersion: "TLSv1.1" })).toBe(false);
    expect(await shakesHands(otlpHttp, weak)).toBe(false);
    expect(await shakesHands(otlpHttp, { ca: read("clients", files.authority) })).toBe(false);
    expect(
      await until(
        5,
        () => failedHandshakes(proxy),
        (count) => count === 3,
      ),
    ).toBe(3);
    const speaks = (port: number) =>
      new Promise((resolve, reject) => {
        const ALPNProtocols = ["h2", "http/1.1"];
        const socket = connect(
          { port, host: "127.0.0.1", servername: "localhost", ca: read("servers", files.authority), ALPNProtocols },
          () => {
            resolve(socket.alpnProtocol);
            socket.destroy();
          },
        ).on("error", reject);
      });
    expect([await speaks(otlpGrpc), await speaks(otlpHttp)]).toEqual(["h2", "http/1.1"]);
  });
});

test("with on, plain text is counted as a handshake that failed", async () => {
  const proxy = await start(settingsOf("on"));
  await everywhere(proxy, right, undefined);
  expect(
    await until(
      5,
      () => failedHandshakes(proxy),
      (count) => count === everyReceiver.length,
    ),
  ).toBe(everyReceiver.length);
  expect(upstream.got).toEqual([]);
});

// The certificate, the token, the backend that counts the request, and whether it passes.
const credentials: [string, string | undefined, string | undefined, string, boolean][] = [
  ["no certificate", undefined, undefined, "anonymous", false],
  ["the sender's certificate", "shop", undefined, "accepted:shop", true],
  ["a certificate that no sender has", "nobody", undefined, "unknown", false],
  ["a certificate of another authority", "foreign", undefined, "untrusted", false],
  ["an expired certificate", "expired", undefined, "untrusted", false],
  ["the sender's certificate, and a wrong token", "shop", "w".repeat(40), "accepted:shop", true],
  ["an expired certificate, and the right token", "expired", right, "accepted:shop", true],
  ["a wrong token alone", undefined, "w".repeat(40), "unknown", false],
];

describe.each(["report", "require"] as const)("client certificates with mode %s", (mode) => {
  test.each(credentials)("a request with %s gets the answer that it should, on every port, and is counted", async (...row) => {
    const [, certificate, token, backend, passes] = row;
    const proxy = await start(settingsOf("on", mode));
    const lets = passes || mode === "report";
    expect(await everywhere(proxy, token, client(certificate))).toEqual(each(lets ? taken : final));
    expect(await proxy.requests()).toEqual({ [backend]: everyReceiver.length });
    expect(upstream.got.map(({ receiver }) => receiver)).toEqual(lets ? everyReceiver : []);
  });
});

test("a certificate is refused once its name is taken out of the settings", async () => {
  const proxy = await start(settingsOf("on"));
  expect(await told(proxy.send("otlpHttp", undefined, undefined, undefined, client("shop")))).toBe(200);
  proxy.configure(settingsOf("on", "require", ["shop-2.example"]));
  await proxy.reloaded(1);
  expect(await told(proxy.send("otlpHttp", undefined, undefined, undefined, client("shop")))).toBe(401);
  expect(await told(proxy.send("otlpGrpc", undefined, undefined, undefined, client("shop")))).toBe("grpc 16");
});

test("a certificate that ends while its connection goes on is refused from then on", async () => {
  const proxy = await start(settingsOf("on"));
  await clients.issueUntil(join(folder, "brief"), "shop.example", new Date(Date.now() + 4000));
  const session = connectHttp2(`https://localhost:${proxy.place.ports.otlpGrpc}`, { ...client("brief") });
  const send = () => told(proxy.send("otlpGrpc", undefined, undefined, session));
  expect(await send()).toBe("grpc 0");
  expect(await until(10, send, (answer) => answer !== "grpc 0")).toBe("grpc 16");
  session.close();
  expect(await proxy.requests()).toMatchObject({ untrusted: 1 });
});

/** The serial number of the certificate that a port shows. */
const servedSerial = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca: read("servers", files.authority) }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    }).on("error", reject);
  });

test("files that do not fit each other, or are not there, leave the certificate as it was until they do", async () => {
  const proxy = await start(settingsOf("on"));
  const port = proxy.place.ports.otlpHttp;
  const before = await servedSerial(port);
  rmSync(join(proxy.certificate, files.certificateKey));
  await proxy.reloaded(1, "does not accept the new files");
  expect(await servedSerial(port)).toBe(before);
  expect(await told(proxy.send("otlpHttp", right, undefined, undefined, client()))).toBe(200);
  await prepare(proxy);
  await proxy.reloaded(1);
  expect(await servedSerial(port)).not.toBe(before);
});
