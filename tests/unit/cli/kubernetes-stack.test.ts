/** Rung: unit. A stack on Kubernetes by a stand-in for kubectl: what is asked, and what failures are told as. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { KubernetesTarget } from "../../../cli/drill/kubernetes-target";
import { KubernetesStack } from "../../../cli/running/kubernetes/kubernetes-stack";
import { PortForward, isFree } from "../../../cli/running/kubernetes/port-forward";
import { knownFailure, kubectlCommand } from "../../../cli/running/kubernetes/kubectl";
import { until } from "../../support/waiting";
import { clusterSettings, controller, healthyObjects, pod } from "./support/cluster-objects";
import { list, standInKubectl } from "./support/kubectl";

const kubectl = standInKubectl();
const settings = clusterSettings({ kubernetes: { context: "staging-eu", namespace: "traces" } });
const stack = () => new KubernetesStack(settings);

const objects = { words: /get deployments,/, stdout: list(healthyObjects(settings)) };
const noMetrics = { words: /get pods\.metrics/, stderr: 'error: the server doesn\'t have a resource type "pods"', code: 1 };

test("asks the context and the namespace of the settings for the stack's own objects", async () => {
  kubectl.answers(objects, noMetrics);
  const services = await stack().services();
  expect(services.every(({ condition }) => condition === "well")).toBe(true);
  expect(kubectl.asked().sort()).toEqual([
    "--context staging-eu --namespace traces get deployments,statefulsets,cronjobs,jobs,pods --selector app.kubernetes.io/part-of=tracing,app.kubernetes.io/instance=dev --output json --request-timeout 5s",
    "--context staging-eu --namespace traces get pods.metrics.k8s.io --selector app.kubernetes.io/instance=dev --output json --request-timeout 5s",
  ]);
});

describe("what fails, and the key to look at", () => {
  const nothing = { words: /get deployments,/, stdout: list([]) };

  test.each<[string, string, RegExp]>([
    ["no such context", 'error: context "staging-eu" does not exist', /^tracing:kubernetes\.context \(staging-eu\): .*does not exist/],
    [
      "no cluster",
      'E1130 04:00:00.000000 1 memcache.go:265] "Unhandled Error" err="couldn\'t get current server API group list"\nThe connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?',
      /^no cluster answers: The connection to the server 10\.0\.0\.1:6443 was refused.*\n.*tracing:kubernetes\.kubeconfig \(not set\) and tracing:kubernetes\.context \(staging-eu\)/,
    ],
    [
      "a cluster that hangs",
      "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
      /^no cluster answers/,
    ],
    [
      "RBAC",
      'Error from server (Forbidden): deployments.apps is forbidden: User "jane" cannot list resource "deployments" in API group "apps" in the namespace "traces"',
      /^the cluster forbids it: .*User "jane" cannot list.*\n.*tracing:kubernetes\.context \(staging-eu\).*tracing:kubernetes\.namespace \(traces\)/,
    ],
    ["a login that has ended", "error: You must be logged in to the server (Unauthorized)", /^the cluster does not take the login/],
    [
      "a kubeconfig that is not there",
      "error: stat /home/jane/.kube/prod: no such file or directory",
      /^tracing:kubernetes\.kubeconfig \(not set\): .*no such file/,
    ],
    ["anything else", "error: something new", /^kubectl get deployments,\S+ --selector failed: exit code 1\n {4}error: something new/],
  ])("%s", async (_what, stderr, message) => {
    kubectl.answers({ words: /get/, stderr, code: 1 });
    await expect(stack().services()).rejects.toThrow(message);
  });

  test("a namespace that is not there", async () => {
    kubectl.answers(nothing, noMetrics, {
      words: /get namespace traces/,
      stderr: 'Error from server (NotFound): namespaces "traces" not found',
      code: 1,
    });
    await expect(stack().services()).rejects.toThrow(/^tracing:kubernetes\.namespace \(traces\): the cluster has no such namespace/);
  });

  test("a namespace that may not be looked at, with nothing of the stack in it", async () => {
    kubectl.answers(nothing, noMetrics, {
      words: /get namespace/,
      stderr: "Error from server (Forbidden): namespaces is forbidden",
      code: 1,
    });
    expect(await stack().services()).toEqual([]);
  });

  test("kubectl itself", async () => {
    process.env.PATH = "/nowhere";
    await expect(stack().services()).rejects.toThrow(/^kubectl is not installed/);
  });

  test("kubectl that does not end", () => {
    expect(knownFailure(settings, { output: "", why: "not done within 15 s" })).toMatch(/^no cluster answers: not done within 15 s/);
  });
});

test("a command that people can type quotes what a shell would read", () => {
  const quoted = clusterSettings({ kubernetes: { context: "my cluster" } });
  expect(kubectlCommand(quoted, "get", "pods")).toBe("kubectl --context 'my cluster' --namespace tracing get pods");
});

test("the password is that of the Secret, whichever the stack uses", async () => {
  const data = { password: Buffer.from('s3"cret').toString("base64") };
  kubectl.answers(
    { words: /get secret\/elasticsearch-password /, stdout: JSON.stringify({ data }) },
    { words: /get secret\/ingest-sender-tracing-stack /, stdout: JSON.stringify({ data }) },
    { words: /get secret\/es /, stdout: "{}" },
  );
  expect(await stack().password()).toBe('s3"cret');
  expect(await new KubernetesStack(clusterSettings({ ingest: { mode: "off" } })).stackToken()).toBeUndefined();
  expect(await new KubernetesStack(clusterSettings({ ingest: { mode: "report" } })).stackToken()).toBe('s3"cret');
  const external = { url: "https://es.example.com:9200", passwordSecret: "es" };
  await expect(new KubernetesStack(clusterSettings({ elasticsearch: { external } })).password()).rejects.toThrow(
    "the Secret es has no key password",
  );
});

describe("Elasticsearch is asked from the setup's pod", () => {
  test("with its URL and authority, and the path as words of their own", async () => {
    kubectl.answers({ words: /exec deployment\/elasticsearch-setup/, stdout: '[{"index":"jaeger-span-1"}]\n200' });
    const tls = new KubernetesStack(clusterSettings({ elasticsearch: { nodes: 3, tls: "cert-manager", memory: "2Gi" } }));
    const answer = await tls.elasticsearch("/_cat/indices?h=index&s=index", { method: "POST", body: { a: 1 }, timeout: 5000 });
    expect(answer).toEqual({ ok: true, status: 200, body: '[{"index":"jaeger-span-1"}]' });
    const [words = ""] = kubectl.asked();
    expect(words).toContain("--cacert /etc/tracing/authority/ca.crt");
    expect(words).toContain('"https://elasticsearch:9200/$4"');
    expect(words).toMatch(/ask POST _cat\/indices\?h=index&s=index \{"a":1\}$/);
  });

  test.each<[string, { stdout?: string; stderr?: string; code?: number }, RegExp]>([
    [
      "no answer of Elasticsearch's",
      { stdout: "curl: (7) Failed to connect to elasticsearch port 9200\n000" },
      /^Elasticsearch does not answer: curl: \(7\) Failed/,
    ],
    [
      "no pod",
      { stderr: "error: unable to upgrade connection: container not found", code: 1 },
      /queried from a pod of elasticsearch-setup: kubectl exec/,
    ],
    [
      "no right",
      { stderr: 'Error from server (Forbidden): pods "x" is forbidden: User "jane" cannot create resource "pods/exec"', code: 1 },
      /the cluster forbids it/,
    ],
  ])("%s", async (_what, answer, message) => {
    kubectl.answers({ words: /exec/, ...answer });
    await expect(stack().elasticsearch("/")).rejects.toThrow(message);
  });

  test("an answer that is a refusal is an answer", async () => {
    kubectl.answers({ words: /exec/, stdout: '{"error":"no"}\n403' });
    expect(await stack().elasticsearch("/")).toEqual({ ok: false, status: 403, body: '{"error":"no"}' });
  });
});

describe("a port of a service", () => {
  test("stays on one local port, once for all who ask, and ends with the stack", async () => {
    kubectl.answers({ words: /port-forward/, stdout: "Forwarding from 127.0.0.1:45678 -> 9090\n", stays: true });
    const one = stack();
    expect(await Promise.all([one.reach("prometheus"), one.reach("prometheus")])).toEqual([
      "http://127.0.0.1:45678",
      "http://127.0.0.1:45678",
    ]);
    expect(kubectl.asked()).toEqual(["--context staging-eu --namespace traces port-forward service/prometheus :9090 --address 127.0.0.1"]);
    one.close();
  });

  test("leads to the next pod on the same local port where its pod goes", async () => {
    kubectl.answers({
      words: /port-forward/,
      stdout: "Forwarding from 127.0.0.1:45678 -> 9090\n",
      stderr: "error: lost connection to pod\n",
      code: 1,
      stays: 100,
    });
    const { forward } = await PortForward.to(settings, "prometheus", 9090);
    const again = () => Promise.resolve(kubectl.asked().filter((words) => words.includes("45678:9090")).length);
    expect(await until(10, again, (count) => count > 0)).toBeGreaterThan(0);
    forward.close();
  });

  test("on the wanted local port if that is free, else on any", async () => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect(await isFree(port)).toBe(false);
    kubectl.answers({ words: /port-forward/, stdout: "Forwarding from 127.0.0.1:45678 -> 16686\n", stays: true });
    const taken = stack();
    await taken.reach("jaeger-ui", port);
    taken.close();
    await new Promise((resolve) => server.close(resolve));
    const free = stack();
    await free.reach("jaeger-ui", port);
    free.close();
    expect(kubectl.asked().map((words) => /service\/jaeger (\S+)/.exec(words)?.[1])).toEqual([":16686", `${port}:16686`]);
  });

  test("that takes TLS is reached by a bridge in front of the forward, with the authority of the Secret", async () => {
    const tls = clusterSettings({
      kubernetes: { context: "staging-eu", namespace: "traces" },
      ingest: { mode: "report", tls: { mode: "on" } },
    });
    kubectl.answers(
      { words: /port-forward/, stdout: "Forwarding from 127.0.0.1:45678 -> 4318\n", stays: true },
      { words: /get secret/, stdout: JSON.stringify({ data: { "ca.crt": "" } }) },
    );
    const one = new KubernetesStack(tls);
    expect(await one.reach("otlp-http")).toMatch(/^http:\/\/127\.0\.0\.1:(?!45678)\d+$/);
    expect(await one.reach("collector-health")).toBe("http://127.0.0.1:45678");
    expect(kubectl.asked().filter((words) => /otel-collector-ingest-tls/.test(words))).toHaveLength(1);
    one.close();
  });

  test("says why it cannot be had", async () => {
    kubectl.answers({
      words: /port-forward/,
      stderr: "error: unable to forward port because pod is not running. Current status=Pending\n",
      code: 1,
    });
    await expect(stack().reach("jaeger-ui")).rejects.toThrow(
      /kubectl port-forward service\/jaeger .*failed: exit code 1\n.*Current status=Pending/,
    );
  });
});

describe("the cluster's own Prometheus", () => {
  const operator = new KubernetesStack(clusterSettings({ prometheus: { mode: "operator" } }));
  afterEach(() => delete process.env.PROMETHEUS_URL);

  test("is where PROMETHEUS_URL says", async () => {
    process.env.PROMETHEUS_URL = "https://prometheus.example.com/prefix/";
    expect(await operator.reach("prometheus")).toBe("https://prometheus.example.com/prefix");
  });

  test("is not known without it", async () => {
    await expect(operator.reach("prometheus")).rejects.toThrow("set PROMETHEUS_URL=https://… to the cluster's Prometheus");
  });
});

describe("logs", () => {
  const two = [
    controller("jaeger-collector", 2),
    pod("jaeger-collector", "jaeger-collector-a"),
    pod("jaeger-collector", "jaeger-collector-b"),
  ];

  test("of one service: all lines of each of its pods", async () => {
    kubectl.answers(
      { words: /get deployments,/, stdout: list(two) },
      { words: /logs pod\/jaeger-collector-a/, stdout: "one\ntwo\n" },
      { words: /logs/, stdout: "three\n" },
    );
    const lines: string[] = [];
    await stack().logs("jaeger-collector", { follow: false, onLine: (source, line) => lines.push(`${source}: ${line}`) });
    expect(lines).toEqual(["jaeger-collector-a: one", "jaeger-collector-a: two", "jaeger-collector-b: three"]);
    expect(kubectl.asked().filter((words) => words.includes(" logs "))[0]).toMatch(/logs pod\/jaeger-collector-a --tail -1$/);
  });

  test("of a service without pods", async () => {
    kubectl.answers({ words: /get deployments,/, stdout: list([]) }, { words: /get namespace/, stdout: "{}" });
    await expect(stack().logs("jaeger", { follow: false, onLine: () => undefined })).rejects.toThrow(
      "stack dev has no pods of jaeger in kubernetes, namespace traces",
    );
  });
});

describe("a drill", () => {
  test("scales a service to 0, waits until its pods are gone, and remembers their number", async () => {
    kubectl.answers({ words: /get deployments,/, stdout: list([controller("otel-collector", 5)]) }, { words: /scale/ });
    const target = new KubernetesTarget(stack());
    await target.stop("otel-collector");
    await target.start("otel-collector");
    expect(kubectl.asked().flatMap((words) => /scale .*/.exec(words) ?? [])).toEqual([
      "scale deployment/otel-collector --replicas=0",
      "scale deployment/otel-collector --replicas=5",
    ]);
  });

  test("starts as many as the settings ask for where it does not know how many there were", async () => {
    kubectl.answers({ words: /get deployments,/, stdout: list([controller("otel-sampler", 0, "StatefulSet")]) }, { words: /scale/ });
    const target = new KubernetesTarget(stack());
    await target.stop("otel-sampler");
    await target.start("otel-sampler");
    expect(
      kubectl
        .asked()
        .flatMap((words) => /scale .*/.exec(words) ?? [])
        .at(-1),
    ).toBe("scale statefulset/otel-sampler --replicas=2");
  });
});
