/**
 * Rung: cluster. Prod, scaled to fit one small node, under 500 spans/s, judged by the ledger. Where every trace is kept, a graceful roll or the
 * deletion of any one pod loses nothing that was acknowledged; so do the deletion of one of Elasticsearch's three nodes and a roll of all three.
 * With prod's own rates a trace that is under way while samplers come and go may be decided in two places: those are counted, and so is what a
 * sampler's kill costs.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageReference } from "../../configs/images";
import { certified } from "../../configs/elasticsearch/certificates";
import { files } from "../../configs/topology/ports";
import { tierCertificateSecret } from "../../configs/topology/kubernetes";
import { Authority } from "../support/certificates";
import { keptOf } from "../support/oracle";
import { killed, images, ledgerProgram, TestStack } from "./support/cluster";
import { elasticsearchSecret, Load, rate, type Sent, type Verdict } from "./support/load";
import { overlayWithOpenFiles, wantedFiles } from "./support/open-files";

jest.setTimeout(10 * 60_000);

const prod = new TestStack("prod", "prod");
let load: Load;
let manifests = prod.folder;

/** Prod in a size for one node, with certificates made here, and nothing but TLS between the tiers. */
const scaled = (bootstrap: boolean) => ({
  kubernetes: {
    namespace: prod.namespace,
    volumes: "delete",
    nodes: "any",
    zones: "any",
    tls: { mode: "on", certificates: "external" },
  },
  elasticsearch: { nodes: 3, memory: "1Gi", cpu: "1", storage: "4Gi", tls: "external", bootstrap: String(bootstrap) },
  collector: { replicas: 2, maxReplicas: 2, memory: "256Mi", cpu: "300m" },
  sampler: { replicas: 2, memory: "512Mi", cpu: "300m" },
  jaeger: { replicas: 2, collectors: 2, memory: "256Mi", cpu: "200m" },
  prometheus: { memory: "256Mi", cpu: "200m", storage: "1Gi" },
});
/** Every trace is kept, so that every span must be there. */
const everything = { sampling: { default: 100 } };

beforeAll(async () => {
  const application = await prod.application(imageReference("busybox", { source: images === "local" ? "local" : "official" }));
  const limit = (await application.run("sh", "-c", "ulimit -Hn")).stdout.trim();
  await prod.render({ ...scaled(true), ...everything });
  const enough = limit === "unlimited" || Number(limit) >= wantedFiles;
  if (!enough) {
    console.warn(`pods may open ${limit} files only: Elasticsearch is told that they may open ${wantedFiles}`);
    manifests = await overlayWithOpenFiles(prod.folder, prod.namespace);
  }
  await prod.up(makeCertificates, manifests);
  await application.install(await ledgerProgram(), "ledger");
  load = new Load(prod, application);
}, 1_200_000);
afterAll(() => prod.delete(), 600_000);

/** The Secrets that `external` wants: one for Elasticsearch, whose certificate all nodes share, and one for each other service that has one. */
async function makeCertificates(): Promise<void> {
  const authority = await Authority.make(join(prod.scratch, "authority"));
  const hosts = (service: string): [string, ...string[]] => [
    service,
    "localhost",
    `*.${service}-pods`,
    `${service}.${prod.namespace}`,
    `${service}.${prod.namespace}.svc`,
  ];
  const secrets = Object.fromEntries(certified.map((service) => [tierCertificateSecret(service), service]));
  for (const [secret, service] of Object.entries({ ...secrets, [elasticsearchSecret]: "elasticsearch" })) {
    await authority.issue(join(prod.scratch, secret), hosts(service));
    const own = [files.certificate, files.certificateKey, files.authority].map((name) => `--from-file=${join(prod.scratch, secret, name)}`);
    await prod.kubectl("create", "secret", "generic", secret, ...own);
  }
}

/** Names of a workload's pods. */
const podsOf = async (name: string) =>
  (await prod.kubectl("get", "pods", "-l", `app.kubernetes.io/name=${name}`, "-o", "jsonpath={.items[*].metadata.name}")).split(" ");

const killOne = async (name: string) => {
  const [pod = ""] = await podsOf(name);
  await killed(prod.namespace, pod);
};

const nothingLost = { lost: 0, splitTraces: 0, unexpected: 0 };

/** The load was what it should be: a sender that is held up for long proves less than it seems to. */
function expectLoad({ acknowledged }: Verdict, { began, ended }: Sent): void {
  expect(acknowledged).toBeGreaterThan(0.8 * rate * ((ended - began) / 1000));
}

async function expectNothingLost(name: string, disturbance: () => Promise<unknown>): Promise<void> {
  const sent = await load.during(name, disturbance);
  const verdict = await load.verify(sent);
  expect(verdict).toMatchObject(nothingLost);
  expectLoad(verdict, sent);
}

test.each(["otel-collector", "otel-sampler", "jaeger-collector", "elasticsearch"])(
  "the deletion of a pod of %s loses nothing acknowledged",
  (name) =>
    expectNothingLost(`delete-${name}`, async () => {
      const [pod = ""] = await podsOf(name);
      await prod.kubectl("delete", "pod", pod, "--wait=false");
    }),
  900_000,
);

test("a roll of both tiers loses nothing acknowledged", () => expectNothingLost("roll", rollTiers), 900_000);

const rollTiers = () => prod.kubectl("rollout", "restart", "deployment/otel-collector", "statefulset/otel-sampler");

test("Elasticsearch is rolled, node by node, when it need not be bootstrapped any more; nothing is lost, and it stays the same cluster", async () => {
  const cluster = () => load.ask("/_cluster/state/version?filter_path=cluster_uuid");
  const [before, nodes] = [await cluster(), await identities()];
  await prod.render({ ...scaled(false), ...everything });
  await expectNothingLost("roll-elasticsearch", () => prod.apply(manifests));
  // Every node is another, and all that is left of the first start is gone.
  const after = await identities();
  expect(after).toHaveLength(3);
  expect(after.filter((uid) => nodes.includes(uid))).toEqual([]);
  expect(await prod.kubectl("get", "statefulset", "elasticsearch", "-o", "json")).not.toContain("initial_master_nodes");
  expect(await cluster()).toEqual(before);
}, 1_200_000);

const identities = async () =>
  (await prod.kubectl("get", "pods", "-l", "app.kubernetes.io/name=elasticsearch", "-o", "jsonpath={.items[*].metadata.uid}")).split(" ");

test("a Jaeger that collects and is killed costs at most what it had not handed on", async () => {
  const sent = await load.during("kill-jaeger-collector", () => killOne("jaeger-collector"));
  const verdict = await load.verify(sent);
  expectLoad(verdict, sent);
  expect(verdict.unexpected).toBe(0);
  // It answers when spans are in memory, to be written with the next bulk.
  expect(verdict.lost).toBeLessThanOrEqual(rate * bulkSeconds);
}, 900_000);

/** Longer than Jaeger collects spans for a bulk, and than the bulk takes on a machine that is busy. */
const bulkSeconds = 5;

describe("with prod's own rates", () => {
  /** Seconds from a trace's first span to its last, which is its root: until then rules on requests cannot decide. */
  const duration = 2;
  const spans = 5;
  /** Seconds between two looks of a gateway at who the samplers are: that long two gateways may send a trace to two samplers. */
  const look = 5;
  const requests = ["POST /api/auth/login", "POST /api/chat/messages", "GET /api/users/7"].flatMap((request) => ["--operation", request]);
  const flags = ["--spans-per-trace", String(spans), "--trace-duration", `${duration}s`, "--error-percent", "5", ...requests];
  const config = join(prod.scratch, "sampler");

  beforeAll(async () => {
    const rendered = await prod.render(scaled(false));
    const own = rendered.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name.startsWith("otel-sampler"))!;
    mkdirSync(config);
    writeFileSync(join(config, files.collector), (own as unknown as { data: Record<string, string> }).data[files.collector] ?? "");
    await prod.apply(manifests);
    await load.settled();
  }, 600_000);

  /** What became of the load, the traces that the oracle says are kept, and how many of them begin in a second. */
  async function judged(name: string, disturbance: () => Promise<unknown>) {
    const sent = await load.during(name, disturbance, flags);
    const all = await load.traces(sent);
    // The last ones may have been cut off before their root.
    const cut = (duration + 2) * (rate / spans);
    const traces = all.slice(0, -cut);
    const kept = keptOf(config, traces);
    const verdict = await load.verify(sent, kept);
    expectLoad(verdict, sent);
    expect(verdict).toMatchObject({ unexpected: 0, traces: all.length });
    expect(verdict.oversampledTraces).toBeLessThanOrEqual(cut);
    // Neither all nor nothing, so that the comparison says something.
    expect(kept.length).toBeGreaterThan(0.3 * traces.length);
    expect(kept.length).toBeLessThan(0.8 * traces.length);
    return { sent, traces: all, kept, verdict, perSecond: ((kept.length / traces.length) * rate) / spans };
  }

  test("a roll of both tiers parts traces that are under way, and loses no other", async () => {
    const { kept, verdict, perSecond } = await judged("roll-sampled", rollTiers);
    const { lost, splitTraces } = verdict;
    // Each sampler goes and comes back, and half of the ids move each time.
    const bound = (4 * perSecond * (duration + look)) / 2;
    console.log(
      `roll with prod's rates: ${kept.length} of ${verdict.traces} traces are kept, ${splitTraces} of them in part (bound ${bound.toFixed(0)}); ` +
        `${lost} of ${kept.length * spans} spans are lost with it`,
    );
    expect(splitTraces).toBeLessThanOrEqual(bound);
    // The root, with which a trace is decided, is always there.
    expect(lost).toBeLessThanOrEqual(splitTraces * (spans - 1));
  }, 900_000);

  test("a sampler that is killed costs at most what was undecided, and parts traces while it is away", async () => {
    let killedAt = 0;
    const { sent, traces, kept, verdict, perSecond } = await judged("kill-sampler", async () => {
      killedAt = Date.now();
      await killOne("otel-sampler");
    });
    // Half of the ids were its own. They move when it goes, and again when it is back.
    const open = (perSecond * spans * (duration + 1)) / 2;
    const moved = (2 * perSecond * spans * (duration + look)) / 2;
    console.log(
      `kill of a sampler with prod's rates: ${verdict.lost} of ${kept.length * spans} spans to keep are lost ` +
        `(bound: ${open.toFixed(0)} undecided, ${moved.toFixed(0)} of traces that move); ${verdict.splitTraces} traces in part`,
    );
    expect(verdict.lost).toBeLessThanOrEqual(open + moved);
    // Traces begin at an even rate: those that had ended before the kill.
    const share = (killedAt - sent.began - (duration + 1) * 1000) / (sent.ended - sent.began);
    const ended = new Set(traces.slice(0, Math.floor(share * traces.length)).map(({ id }) => id));
    const before = kept.filter((id) => ended.has(id));
    expect(before.length).toBeGreaterThan(perSecond);
    expect((await load.verify({ ...sent, name: "of what had been decided" }, before)).lost).toBe(0);
  }, 900_000);
});
