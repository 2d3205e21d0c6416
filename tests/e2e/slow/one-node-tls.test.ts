/**
 * Rung: real systems end to end. A stack on Kubernetes with a single Elasticsearch node, without its cluster: the node changes to TLS and keeps
 * its data, all its clients find it, and a renewed certificate needs no restart.
 */
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { elasticsearchHasTls } from "../../../configs/topology/kubernetes";
import { imageReference } from "../../../configs/images";
import { files, paths, ports } from "../../../configs/topology/ports";
import type { Settings } from "../../../configs/stack/schema";
import { Authority } from "../../support/certificates";
import { settingsWith } from "../../support/settings";
import { eventually } from "../../support/waiting";
import { Pods } from "../lib/pods";

jest.setTimeout(10 * 60_000);

const settingsOf = (tls: "off" | "external") =>
  settingsWith({
    platform: "kubernetes",
    environment: "staging",
    images: "local",
    elasticsearch: { memory: "1Gi", tls, snapshots: { store: "volume" } },
  });

const folder = mkdtempSync(join(tmpdir(), "tracing-test-"));
const pods = new Pods(folder);
let authority: Authority;

/** A page of a service. A question without an answer is asked again. */
const page = (url: string) => fetch(url, { signal: AbortSignal.timeout(5_000) });

/** Waits until something is so. */
const holds = (what: string, seconds: number, is: () => Promise<boolean>) =>
  eventually(what, seconds, async () => ((await is()) ? true : undefined));

/** The files are mounted with the host's modes, and read by other users. */
async function issue(): Promise<void> {
  const secret = pods.secret("elasticsearch-tls");
  await authority.issue(secret, ["elasticsearch", "localhost"]);
  for (const file of readdirSync(secret)) chmodSync(join(secret, file), 0o644);
}

/** Starts what writes and reads traces, each when the one before is ready. */
async function up(settings: Settings): Promise<void> {
  for (const service of ["jaeger", "elasticsearch-setup", "elasticsearch"] as const) await pods.stop(service);
  for (const service of ["elasticsearch", "elasticsearch-setup"] as const) {
    await pods.start(settings, service, service === "elasticsearch" ? [ports.elasticsearch.http] : []);
    await holds(`${service} is ready`, 150, () => pods.ready(settings, service));
  }
  await pods.start(settings, "jaeger", [ports.jaeger.otlpHttp, ports.jaeger.query]);
  const port = await pods.port("jaeger", ports.jaeger.query);
  await holds("Jaeger answers", 60, async () => (await page(`http://127.0.0.1:${port}/api/v3/services`)).ok);
}

/** Sends a trace of one span; its id. */
async function send(): Promise<string> {
  const traceId = randomBytes(16).toString("hex");
  const time = `${Date.now()}000000`;
  const span = { traceId, spanId: traceId.slice(16), name: "GET /", kind: 2, startTimeUnixNano: time, endTimeUnixNano: time };
  const port = await pods.port("jaeger", ports.jaeger.otlpHttp);
  const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  });
  expect(answer.status).toBe(200);
  return traceId;
}

/** Waits until Jaeger shows a trace. */
async function isFound(traceId: string): Promise<void> {
  const port = await pods.port("jaeger", ports.jaeger.query);
  await holds(`trace ${traceId} is found`, 60, async () =>
    (await (await page(`http://127.0.0.1:${port}/api/traces/${traceId}`)).text()).includes(`"spanID":"${traceId.slice(16)}"`),
  );
}

beforeAll(async () => {
  chmodSync(folder, 0o755);
  authority = await Authority.make(join(folder, "authority"));
  await pods.open();
  await issue();
});
afterAll(async () => {
  await pods.close(imageReference("elasticsearch", { source: "local" }));
  rmSync(folder, { recursive: true });
});

const secure = settingsOf("external");

test("a node without TLS gets it: its traces stay, and new ones are written and found", async () => {
  expect([settingsOf("off"), secure].map(elasticsearchHasTls)).toEqual([false, true]);
  await up(settingsOf("off"));
  const before = await send();
  await isFound(before);
  await up(secure);
  await isFound(before);
  await isFound(await send());
});

test("it refuses plain text, and a client that trusts another authority", async () => {
  const url = (scheme: string) => `${scheme}://elasticsearch:${ports.elasticsearch.http}/`;
  const curl = (...words: string[]) => pods.exec("elasticsearch-setup", ["curl", "--silent", "--show-error", "--max-time", "5", ...words]);
  expect((await curl(url("http"))).output).toContain("Empty reply");
  expect((await curl(url("https"))).output).toContain("certificate");
  expect(await curl("--cacert", `${paths.authority}/${files.authority}`, url("https"))).toMatchObject({ ok: true });
});

test("the cleaner, the exporter, the snapshots and the restore reach it", async () => {
  expect(await pods.runOnce(secure, "index-cleaner")).toMatchObject({ ok: true });
  await pods.start(secure, "elasticsearch-exporter", [ports.elasticsearchExporter.http]);
  const port = await pods.port("elasticsearch-exporter", ports.elasticsearchExporter.http);
  await holds("the exporter tells the health", 30, async () =>
    (await (await page(`http://127.0.0.1:${port}/metrics`)).text()).includes(
      'elasticsearch_cluster_health_status{cluster="tracing",color="green"} 1',
    ),
  );
  expect(await pods.runOnce(secure, "elasticsearch-snapshots")).toMatchObject({ ok: true });
  const restore = await pods.exec("elasticsearch-setup", ["/bin/bash", `${paths.config}/${files.restore}`]);
  expect(restore).toMatchObject({ ok: true });
  expect(restore.stdout).toContain("SUCCESS");
});

test("a renewed certificate is shown without a restart, to clients that go on", async () => {
  const shown = async () => {
    const port = await pods.port("elasticsearch", ports.elasticsearch.http);
    return new Promise<string>((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
        resolve(createHash("sha256").update(socket.getPeerCertificate().raw).digest("hex"));
        socket.destroy();
      });
      socket.on("error", reject);
    });
  };
  const before = await shown();
  await authority.renew();
  await issue();
  await holds("the new certificate is shown", 60, async () => (await shown()) !== before);
  await isFound(await send());
  expect(await pods.runOnce(secure, "index-cleaner")).toMatchObject({ ok: true });
});
