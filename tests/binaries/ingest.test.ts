/** Rung: binaries. HAProxy tells senders apart, counts and refuses them, and takes new tokens without losing a request. */
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { Agent } from "node:http";
import * as http2 from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import { haproxyConfig, healthPath, receivers, type IngestPlace, type Receiver } from "../../configs/ingest/haproxy";
import { ingestPlace } from "../../configs/ingest/place";
import { tokenLine } from "../../configs/ingest/senders";
import { addressesOf } from "../../configs/topology";
import { settingsWith } from "../support/settings";
import { sharedFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";
import { Dns } from "./support/dns";
import { fewer, page, path, Proxy, Receivers, type Answer } from "./support/proxy";

const folder = sharedFolder();
const token = (letter: string) => letter.repeat(40);
const [right, wrong, expired, revoked] = [token("r"), token("w"), token("e"), token("v")] as const;
const senders = [{ name: "shop" }, { name: "old", expires: "2020-01-01" }];
const modes = ["report", "require"] as const;
const settingsOf = (mode: (typeof modes)[number], own: readonly object[] = senders) =>
  settingsWith({ images: "local", ingest: { mode, senders: own } });
const tokens = { shop: `${right}\n`, old: tokenLine(expired) };
const everyReceiver = Object.keys(receivers) as Receiver[];

let upstream: Receivers;
const proxies: Proxy[] = [];
const start = async (
  ...[settings, own, change]: [Parameters<typeof Proxy.start>[0], Record<string, string>, ((text: string) => string)?]
) => {
  const proxy = await Proxy.start(settings, upstream, own, change);
  proxies.push(proxy);
  return proxy;
};
beforeAll(async () => {
  upstream = await new Receivers().start();
});
afterEach(async () => {
  upstream.got.length = 0;
  for (const proxy of proxies.splice(0)) await proxy.stop();
});
afterAll(() => upstream.stop());

function check(text: string) {
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, text);
  return spawnSync("haproxy", ["-c", "-f", file], { env: { PATH: path }, encoding: "utf8" });
}

describe("HAProxy", () => {
  const kubernetes = { platform: "kubernetes", environment: "staging" };
  const many = Array.from({ length: 50 }, (_, i) => ({ name: `sender-${i}`, expires: "2027-01-01" }));
  test.each<[string, Record<string, unknown>]>([
    ["on Docker", { ingest: { mode: "require", senders } }],
    ["on Docker, reporting", { ingest: { mode: "report" } }],
    ["on Kubernetes", { ...kubernetes, ingest: { mode: "require", senders: many, tokensSecret: "tokens" } }],
    ["on Kubernetes, by default", kubernetes],
  ])("accepts its config %s", (_what, groups) => {
    const settings = settingsWith({ images: "local", ...groups });
    const map = join(folder, "senders.map");
    writeFileSync(map, "");
    const place: IngestPlace = { ...ingestPlace(addressesOf(settings)), senders: map, listenBackend: "127.0.0.1" };
    const { status, stderr } = check(haproxyConfig(settings, place));
    expect([status, stderr.replace(/.*(could not resolve address|NOTICE).*\n/g, "")]).toEqual([0, ""]);
  });

  test("would refuse a keyword that it does not know", () => {
    const { status, stderr } = check("defaults\n  mode http\n  option idle-close-at-response\n");
    expect(status).toBe(1);
    expect(stderr).toContain("idle-close-at-response");
  });

  test("is of a version that the config is written for", () => {
    expect(execFileSync("haproxy", ["-v"], { env: { PATH: path }, encoding: "utf8" })).toMatch(/^HAProxy version (2\.[6-9]|3\.)/);
  });
});

/** What a client is told, in short. */
const told = ({ status, grpc }: Answer) => (grpc === undefined ? status : `grpc ${grpc}`);
const final = (receiver: Receiver) => (receivers[receiver] === "grpc" ? "grpc 16" : 401);
const taken = (receiver: Receiver) => (receivers[receiver] === "grpc" ? "grpc 0" : 200);

const credentials: [string, string | undefined, string][] = [
  ["no token", undefined, "anonymous"],
  ["a wrong token", wrong, "unknown"],
  ["an expired token", expired, "expired:old"],
  ["a revoked token", revoked, "unknown"],
  ["the right token", right, "accepted:shop"],
];

describe.each(modes)("with mode %s", (mode) => {
  test.each(credentials)(
    "a request with %s gets the answer that it should, on every port, and is counted",
    async (_what, credential, backend) => {
      const proxy = await start(settingsOf(mode), { ...tokens, shop: `${right}\n${revoked}\n` });
      proxy.tokens("shop", `${right}\n`);
      await proxy.reloaded(1);
      const passes = mode === "report" || credential === right;
      for (const receiver of everyReceiver)
        expect([receiver, told(await proxy.send(receiver, credential))]).toEqual([receiver, passes ? taken(receiver) : final(receiver)]);
      expect(await proxy.requests()).toEqual({ [backend]: everyReceiver.length });
      expect(upstream.got.map(({ receiver }) => receiver)).toEqual(passes ? everyReceiver : []);
      // No credential goes further.
      expect(upstream.got.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
    },
  );
});

describe("requests in Zstandard", () => {
  const senders = [{ name: "shop" }, { name: "trusted", zstandard: true }];
  const own = { shop: token("s"), trusted: token("t") };
  const header = (receiver: Receiver) => (receivers[receiver] === "grpc" ? "grpc-encoding" : "content-encoding");
  const send = async (proxy: Proxy, name: keyof typeof own, receiver: Receiver, encoding: string) =>
    told(await proxy.send(receiver, own[name], undefined, undefined, undefined, { [header(receiver)]: encoding }));

  test.each(["zstd", "ZSTD", "gzip, zstd"])("(%s) are refused for good, on every port, unless the sender may use it", async (encoding) => {
    const proxy = await start(settingsOf("require", senders), own);
    for (const receiver of everyReceiver) {
      expect([receiver, await send(proxy, "shop", receiver, encoding)]).toEqual([
        receiver,
        receivers[receiver] === "grpc" ? "grpc 12" : 415,
      ]);
      expect([receiver, await send(proxy, "trusted", receiver, encoding)]).toEqual([receiver, taken(receiver)]);
      expect([receiver, await send(proxy, "shop", receiver, "gzip")]).toEqual([receiver, taken(receiver)]);
    }
    expect(await proxy.requests()).toEqual({ "zstandard:shop": 4, "accepted:shop": 4, "accepted:trusted": 4 });
    expect(upstream.got).toHaveLength(8);
  });

  test("are counted only, where nobody is refused", async () => {
    const proxy = await start(settingsOf("report", senders), own);
    for (const receiver of everyReceiver) expect(await send(proxy, "shop", receiver, "zstd")).toBe(taken(receiver));
    expect(await proxy.requests()).toEqual({ "zstandard:shop": 4 });
  });
});

describe("a sender above its limits", () => {
  const limited = [{ name: "loud", limits: { requestsPerSecond: 1 } }, { name: "quiet" }];
  const own = { loud: token("l"), quiet: token("q") };
  const sendMany = async (proxy: Proxy, name: keyof typeof own, receiver: Receiver, count: number) => {
    const answers: (string | number)[] = [];
    for (let i = 0; i < count; i++) answers.push(told(await proxy.send(receiver, own[name])));
    return answers.filter((answer) => answer !== taken(receiver));
  };

  test.each<[Receiver, string | number]>([
    ["otlpGrpc", "grpc 14"],
    ["otlpHttp", 429],
  ])("is told at %s to try again later, and its neighbour is not", async (receiver, later) => {
    const proxy = await start(settingsOf("require", limited), own);
    expect(await sendMany(proxy, "loud", receiver, 25)).toEqual(Array.from({ length: 15 }, () => later));
    expect(await sendMany(proxy, "quiet", receiver, 25)).toEqual([]);
    expect(await proxy.requests()).toEqual({ "accepted:loud": 10, "limited:loud": 15, "accepted:quiet": 25 });
  });

  test("is told when to come back, and gets its rate while it goes on trying", async () => {
    const proxy = await start(settingsOf("require", limited), own);
    await sendMany(proxy, "loud", "otlpHttp", 12);
    expect((await proxy.send("otlpHttp", own.loud)).headers["retry-after"]).toBe("5");
    // Refused requests do not count: a client that does not wait gets through as often as one that does.
    const began = Date.now();
    let passed = 0;
    while (Date.now() - began < 14_000) {
      if ((await proxy.send("otlpHttp", own.loud)).status === 200) passed++;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(passed).toBeGreaterThanOrEqual(4);
    expect(passed).toBeLessThanOrEqual(16);
  }, 30_000);

  test("in a burst is refused too, before its ten seconds' worth is spent", async () => {
    const proxy = await start(settingsOf("require", [{ name: "loud", limits: { requestsPerSecond: 10 } }]), { loud: own.loud });
    const burst = await Promise.all(Array.from({ length: 60 }, () => proxy.send("otlpHttp", own.loud)));
    const passed = burst.filter(({ status }) => status === 200).length;
    expect(passed).toBeGreaterThanOrEqual(30);
    expect(passed).toBeLessThanOrEqual(40);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    expect((await proxy.send("otlpHttp", own.loud)).status).toBe(200);
  });

  test("in bytes is refused too", async () => {
    const heavy = [{ name: "loud", limits: { bytesPerSecond: "1Mi" } }];
    const proxy = await start(settingsOf("require", heavy), { loud: own.loud });
    const answers: number[] = [];
    for (const bytes of [4, 4, 4, 0, 0]) answers.push((await proxy.send("otlpHttp", own.loud, Buffer.alloc(bytes * 1024 * 1024))).status);
    expect(answers).toEqual([200, 200, 200, 429, 429]);
  });

  test("with requests that do not end takes its own places only, and the next ones wait for theirs", async () => {
    // An eighth of 256 MiB holds eight requests of 4 MiB.
    const proxy = await start(settingsOf("require", [{ name: "loud" }, { name: "quiet" }]), own);
    const head = `POST /v1/traces HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${own.loud}\r\nContent-Length: 1000\r\n\r\n`;
    const sockets = Array.from({ length: 8 }, () => connect(proxy.place.ports.otlpHttp, "127.0.0.1"));
    for (const socket of sockets) socket.on("error", () => undefined).write(`${head}a`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    let answered = false;
    const waiting = proxy.send("otlpHttp", own.loud).finally(() => (answered = true));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(answered).toBe(false);
    expect((await proxy.send("otlpHttp", own.quiet)).status).toBe(200);
    sockets[0]?.destroy();
    expect((await waiting).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  test("is counted only, where nobody is refused", async () => {
    const proxy = await start(settingsOf("report", limited), own);
    expect(await sendMany(proxy, "loud", "otlpGrpc", 25)).toEqual([]);
    expect(await proxy.requests()).toEqual({ "accepted:loud": 10, "limited:loud": 15 });
    expect(upstream.got).toHaveLength(25);
  });
});

test("tokens and mode change under load without a failed request", async () => {
  const [first, second] = [token("1"), token("2")];
  // More than the clients manage.
  const fast = [
    { name: "shop", limits: { requestsPerSecond: 2000, bytesPerSecond: "100Mi" } },
    { name: "old", expires: "2020-01-01" },
  ];
  const proxy = await start(settingsOf("report", fast), { shop: first, old: expired });
  const failed: string[] = [];
  let sent = 0;
  let going = true;
  let current = first;
  const client = async (receiver: Receiver) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let session: http2.ClientHttp2Session | undefined;
    while (going) {
      // As gRPC's clients do, a new connection when the server has said that it ends this one.
      if (receivers[receiver] === "grpc" && (session === undefined || session.closed || session.destroyed))
        session = http2.connect(`http://127.0.0.1:${proxy.place.ports[receiver]}`);
      sent++;
      const answer = await proxy.send(receiver, current, Buffer.alloc(2000), session ?? agent).catch((error: unknown) => String(error));
      // What the server has not begun to read, gRPC's clients send again on another connection.
      if (typeof answer === "string" && answer.endsWith(` ${http2.constants.NGHTTP2_REFUSED_STREAM}`)) {
        session?.close();
        session = undefined;
        continue;
      }
      if (typeof answer === "string" || told(answer) !== taken(receiver))
        failed.push(typeof answer === "string" ? answer : String(told(answer)));
      await new Promise((resolve) => setTimeout(resolve, 8));
    }
    session?.close();
    agent.destroy();
  };
  const clients = [...everyReceiver, ...everyReceiver].map(client);
  proxy.configure(settingsOf("require", fast));
  await proxy.reloaded(1);
  proxy.tokens("shop", `${first}\n${second}\n`);
  await proxy.reloaded(2);
  current = second;
  await new Promise((resolve) => setTimeout(resolve, 500));
  proxy.tokens("shop", tokenLine(second));
  await proxy.reloaded(3);
  going = false;
  await Promise.all(clients);
  expect(failed).toEqual([]);
  expect(sent).toBeGreaterThan(500);
  expect(told(await proxy.send("otlpHttp", first))).toBe(401);
}, 60_000);

describe("the script", () => {
  test("leaves short tokens out, and says whose", async () => {
    const proxy = await start(settingsOf("require"), { shop: "short\n" });
    expect(proxy.output).toContain("a token of shop is shorter than 32 characters: left out");
    expect(proxy.output).not.toContain("short\n");
    expect(told(await proxy.send("otlpHttp", "short"))).toBe(401);
  });

  test("goes on with the old config where HAProxy does not accept the new one", async () => {
    const proxy = await start(settingsOf("require"), tokens);
    proxy.configure(settingsOf("require"), (text) => text.replace("mode http", "mode htpp"));
    await proxy.reloaded(1, "does not accept the new files");
    expect(told(await proxy.send("otlpHttp", right))).toBe(200);
    proxy.configure(settingsOf("report"));
    await proxy.reloaded(1);
    expect(told(await proxy.send("otlpHttp", undefined))).toBe(200);
  });

  test("ends HAProxy when it is told to end", async () => {
    const proxy = await start(settingsOf("require"), tokens);
    expect(await proxy.stop()).toBeLessThan(5000);
    await expect(page(proxy.place.own.health, healthPath)).rejects.toThrow();
  });
});

describe("a client", () => {
  test.each<[Receiver, number]>([
    ["otlpHttp", 60_000],
    ["jaegerThriftHttp", 60_000],
    ["otlpGrpc", 3_000_000],
  ])("that sends much to %s without a token is told so", async (receiver, bytes) => {
    const proxy = await start(settingsOf("require"), tokens);
    expect(told(await proxy.send(receiver, undefined, Buffer.alloc(bytes)))).toBe(final(receiver));
    expect(told(await proxy.send(receiver, right, Buffer.alloc(bytes)))).toBe(taken(receiver));
    expect(upstream.got.map((got) => got.bytes)).toEqual([bytes]);
  });

  test.each<["require" | "report", number]>([
    ["require", 10],
    ["report", 15],
  ])("with mode %s, has %i of 15 connections, and a client at another address is served", async (mode, kept) => {
    const proxy = await start(settingsWith({ images: "local", ingest: { mode, senders, connectionsPerAddress: 10 } }), tokens);
    const port = proxy.place.ports.otlpHttp;
    const sockets = Array.from({ length: 15 }, () => connect(port, "127.0.0.1"));
    for (const socket of sockets) socket.on("error", () => undefined).write("POST /v1/traces HTTP/1.1\r\n");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(sockets.filter((socket) => !socket.destroyed && !socket.readableEnded && socket.readyState === "open")).toHaveLength(kept);
    const elsewhere = new Agent({ localAddress: "127.0.0.2" });
    expect((await proxy.send("otlpHttp", right, undefined, elsewhere)).status).toBe(200);
    elsewhere.destroy();
    for (const socket of sockets) socket.destroy();
  });

  test("that is refused again and again is refused before it has sent its request", async () => {
    const proxy = await start(settingsOf("require"), tokens);
    const refusal = () =>
      new Promise<string>((resolve) => {
        const socket = connect(proxy.place.ports.otlpHttp, "127.0.0.1", () =>
          socket.write("POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\na"),
        );
        socket.on("error", () => undefined);
        socket.once("data", (answer) => {
          socket.destroy();
          resolve(answer.toString().split(" ", 2)[1] ?? "");
        });
      });
    // It was waited for, in vain.
    expect(await refusal()).toBe("408");
    await Promise.all(Array.from({ length: 210 }, refusal));
    expect(await refusal()).toBe("401");
  }, 30_000);

  test.each(modes)("that takes all connections does not make the proxy look as if it were down, with mode %s", async (mode) => {
    const proxy = await start(settingsOf(mode), tokens, fewer);
    await proxy.fill(300);
    await proxy.healthy();
    expect(await proxy.requests()).toEqual({});
  });

  test("that never ends its headers is cut off", async () => {
    const proxy = await start(settingsOf("require"), tokens);
    const began = Date.now();
    const answer = await new Promise<string>((resolve) => {
      let text = "";
      const socket = connect(proxy.place.ports.otlpHttp, "127.0.0.1", () => socket.write("POST /v1/traces HTTP/1.1\r\nHost: a\r\n"));
      const drip = setInterval(() => socket.write("x-a: b\r\n"), 1000);
      socket.on("data", (chunk) => (text += chunk.toString()));
      socket.on("error", () => undefined);
      socket.on("close", () => {
        clearInterval(drip);
        resolve(text);
      });
    });
    expect(answer).toContain("408");
    expect(Date.now() - began).toBeLessThan(15_000);
  }, 30_000);

  test("with headers of more than 64 KiB is refused", async () => {
    const proxy = await start(settingsOf("require"), tokens);
    const url = `http://127.0.0.1:${proxy.place.ports.otlpHttp}/v1/traces`;
    const { status } = await fetch(url, { method: "POST", headers: { "x-a": "a".repeat(70_000) } });
    // HAProxy 3.0 and 3.2.
    expect([400, 431]).toContain(status);
  });

  test("is told to connect anew when its connection is old", async () => {
    const proxy = await start(settingsOf("require"), tokens, (text) =>
      text.replace("date,sub(sess.start) ge 60", "date,sub(sess.start) ge 2"),
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const header = async () => (await proxy.send("otlpHttp", right, undefined, agent)).headers.connection;
    expect(await header()).not.toBe("close");
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await header()).toBe("close");
    agent.destroy();
  });

  test("of other ways to log in has no token that anybody knows", async () => {
    const proxy = await start(settingsOf("require"), tokens);
    const answer = await fetch(`http://127.0.0.1:${proxy.place.ports.otlpHttp}/v1/traces`, {
      method: "POST",
      headers: { authorization: `Basic ${right}` },
    });
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(await proxy.requests()).toEqual({ unknown: 1 });
  });
});

test("a receiver that does not answer is told as temporary, in every protocol", async () => {
  const gone = await new Receivers().start();
  gone.stop();
  const proxy = await Proxy.start(settingsOf("require"), gone, tokens);
  proxies.push(proxy);
  expect((await proxy.send("otlpHttp", right)).status).toBe(503);
  // gRPC's clients read both as UNAVAILABLE. HAProxy 3.2 answers 502.
  const temporary = [502, 503];
  const { status } = await until(
    5,
    () => proxy.send("otlpGrpc", right),
    (answer) => temporary.includes(answer.status),
  );
  expect(temporary).toContain(status);
});

describe("where the Collector's address is not known when the proxy starts", () => {
  const dns = new Dns();
  let resolver: string;
  beforeAll(async () => {
    resolver = await dns.start();
  });
  afterAll(() => dns.stop());

  test("every receiver is found once it is known; until then no other one takes its requests", async () => {
    const place = { upstream: { host: "otel-collector.example.test", ports: upstream.ports }, resolver };
    const proxy = await Proxy.start(settingsOf("require"), upstream, tokens, undefined, place);
    proxies.push(proxy);
    const answers = async () => {
      const all: (string | number)[] = [];
      for (const receiver of everyReceiver) all.push(told(await proxy.send(receiver, right)));
      return all;
    };
    const all = (answer: (receiver: Receiver) => string | number) => everyReceiver.map(answer);
    expect(await answers()).toEqual(all(() => 503));
    dns.address = "127.0.0.1";
    expect(await until(15, answers, (found) => !found.includes(503))).toEqual(all(taken));
    expect(new Set(upstream.got.map(({ receiver }) => receiver))).toEqual(new Set(everyReceiver));
  }, 30_000);
});
