/**
 * Rung: binaries-slow. TLS to the APIs of the real Prometheus and Alertmanager: a capture shows no operation's name, plain text is refused from the
 * network, half-rolled services find each other, clients trust no other authority, and a renewal fails no query.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Agent } from "node:https";
import { join } from "node:path";
import { constants, gunzipSync } from "node:zlib";
import { sleep } from "../../cli/machine/run";
import { passwordFile } from "../../configs/elasticsearch/users";
import { serviceGraphScript, serviceGraphStarted } from "../../configs/jaeger/service-graph";
import { metrics } from "../../configs/prometheus/metrics";
import { kubernetesTopology } from "../../configs/topology/kubernetes";
import { authorityFolder, files, paths, ports } from "../../configs/topology/ports";
import { Authority } from "../support/certificates";
import { httpServer, type HttpServer } from "../support/http-server";
import { temporaryFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";
import { withAlertmanagerPod, withPrometheusPod, type ApiPod } from "./support/api-pod";
import { ask, servedSerial, type Asked } from "./support/ask";
import { loopback, podAddress, withJaegerPod } from "./support/jaeger-pod";
import { olderJaeger } from "./support/older-jaeger";
import { run } from "./support/programs";
import { recorder, type Recorder } from "./support/recorder";
import { stagingWith, type Mode } from "./support/tls-modes";

jest.setTimeout(120_000);
const folder = temporaryFolder();

const settingsOf = (mode: Mode) => stagingWith(mode, { otherImages: olderJaeger });

/** The name of an operation, which only spans and their metrics have. */
const secret = "GET /patients/rare-illness";

const certificates = () => join(folder(), "certificates");
let authority: Authority;
const issue = (name: string, by = authority) => by.issue(certificates(), [name, "localhost"]);
/** A folder with another authority's certificate. */
async function foreign(): Promise<string> {
  const other = join(folder(), "foreign");
  await (await Authority.make(join(folder(), "other"))).issue(other, ["prometheus", "alertmanager", "localhost"]);
  return other;
}

/** A page of metrics of spans, whose counts grow. */
let spans: HttpServer;
beforeEach(async () => {
  authority = await Authority.make(join(folder(), "authority"));
  await issue("prometheus");
  let calls = 0;
  spans = await httpServer((_request, response) => {
    calls += 10;
    const labels = `service_name="shop",span_name="${secret}",span_kind="SPAN_KIND_SERVER"`;
    response.setHeader("Content-Type", "text/plain; version=0.0.4");
    response.end(`# TYPE ${metrics.calls.name} counter\n${metrics.calls.name}{${labels}} ${calls}\n`);
  });
});
afterEach(() => spans.close());

/** Runs Prometheus as a pod of a mode. */
const withPrometheus = (mode: Mode, meanwhile: (pod: ApiPod) => Promise<void>): Promise<void> =>
  withPrometheusPod(
    { settings: settingsOf(mode), folder: join(folder(), "prometheus"), certificates: certificates() },
    { scraped: `${loopback}:${spans.port}` },
    meanwhile,
  );

/** The address at which clients of a mode call Prometheus. */
const calledUrl = (mode: Mode): URL => new URL(kubernetesTopology(settingsOf(mode)).prometheus!.url);

/** Between Prometheus and its clients of a mode. */
const wireTo = (mode: Mode, { at }: ApiPod): Promise<Recorder> => recorder(() => at(Number(calledUrl(mode).port)) ?? 1, podAddress);

const trusted = (of = certificates()) => readFileSync(join(of, files.authority));

/** Asks Prometheus as clients of a mode do, for the operations that it knows. */
const called = (mode: Mode, { at }: ApiPod): Asked => {
  const { protocol, port, hostname } = calledUrl(mode);
  const path = `/api/v1/query?query=${encodeURIComponent(metrics.calls.name)}`;
  return { scheme: protocol, host: podAddress, port: at(Number(port)) ?? 1, path, authority: trusted(), name: hostname };
};

/** Until Prometheus has scraped. */
const known = (to: Asked) =>
  until(
    15,
    () => ask(to),
    (text) => text.includes(secret),
  );

/** What the Monitor tab of a Jaeger of a mode shows; `trust` is the folder with the authority that it trusts. */
async function monitor(mode: Mode, wire: Recorder, trust = certificates()): Promise<string> {
  const own = join(folder(), "jaeger");
  await authority.issue(own, ["jaeger"]);
  writeFileSync(join(own, files.authority), trusted(trust));
  let shown = "";
  const { origin, protocol } = calledUrl(mode);
  const change = (text: string) => text.replaceAll(origin, `${protocol}//localhost:${wire.port}`);
  await withJaegerPod(own, { settings: settingsOf(mode), change }, async (at) => {
    const query = { service: "shop", groupByOperation: "true", lookback: "600000", step: "5000", ratePer: "600000", spanKind: "server" };
    // It listens on loopback in every mode, as a port-forward finds it.
    const page = () => `/api/metrics/calls?${new URLSearchParams({ ...query, endTs: String(Date.now()) }).toString()}`;
    const host = mode === "on" ? loopback : podAddress;
    const answers = () => ask({ scheme: "http:", host, port: at(ports.jaeger.query)!, path: page() });
    shown = await until(10, answers, (text) => text.includes(secret) || text.includes("error"));
  });
  return shown;
}

test.each<[Mode, boolean]>([
  ["off", true],
  ["accept", true],
  ["both", false],
  ["on", false],
])("with %s Jaeger's Monitor tab shows the operation, and a capture of what Prometheus said shows its name: %s", async (mode, shown) => {
  await withPrometheus(mode, async (pod) => {
    const wire = await wireTo(mode, pod);
    await known(called(mode, pod));
    expect(await monitor(mode, wire)).toContain(secret);
    wire.close();
    expect(wire.text().length).toBeGreaterThan(500);
    expect(unpacked(wire).includes(secret)).toBe(shown);
  });
});

/** What passed, with what Prometheus has compressed, as whoever captures it can read it. */
function unpacked(wire: Recorder): string {
  const bytes = Buffer.from(wire.text(), "latin1");
  const starts = [...bytes.keys()].filter((i) => bytes.readUIntBE(i, Math.min(3, bytes.length - i)) === 0x1f8b08);
  const read = (start: number) => {
    try {
      return gunzipSync(bytes.subarray(start), { finishFlush: constants.Z_SYNC_FLUSH }).toString();
    } catch {
      return "";
    }
  };
  return [wire.text(), ...starts.map(read)].join("\n");
}

test("Jaeger's Monitor tab shows nothing of a Prometheus with a certificate of another authority, or of another name", async () => {
  const other = await foreign();
  await withPrometheus("on", async (pod) => {
    const wire = await wireTo("on", pod);
    expect(await monitor("on", wire, other)).toMatch(/certificate signed by unknown authority/);
    wire.close();
    await known(called("on", pod));
    expect(await ask({ ...called("on", pod), name: "jaeger" })).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  });
  await authority.issue(certificates(), ["jaeger"]);
  await withPrometheus("on", async (pod) => {
    const wire = await wireTo("on", pod);
    expect(await monitor("on", wire)).toMatch(/certificate is valid for jaeger, not localhost/);
    wire.close();
  });
});

test("with on, plain text is refused from the network, and answered to a port-forward, which comes by loopback", async () => {
  await withPrometheus("on", async (pod) => {
    const { path } = called("on", pod);
    const plain = { scheme: "http:", port: pod.at(ports.prometheus.http)!, path };
    expect(await known({ ...plain, host: loopback })).toContain(secret);
    expect(await ask({ ...plain, host: podAddress })).toBe("ECONNREFUSED");
    expect(await ask({ ...plain, host: podAddress, port: pod.at(ports.prometheus.httpTls)! })).not.toContain(secret);
  });
});

test("the kubelet's probes reach Prometheus by TLS, and the proxy's own page tells of the proxy alone", async () => {
  let tls: Asked | undefined;
  await withPrometheus("on", async (pod) => {
    tls = called("on", pod);
    expect(await ask({ ...tls, path: "/-/ready" })).toBe("Prometheus Server is Ready.\n");
    expect(await ask({ ...tls, path: "/-/healthy" })).toBe("Prometheus Server is Healthy.\n");
    expect(await ask({ ...tls, path: "/healthz" })).toContain("200 OK");
  });
  expect(await ask(tls!)).toBe("ECONNREFUSED");
});

// As in an update: with Pulumi, Jaeger is rolled first. With `kubectl apply`, Prometheus may be.
const neighbours: readonly (readonly [Mode, Mode])[] = [
  ["off", "accept"],
  ["accept", "both"],
  ["both", "on"],
];
const halves = neighbours.flatMap(([one, other]) => [
  { server: one, client: other },
  { server: other, client: one },
]);

test.each(halves)("a Prometheus with $server answers Jaeger's Monitor tab with $client", async ({ server, client }) => {
  await withPrometheus(server, async (pod) => {
    const wire = await wireTo(client, pod);
    await known(called(client, pod));
    expect(await monitor(client, wire)).toContain(secret);
    wire.close();
  });
});

test("a renewed certificate is shown without a restart, and no query fails meanwhile", async () => {
  await withPrometheus("on", async (pod) => {
    const to = called("on", pod);
    await known(to);
    const before = await servedSerial(to.port, podAddress);
    // Both keep connections, as the clients do, and make new ones.
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    let [running, asked] = [true, 0];
    const failures: string[] = [];
    const load = ([agent, undefined] as const).map(async (own) => {
      while (running) {
        const text = await ask({ ...to, agent: own });
        asked++;
        if (!text.includes(secret)) failures.push(text);
        await sleep(10);
      }
    });
    for (let times = 1; times <= 2; times++) {
      await authority.renew();
      await issue("prometheus");
      await until(
        20,
        async () => pod.printed().split("reloaded: certificates").length > times,
        (reloaded) => reloaded,
      );
      await sleep(1000);
    }
    running = false;
    await Promise.all(load);
    agent.destroy();
    expect(failures).toEqual([]);
    expect(asked).toBeGreaterThan(200);
    expect(await servedSerial(to.port, podAddress)).not.toBe(before);
  });
});

test("a certificate that does not fit its key changes nothing", async () => {
  await withPrometheus("on", async (pod) => {
    const to = called("on", pod);
    const before = await servedSerial(to.port, podAddress);
    const trust = to.authority;
    writeFileSync(join(certificates(), files.certificate), readFileSync(join(await foreign(), files.certificate)));
    await until(
      20,
      async () => pod.printed(),
      (text) => text.includes("does not accept the new files"),
    );
    expect(pod.printed()).toContain("goes on with the old ones");
    expect(await servedSerial(to.port, podAddress)).toBe(before);
    expect(await known({ ...to, authority: trust })).toContain(secret);
  });
});

test.each<["its own" | "another", string]>([
  ["its own", "pause 300\n"],
  ["another", "pause 30\n"],
])("the service graph asks by TLS a Prometheus whose authority is %s, and then says: %s", async (whose, said) => {
  const elasticsearch = await httpServer((request, response) => {
    response.statusCode = request.method === "PUT" ? 201 : 200;
    response.end('{"result":"created"}');
  });
  const settings = settingsOf("on");
  const own = join(folder(), "graph");
  mkdirSync(own);
  writeFileSync(join(own, passwordFile(settings, "graph")), "x");
  const trust = whose === "another" ? await foreign() : certificates();
  await withPrometheus("on", async (pod) => {
    const wire = await wireTo("on", pod);
    const { url } = elasticsearch;
    const text = serviceGraphScript(settings, { ...kubernetesTopology(settings), elasticsearchUrl: url, collectorReports: url })
      .replaceAll(calledUrl("on").origin, `https://localhost:${wire.port}`)
      .replaceAll(authorityFolder("prometheus"), trust)
      .replaceAll(paths.secrets, own)
      .replaceAll(serviceGraphStarted, join(own, "started"))
      .replace("  sleep $pause &\n", "  echo pause $pause; exit\n");
    const script = join(own, files.serviceGraph);
    writeFileSync(script, text);
    const { output } = await run("bash", [script], { seconds: 60 });
    expect(output).toMatch(new RegExp(`${said}$`));
    expect(/SSL certificate problem/.test(output)).toBe(whose === "another");
    wire.close();
    expect(wire.text()).not.toContain(metrics.graphCalls.name);
  });
  await elasticsearch.close();
});

/** The alerts that an Alertmanager of a mode has of a Prometheus of another; `trust` is the folder with the authority that Prometheus trusts. */
async function alerts(
  modes: { alertmanager: Mode; prometheus: Mode },
  trust = certificates(),
): Promise<{ found: string; capture: string }> {
  const all = { found: "", capture: "" };
  await authority.issue(certificates(), ["alertmanager"]);
  const server = { settings: settingsOf(modes.alertmanager), folder: join(folder(), "alertmanager"), certificates: certificates() };
  await withAlertmanagerPod(server, async ({ at }) => {
    const port = modes.prometheus === "both" || modes.prometheus === "on" ? ports.alertmanager.httpTls : ports.alertmanager.http;
    const wire = await recorder(() => at(port) ?? 1, podAddress);
    const own = { settings: settingsOf(modes.prometheus), folder: join(folder(), "prometheus"), certificates: certificates() };
    const alertmanager = { target: `localhost:${wire.port}`, authority: trust };
    await withPrometheusPod(own, { scraped: `${loopback}:${spans.port}`, alertmanager, alert: "RareIllness" }, async () => {
      const list = { scheme: "http:", host: loopback, port: at(ports.alertmanager.http)!, path: "/api/v2/alerts" };
      all.found = await until(
        trust === certificates() ? 20 : 5,
        () => ask(list),
        (text) => text.includes("RareIllness"),
      );
    });
    wire.close();
    all.capture = wire.text();
  });
  return all;
}

test.each<[Mode, boolean]>([
  ["accept", true],
  ["on", false],
])("with %s alerts reach Alertmanager, and a capture shows their names: %s", async (mode, shown) => {
  const { found, capture } = await alerts({ alertmanager: mode, prometheus: mode });
  expect(found).toContain("RareIllness");
  expect(capture.length).toBeGreaterThan(200);
  expect(capture.includes("RareIllness")).toBe(shown);
});

test.each(halves)("an Alertmanager with $server takes alerts of a Prometheus with $client", async ({ server, client }) => {
  expect((await alerts({ alertmanager: server, prometheus: client })).found).toContain("RareIllness");
});

test("Prometheus tells no alert to an Alertmanager of another authority", async () => {
  const { found, capture } = await alerts({ alertmanager: "on", prometheus: "on" }, await foreign());
  expect(found).toBe("[]\n");
  expect(capture.length).toBeGreaterThan(0);
});
