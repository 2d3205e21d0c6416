/**
 * Rung: cluster. Prod, scaled to fit one small node, under 500 spans/s: a graceful roll or the deletion of any one pod loses nothing that was
 * acknowledged; so does the deletion of one of Elasticsearch's three nodes. The ledger judges. A kill may cost what was not decided yet: with rates
 * that only fall from rule to rule a span waits for a decision no longer than it takes to write it to disk.
 */
import { join } from "node:path";
import { imageReference } from "../../configs/images";
import { ports } from "../../configs/topology";
import { must, run, sleep } from "../../scripts/lib/run";
import { killed, kubectl, images, ledgerProgram, TestStack, withPort, withSecret, type Application } from "./support/cluster";
import { overlayWithOpenFiles, wantedFiles } from "./support/open-files";

jest.setTimeout(10 * 60_000);

const prod = new TestStack("prod", "prod");
let application: Application;

/** Every trace is kept, so that every span must be there; the rest is prod's, in a size for one node, with certificates made here. */
const scaled = {
  sampling: { default: 100 },
  elasticsearch: { nodes: 3, memory: "1Gi", cpu: "1", storage: "2Gi", tls: "external", bootstrap: "true" },
  collector: { replicas: 2, maxReplicas: 2, memory: "256Mi", cpu: "300m" },
  sampler: { replicas: 2, memory: "512Mi", cpu: "300m" },
  jaeger: { replicas: 2, collectors: 2, memory: "256Mi", cpu: "200m" },
  prometheus: { memory: "256Mi", cpu: "200m", storage: "1Gi" },
};

beforeAll(async () => {
  application = await prod.application(imageReference("busybox", { source: images === "local" ? "local" : "official" }));
  const files = (await application.run("sh", "-c", "ulimit -Hn")).stdout.trim();
  await prod.render(scaled);
  const enough = files === "unlimited" || Number(files) >= wantedFiles;
  if (!enough) console.warn(`pods may open ${files} files only: Elasticsearch is told that they may open ${wantedFiles}`);
  await prod.up(makeCertificates, enough ? undefined : await overlayWithOpenFiles(prod.folder, prod.namespace));
  await application.install(await ledgerProgram(), "ledger");
}, 1_200_000);
afterAll(() => prod.delete(), 600_000);

/** The Secret that `tls: external` wants: an authority, and a certificate that all nodes share. */
async function makeCertificates(): Promise<void> {
  const file = (name: string) => join(prod.folder, name);
  const key = ["-newkey", "rsa:2048", "-noenc"];
  const hosts = ["localhost", "elasticsearch", "*.elasticsearch-pods", `elasticsearch.${prod.namespace}`].map((host) => `DNS:${host}`);
  const authority = ["-keyout", file("ca.key"), "-out", file("ca.crt"), "-days", "2", "-subj", "/CN=test"];
  await must("openssl", ["req", "-x509", ...key, ...authority]);
  const usage = "extendedKeyUsage=serverAuth,clientAuth";
  const extensions = ["-addext", `subjectAltName=${hosts.join(",")}`, "-addext", usage];
  const own = ["-keyout", file("tls.key"), "-out", file("tls.crt"), "-days", "2", "-subj", "/CN=elasticsearch"];
  await must("openssl", ["req", "-x509", "-CA", file("ca.crt"), "-CAkey", file("ca.key"), ...key, ...own, ...extensions]);
  const files = ["tls.crt", "tls.key", "ca.crt"].map((name) => `--from-file=${file(name)}`);
  await prod.kubectl("create", "secret", "generic", "elasticsearch-tls", ...files);
}

interface Verdict {
  readonly acknowledged: number;
  readonly stored: number;
  readonly lost: number;
  readonly splitTraces: number;
  readonly unexpected: number;
}

/** Sends 500 spans/s while something happens to the stack; returns what became of the spans. */
async function during(name: string, disturbance: () => Promise<unknown>): Promise<Verdict> {
  const file = `/work/${name}`;
  const endpoint = `otel-collector.${prod.namespace}:${ports.collector.otlpGrpc}`;
  const flags = ["--endpoint", endpoint, "--insecure", "--rate", "500", "--duration", "60s", "--retry-for", "60s", "--out", file];
  const sending = application.run("/work/ledger", "send", ...flags);
  await sleep(10_000);
  await disturbance();
  const sent = await sending;
  if (!sent.stdout.includes("{")) throw new Error(`the ledger sent nothing: ${sent.output}`);
  const copy = join(prod.folder, name);
  await kubectl("cp", "--retries=3", `${application.namespace}/${application.name}:${file}`, copy);
  return withSecret(prod.namespace, "elasticsearch-password", "password", (password) =>
    withPort(prod.namespace, "service/elasticsearch", ports.elasticsearch.http, async (local) => {
      const args = ["verify", "--ledger", copy, "--elasticsearch", `https://localhost:${local}`, "--ca-file", join(prod.folder, "ca.crt")];
      const { stdout, output } = await run(
        await ledgerProgram(),
        [...args, "--password-file", password, "--settle", "30s", "--wait", "240s"],
        { timeout: 400_000 },
      );
      if (!stdout.includes("{")) throw new Error(output);
      const verdict = JSON.parse(stdout) as Verdict;
      console.log(`${name}: ${JSON.stringify(verdict)}`);
      return verdict;
    }),
  );
}

/** Names of a workload's pods. */
const podsOf = async (name: string) =>
  (await prod.kubectl("get", "pods", "-l", `app.kubernetes.io/name=${name}`, "-o", "jsonpath={.items[*].metadata.name}")).split(" ");

const nothingLost = { lost: 0, splitTraces: 0, unexpected: 0 };

test.each(["otel-collector", "otel-sampler", "jaeger-collector", "elasticsearch"])(
  "the deletion of a pod of %s loses nothing acknowledged",
  async (name) => {
    const verdict = await during(`delete-${name}`, async () => {
      const [pod = ""] = await podsOf(name);
      await prod.kubectl("delete", "pod", pod, "--wait=false");
    });
    expect(verdict).toMatchObject(nothingLost);
    expect(verdict.acknowledged).toBeGreaterThan(25_000);
  },
  700_000,
);

test("a roll of both tiers loses nothing acknowledged", async () => {
  const verdict = await during("roll", async () => {
    await prod.kubectl("rollout", "restart", "deployment/otel-collector", "statefulset/otel-sampler");
  });
  expect(verdict).toMatchObject(nothingLost);
  expect(verdict.acknowledged).toBeGreaterThan(25_000);
}, 700_000);

test("a sampler that is killed costs at most what was undecided: less than a second of its share", async () => {
  const verdict = await during("kill", async () => {
    const [pod = ""] = await podsOf("otel-sampler");
    await killed(prod.namespace, pod);
  });
  expect(verdict.acknowledged).toBeGreaterThan(25_000);
  expect(verdict.lost).toBeLessThan(500);
}, 700_000);
