/** HAProxy with the stack's own script and config, in front of receivers that only count. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get, request as httpRequest, type Agent, type IncomingHttpHeaders } from "node:http";
import * as http2 from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { haproxyConfig, healthPath, receivers, type IngestPlace, type ProxySettings, type Receiver } from "../../../configs/ingest/haproxy";
import { ingestScript } from "../../../configs/ingest/script";
import { tokenSecret } from "../../../configs/ingest/senders";
import { files } from "../../../configs/topology/ports";
import { sleep } from "../../../cli/machine/run";
import { eventually } from "../../support/waiting";
import { freePorts } from "./programs";

/** Programs of a system's administrator are not on everybody's PATH. */
export const path = `${process.env.PATH ?? ""}:/usr/sbin:/usr/local/sbin`;

/** What a client was told. */
export interface Answer {
  /** Status of HTTP, and for gRPC its own: 0 is success. */
  readonly status: number;
  readonly grpc?: number;
  readonly headers: IncomingHttpHeaders;
}

const receiverNames = Object.keys(receivers) as readonly Receiver[];

/** What a receiver got. */
export interface Got {
  readonly receiver: Receiver;
  readonly authorization: string | undefined;
  readonly bytes: number;
}

/** Receivers in place of the Collector's: each takes everything. */
export class Receivers {
  readonly got: Got[] = [];
  private readonly servers: Server[] = [];
  readonly ports = {} as Record<Receiver, number>;

  async start(): Promise<this> {
    for (const name of receiverNames) {
      const server = receivers[name] === "grpc" ? this.grpc(name) : this.http(name);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      this.ports[name] = (server.address() as AddressInfo).port;
      this.servers.push(server);
    }
    return this;
  }

  stop(): void {
    for (const server of this.servers) server.close();
  }

  private http(receiver: Receiver): Server {
    return createServer((request, response) => {
      let bytes = 0;
      request.on("data", (chunk: Buffer) => (bytes += chunk.length));
      request.on("end", () => {
        this.got.push({ receiver, authorization: request.headers.authorization, bytes });
        response.end("{}");
      });
    });
  }

  private grpc(receiver: Receiver): Server {
    const server = http2.createServer();
    server.on("stream", (stream, headers) => {
      let bytes = 0;
      stream.on("error", () => undefined);
      stream.on("data", (chunk: Buffer) => (bytes += chunk.length));
      stream.on("end", () => {
        this.got.push({ receiver, authorization: headers.authorization, bytes });
        stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.end(Buffer.alloc(5));
      });
    });
    return server;
  }
}

/** Edits the text of a config: a fortieth of all connections. */
export const fewer = (text: string): string =>
  text.replace(/ maxconn (\d{4,})$/gm, (_, most: string) => ` maxconn ${Math.floor(Number(most) / 40)}`);

/** A running proxy. */
export class Proxy {
  readonly folder = mkdtempSync(join(tmpdir(), "tracing-ingest-"));
  /** Folders of its own certificate, and of the authority of its clients. */
  readonly certificate = join(this.folder, "certificate");
  readonly clientAuthority = join(this.folder, "client-authority");
  private child: ChildProcess | undefined;
  private readonly opened: Socket[] = [];
  output = "";

  private constructor(readonly place: IngestPlace) {}

  /** Starts the proxy; `change` edits the text of its config, `place` says where the receivers are if not on loopback, and `prepare` makes certificates. */
  static async start(
    settings: ProxySettings,
    upstream: Pick<Receivers, "ports">,
    tokens: Readonly<Record<string, string>>,
    change: (text: string) => string = (text) => text,
    place: Partial<Pick<IngestPlace, "upstream" | "resolver">> = {},
    prepare: (proxy: Proxy) => Promise<void> = () => Promise.resolve(),
  ): Promise<Proxy> {
    const [otlpGrpc, otlpHttp, jaegerGrpc, jaegerThriftHttp, health, metrics] = (await freePorts(6)) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const proxy = new Proxy({
      listen: "127.0.0.1",
      listenBackend: "127.0.0.1",
      ports: { otlpGrpc, otlpHttp, jaegerGrpc, jaegerThriftHttp },
      own: { health, metrics },
      upstream: { host: "127.0.0.1", ports: upstream.ports },
      senders: "",
      tls: { certificate: "", clientAuthority: "", sockets: "" },
      ...place,
    });
    const own = {
      config: join(proxy.folder, "haproxy.cfg"),
      tokens: join(proxy.folder, "tokens"),
      certificates: [files.certificate, files.certificateKey].map((name) => join(proxy.certificate, name)),
      senders: join(proxy.folder, "senders.map"),
    };
    Object.assign(proxy.place, {
      senders: own.senders,
      tls: {
        certificate: join(proxy.certificate, files.certificate),
        clientAuthority: join(proxy.clientAuthority, files.authority),
        sockets: proxy.folder,
      },
    });
    await prepare(proxy);
    mkdirSync(own.tokens);
    proxy.configure(settings, change);
    for (const [name, lines] of Object.entries(tokens)) proxy.tokens(name, lines);
    const script = join(proxy.folder, "ingest.sh");
    writeFileSync(script, ingestScript(own));
    const child = spawn("sh", [script], { env: { PATH: path }, stdio: ["ignore", "pipe", "pipe"] });
    proxy.child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (proxy.output += chunk.toString()));
    await eventually("HAProxy is ready", 10, async () => {
      if (child.exitCode !== null) throw new Error(proxy.output);
      await page(health, healthPath);
      return true;
    });
    return proxy;
  }

  /** Writes the config file. */
  configure(settings: ProxySettings, change: (text: string) => string = (text) => text): void {
    writeFileSync(join(this.folder, "haproxy.cfg"), change(haproxyConfig(settings, this.place)));
  }

  /** Writes the tokens of a sender, one per line. */
  tokens(sender: string, lines: string): void {
    writeFileSync(join(this.folder, "tokens", tokenSecret(sender)), lines);
  }

  /** Waits until the script says that it has reloaded HAProxy `times` times, or that it could not. */
  async reloaded(times: number, what = "reloaded: "): Promise<void> {
    await eventually(what, 10, () => Promise.resolve(this.output.split(what).length > times || undefined));
    // The new process takes over a moment after the signal.
    await new Promise((resolve) => setTimeout(resolve, 700));
  }

  /** Requests so far, by backend. */
  async requests(): Promise<Readonly<Record<string, number>>> {
    const page = await this.metrics();
    const found = page.matchAll(/^haproxy_backend_http_requests_total\{proxy="([^"]+)"\} (\d+)$/gm);
    const counts = [...found].map(([, name, count]): [string, number] => [name ?? "", Number(count)]);
    return Object.fromEntries(counts.filter(([, count]) => count !== 0));
  }

  /** Opens connections that begin a request and never end it, until the proxy ends. */
  async fill(connections: number): Promise<void> {
    for (let i = 0; i < connections; i++) {
      const socket = connect(this.place.ports.otlpHttp, "127.0.0.1", () => socket.write("P"));
      socket.on("error", () => undefined);
      this.opened.push(socket);
    }
    await sleep(1000);
  }

  /** Asks it as an engine or a kubelet does, which waits for a few seconds. */
  async healthy(): Promise<void> {
    const late = sleep(3000).then(() => Promise.reject(new Error("no answer in three seconds")));
    await Promise.race([page(this.place.own.health, healthPath), late]);
  }

  metrics = (): Promise<string> => page(this.place.own.metrics, "/metrics");

  /** Sends a request to a receiver, in its protocol; `more` are further headers. */
  send(
    receiver: Receiver,
    token: string | undefined,
    body = Buffer.alloc(20),
    connection?: Agent | http2.ClientHttp2Session,
    tls?: TlsClient,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...more };
    const port = this.place.ports[receiver];
    if (receivers[receiver] === "http") return sendHttp(port, headers, body, connection as Agent | undefined, tls);
    return sendGrpc(port, headers, body, connection as http2.ClientHttp2Session | undefined, tls);
  }

  /** Ends it as an engine does, and tells how long that took, ms. */
  async stop(): Promise<number> {
    const { child } = this;
    for (const socket of this.opened) socket.destroy();
    const began = Date.now();
    if (child && child.exitCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
    return Date.now() - began;
  }
}

/** A page, by a connection of its own: an open one would keep the proxy from ending. */
export const page = (port: number, at: string): Promise<string> =>
  new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: at, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => (response.statusCode === 200 ? resolve(text) : reject(new Error(`status ${response.statusCode}`))));
    }).on("error", reject);
  });

/** What a client of TLS trusts, and the certificate that it shows, if any: PEM. */
export interface TlsClient {
  readonly ca: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly maxVersion?: "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
}

function sendHttp(port: number, own: object, body: Buffer, agent: Agent | undefined, tls?: TlsClient): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/x-protobuf", "content-length": body.length, ...own };
    const make = tls ? httpsRequest : httpRequest;
    const request = make(
      { host: "127.0.0.1", servername: "localhost", port, path: "/v1/traces", method: "POST", headers, agent: agent ?? false, ...tls },
      (response) => {
        response.resume();
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

function sendGrpc(
  port: number,
  own: object,
  body: Buffer,
  session: http2.ClientHttp2Session | undefined,
  tls?: TlsClient,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const connection =
      session ?? (tls ? http2.connect(`https://localhost:${port}`, { ...tls }) : http2.connect(`http://127.0.0.1:${port}`));
    connection.setMaxListeners(0).on("error", reject);
    const stream = connection.request({
      ":method": "POST",
      ":path": "/x/Export",
      "content-type": "application/grpc",
      te: "trailers",
      ...own,
    });
    let headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
    let trailers: http2.IncomingHttpHeaders = {};
    stream.on("response", (found) => (headers = found));
    stream.on("trailers", (found: http2.IncomingHttpHeaders) => (trailers = found));
    stream.on("error", () => undefined);
    stream.on("close", () => {
      if (!session) connection.close();
      const grpc = headers["grpc-status"] ?? trailers["grpc-status"];
      if (headers[":status"] === undefined) reject(new Error(`no answer; the stream ended with ${stream.rstCode}`));
      else resolve({ status: headers[":status"], grpc: grpc === undefined ? undefined : Number(grpc), headers });
    });
    stream.resume();
    stream.end(body);
  });
}
