/** Rung: unit. The commands of a running stack on Kubernetes, as programs, with a stand-in for kubectl and servers in place of Jaeger and others. */
import { join } from "node:path";
import { run, type Outcome } from "../../../cli/machine/run";
import { anySettings } from "../../../cli/stack/stack";
import { secretKey } from "../../../components/platform/kubernetes/pod";
import { stackSender, tokenSecret } from "../../../configs/ingest/senders";
import { projectFolder } from "../../../render/record";
import { requestOf, type Request } from "../../support/otlp-bytes";
import { controller, healthyObjects, pod } from "./support/cluster-objects";
import { list, standInKubectl } from "./support/kubectl";
import { httpServer, type Handler, type HttpServer } from "../../support/http-server";

jest.setTimeout(120_000);

const kubectl = standInKubectl();
const settings = anySettings("staging");
const healthy = healthyObjects(settings);

/** A command as `make` starts it. */
const command = (name: string, env: Readonly<Record<string, string>> = {}, options: { timeout?: number } = {}): Promise<Outcome> =>
  run(process.execPath, ["--import", "tsx", join("cli", "main.ts"), name], {
    cwd: projectFolder,
    env: { ENV: "staging", SERVICE: "", FOLLOW: "", SNAPSHOT: "", YES: "", PROMETHEUS_URL: "", ...env },
    timeout: 60_000,
    ...options,
  });

const servers: HttpServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

/** Listens on loopback; its port. */
async function serve(answer: Handler): Promise<number> {
  const server = await httpServer(answer);
  servers.push(server);
  return server.port;
}

const json =
  (body: unknown): Handler =>
  (_request, response) =>
    void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));

/** A Prometheus that has these alerts, and no series. */
const prometheus =
  (alerts: readonly object[] = []): Handler =>
  (request, ...rest) =>
    json(request.url?.startsWith("/api/v1/alerts") ? { data: { alerts } } : { data: { result: [] } })(request, ...rest);

const forwarded = (service: string, port: number) => ({
  words: new RegExp(`port-forward service/${service} `),
  stdout: `Forwarding from 127.0.0.1:${port} -> 1\n`,
  stays: true as const,
});

const token = "a-token-of-the-stack-itself-00000";
const ownToken = {
  words: new RegExp(`get secret/${tokenSecret(stackSender)} `),
  stdout: JSON.stringify({ data: { [secretKey]: Buffer.from(token).toString("base64") } }),
};

const metrics = { words: /get pods\.metrics/, stdout: list([]) };
const storage = { words: /exec deployment\/elasticsearch-setup .*_cat\/indices/, stdout: "[]\n200" };
const snapshot = JSON.stringify([{ id: "tracing-1", status: "SUCCESS", end_epoch: String(Math.floor(Date.now() / 1000)) }]);
const snapshots = { words: /exec deployment\/elasticsearch-setup .*_cat\/snapshots/, stdout: `${snapshot}\n200` };

test("make status of a healthy stack ends with 0, its verdict in the first line", async () => {
  const port = await serve(prometheus());
  kubectl.answers({ words: /get deployments,/, stdout: list(healthy) }, metrics, forwarded("prometheus", port), storage, snapshots);
  const { ok, stdout } = await command("status");
  expect(stdout.split("\n")[0]).toBe("healthy: stack staging (staging, kubernetes, namespace tracing)");
  expect(stdout).toMatch(/^otel-sampler +healthy +2\/2 +- of 1\.0 GiB +0 +registry\.example\/otel-sampler:1\.2\.3$/m);
  expect(stdout).toMatch(/^snapshots +1 complete, the newest tracing-1 of /m);
  expect(stdout).toMatch(/^lost +none in 24 hours$/m);
  expect(stdout).toMatch(/^canary +/m);
  expect(stdout.trim().split("\n").length).toBeLessThan(30);
  expect(ok).toBe(true);
});

test("make status of an unhealthy stack exits with 1, lists the worst first, and does not wait for silent services", async () => {
  const alert = {
    state: "firing",
    labels: { alertname: "JaegerDown", severity: "critical" },
    annotations: { summary: "No Jaeger answers", runbook: "docs/runbooks/alerts.md#jaegerdown" },
    activeAt: new Date(Date.now() - 600_000).toISOString(),
  };
  const port = await serve(prometheus([alert]));
  const waiting = pod("jaeger", "jaeger-x", { container: { ready: false, state: { waiting: { reason: "ImagePullBackOff" } } } });
  const objects = [...healthyObjects(settings, ["jaeger"]), controller("jaeger", 1), waiting];
  const hangs = { words: /exec deployment/, stays: true as const };
  kubectl.answers({ words: /get deployments,/, stdout: list(objects) }, metrics, forwarded("prometheus", port), hangs);
  const start = Date.now();
  const { ok, stdout } = await command("status");
  expect(Date.now() - start).toBeLessThan(30_000);
  expect(ok).toBe(false);
  expect(stdout.split("\n").slice(0, 6)).toEqual([
    "NOT HEALTHY: stack staging (staging, kubernetes, namespace tracing)",
    "  jaeger: 0 of 1 ready: ImagePullBackOff",
    "    next: kubectl --namespace tracing describe pod/jaeger-x",
    "  JaegerDown fires (critical): No Jaeger answers",
    "    next: docs/runbooks/alerts.md#jaegerdown",
    expect.stringMatching(/^ {2}storage: not known: Elasticsearch is queried from a pod of elasticsearch-setup: /),
  ]);
  expect(stdout).toMatch(/^JaegerDown +critical +10 min +No Jaeger answers$/m);
});

test("make status of a stack that is not deployed", async () => {
  kubectl.answers({ words: /get deployments,/, stdout: list([]) }, metrics, { words: /get namespace tracing/, stdout: "{}" });
  const { ok, stdout } = await command("status");
  expect(ok).toBe(false);
  expect(stdout).toBe(
    "NOT RUNNING: stack staging (staging, kubernetes, namespace tracing): nothing is deployed\n  next: pulumi up -s staging --policy-pack policy",
  );
});

test.each(["status", "logs", "smoke", "open", "password"])(
  "make %s says which setting leads to a cluster that does not answer",
  async (name) => {
    kubectl.answers({
      words: /./,
      stderr: "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?\n",
      code: 1,
    });
    const { ok, output } = await command(name);
    expect(ok).toBe(false);
    expect(output).toMatch(
      /error: no cluster answers: The connection to the server 10\.0\.0\.1:6443 was refused.*\n.*tracing:kubernetes\.context \(not set\)/,
    );
  },
);

describe("make smoke", () => {
  let received: Request[] = [];
  let authorizations: (string | undefined)[] = [];
  beforeEach(() => {
    received = [];
    authorizations = [];
  });

  /** A Collector that gives each request the next status, and the last one to the rest. */
  const collectorOf =
    (...statuses: readonly number[]): Handler =>
    (request, response, body) => {
      authorizations.push(request.headers.authorization);
      const status = statuses[received.length] ?? statuses.at(-1)!;
      received.push(requestOf(body));
      response.writeHead(status).end(status === 200 ? "" : "\n\u0010no such tenant");
    };
  const collector = collectorOf(200);

  test("sends a trace through one port-forward, and finds it through another", async () => {
    const jaeger = json({ spans: [{ spanId: "1" }, { spanId: "2" }, { spanId: "3" }] });
    kubectl.answers(ownToken, forwarded("otel-collector", await serve(collector)), forwarded("jaeger", await serve(jaeger)));
    const { ok, stdout } = await command("smoke");
    const [, id] = /trace ([0-9a-f]{32}): 3 spans sent, stored and found in /.exec(stdout) ?? [];
    expect(ok).toBe(true);
    const spans = received.flatMap((request) => request.spans);
    expect(spans.map(({ traceId, name, kind }) => [traceId, name, kind])).toEqual([
      [id, "GET /smoke", 2],
      [id, "work", 1],
      [id, "query", 3],
    ]);
    expect(spans.map(({ parentId }) => parentId)).toEqual([undefined, spans[0]?.spanId, spans[1]?.spanId]);
    expect(spans.map(({ attributes }) => attributes)).toEqual(Array(3).fill([["correlation_id", id]]));
    expect(authorizations).toEqual([`Bearer ${token}`]);
    // Staging keeps half: an error is kept.
    expect(spans.map(({ status }) => status?.code)).toEqual([2, 2, 2]);
    expect(received[0]?.resource?.attributes).toEqual([["service.name", "tracing-smoke"]]);
    expect(kubectl.asked().map((words) => /service\/.*/.exec(words)?.[0])).toEqual(
      expect.arrayContaining(["service/otel-collector :4318 --address 127.0.0.1", "service/jaeger :16686 --address 127.0.0.1"]),
    );
  });

  test("repeats a request that an overloaded Collector refuses", async () => {
    const jaeger = json({ spans: [{ spanId: "1" }, { spanId: "2" }, { spanId: "3" }] });
    kubectl.answers(ownToken, forwarded("otel-collector", await serve(collectorOf(503, 200))), forwarded("jaeger", await serve(jaeger)));
    expect((await command("smoke")).ok).toBe(true);
    expect(received).toHaveLength(2);
  });

  test("says why the Collector does not accept a trace", async () => {
    kubectl.answers(ownToken, forwarded("otel-collector", await serve(collectorOf(400))), forwarded("jaeger", 1));
    const { ok, output } = await command("smoke");
    expect(ok).toBe(false);
    expect(output).toMatch(
      /error: the Collector does not accept a trace at http:\/\/127\.0\.0\.1:\d+\/v1\/traces: status 400: +no such tenant\n.*status ENV=staging shows its state/,
    );
  });

  test("looks into Elasticsearch where Jaeger asks for a login", async () => {
    const jaeger: Handler = (_request, response) => void response.writeHead(401).end();
    kubectl.answers(ownToken, forwarded("otel-collector", await serve(collector)), forwarded("jaeger", await serve(jaeger)), {
      words: /exec deployment\/elasticsearch-setup .*ask GET jaeger-span-\*\/_count\?q=traceID:[0-9a-f]{32}$/,
      stdout: '{"count":3}\n200',
    });
    const { ok, stdout } = await command("smoke");
    expect(stdout).toMatch(/3 spans sent, stored and found in Elasticsearch \(Jaeger asks for a login, tracing:jaeger\.ingress/);
    expect(ok).toBe(true);
  });
});

test("make open leads Jaeger and Prometheus here until it is interrupted", async () => {
  kubectl.answers(forwarded("jaeger", 45001), forwarded("prometheus", 45002));
  const { ok, stdout } = await command("open", {}, { timeout: 8000 });
  expect(ok).toBe(false);
  expect(stdout).toMatch(/^Jaeger +http:\/\/127\.0\.0\.1:45001\nPrometheus +http:\/\/127\.0\.0\.1:45002\n/);
  expect(stdout).toContain("OTEL_EXPORTER_OTLP_ENDPOINT=http://otel-collector.tracing.svc:4318");
  expect(stdout).toContain("a namespace with the label tracing-ingest=true");
});

test("make password prints the Secret's value and nothing else", async () => {
  kubectl.answers({
    words: /get secret\/elasticsearch-password /,
    stdout: JSON.stringify({ data: { password: Buffer.from("pass").toString("base64") } }),
  });
  expect(await command("password")).toMatchObject({ ok: true, output: "pass" });
});

test("make logs knows the services of the stack", async () => {
  const { ok, output } = await command("logs", { SERVICE: "jaeger-collector" });
  expect(ok).toBe(false);
  expect(output).toMatch(/error: SERVICE: found "jaeger-collector"; there are elasticsearch, .*otel-sampler/);
});

test("make alerts-drill lists skipped drills, and needs YES=1", async () => {
  const { ok, output } = await command("drill");
  expect(ok).toBe(false);
  expect(output).toMatch(/left out on Kubernetes: ElasticsearchDown, .*: Kubernetes pauses no container/);
  expect(output).toMatch(/left out on Kubernetes: HighTraceLatency /);
  expect(output).toContain("error: a drill on a cluster wants a yes: make alerts-drill ENV=staging YES=1");
  expect(kubectl.asked()).toEqual([]);
});
