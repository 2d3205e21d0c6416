/** A stack on Kubernetes, by kubectl. */
import { compact } from "../../../configs/compact";
import { requestFunctions } from "../../../configs/elasticsearch/bash";
import { setupUser } from "../../../configs/elasticsearch/users";
import { secretKey } from "../../../components/platform/kubernetes/pod";
import { kubernetesLabels, partOfLabel } from "../../../components/platform/labels";
import { hasIngest, stackSender, tokenSecret } from "../../../configs/ingest/senders";
import { receiverNames, receivers } from "../../../configs/ingest/haproxy";
import { ingestCertificateSecret, takesTls } from "../../../configs/ingest/tls";
import type { Settings } from "../../../configs/stack/schema";
import { storageTopology } from "../../../configs/topology";
import { collectorUrl } from "../../../configs/topology/kubernetes";
import { files, ports, type PublishedPort } from "../../../configs/topology/ports";
import type { ServiceName } from "../../../configs/topology/topology";
import { run, sleep, type Outcome, type RunOptions } from "../../machine/run";
import { UserError } from "../../terminal/output";
import { variable } from "../../terminal/variables";
import { endpoints } from "../endpoints";
import type { ElasticsearchAnswer, LastRuns, LogLines, RunningStack, ServiceState } from "../running-stack";
import { servicesOf } from "../services";
import { explainFailure, getJson, kubectl, kubectlWords, namespaceMissing } from "./kubectl";
import { kinds, lastRuns, memoryByPod, podsWithLogs, serviceStates, type StackObject } from "./objects";
import { isFree, PortForward } from "./port-forward";
import { TlsBridge } from "./tls-bridge";

/** Milliseconds between two looks for pods that have come since, while logs are followed. */
const lookForPods = 5000;

/** A way to a port of a service: its port on this machine, and how it ends. */
interface Forward {
  readonly forward: Pick<PortForward, "close">;
  readonly port: number;
}

/** A stack on Kubernetes. */
export class KubernetesStack implements RunningStack {
  readonly where: string;
  private readonly forwards = new Map<string, Promise<Forward>>();
  private found: Promise<StackObject[]> | undefined;
  private token: Promise<string> | undefined;

  constructor(readonly settings: Settings) {
    this.where = `kubernetes, namespace ${settings.kubernetes.namespace}`;
  }

  async services(): Promise<readonly ServiceState[]> {
    this.found = undefined;
    const [objects, used] = await Promise.all([this.objects(), this.memory()]);
    if (objects.length === 0) {
      await this.requireNamespace();
      return [];
    }
    return serviceStates(this.settings, objects, used);
  }

  async logs(service: ServiceName | undefined, { follow, onLine }: LogLines): Promise<void> {
    const services = service ? [service] : servicesOf(this.settings);
    const list = async () => {
      this.found = undefined;
      const objects = await this.objects();
      return services.flatMap((name) => podsWithLogs(objects, name));
    };
    const first = await list();
    if (first.length === 0) {
      await this.requireNamespace();
      throw new UserError(`stack ${this.settings.stack} has no pods of ${service ?? "any service"} in ${this.where}`);
    }
    const show = (pod: string) => {
      const lines = follow ? ["--follow", "--tail", "20"] : ["--tail", service ? "-1" : "20"];
      const words = [...kubectlWords(this.settings), "logs", `pod/${pod}`, ...lines];
      return run("kubectl", words, { endless: true, onLine: (line) => onLine(pod, line) });
    };
    if (!follow) {
      for (const pod of first) await show(pod);
      return;
    }
    const followed = new Set<string>();
    for (let pods = first; ; pods = await list().catch(() => [])) {
      for (const pod of pods.filter((name) => !followed.has(name))) {
        followed.add(pod);
        // It can be followed again where it only was not up yet.
        void show(pod).then(({ ok }) => ok || followed.delete(pod));
      }
      await sleep(lookForPods);
    }
  }

  async reach(port: PublishedPort, preferred?: number): Promise<string> {
    const { service, port: remote } = endpoints[port];
    if (port === "prometheus" && this.settings.prometheus.mode === "operator") return operatorsPrometheus();
    const key = `${service}:${remote}`;
    const known = this.forwards.get(key) ?? this.forward(port, preferred);
    this.forwards.set(key, known);
    return `http://127.0.0.1:${(await known).port}`;
  }

  /** Leads to a port of a service; to one that takes TLS, by TLS from here on. */
  private async forward(port: PublishedPort, preferred: number | undefined): Promise<Forward> {
    const { service, port: remote } = endpoints[port];
    const receiver = receiverNames.find((name) => ports.collector[name] === remote);
    if (service !== "otel-collector" || receiver === undefined || !takesTls(this.settings))
      return PortForward.to(this.settings, service, remote, preferred);
    const [authority, { forward, port: behind }] = await Promise.all([
      this.find(ingestCertificateSecret, files.authority),
      PortForward.to(this.settings, service, remote),
    ]);
    const { hostname: name } = new URL(collectorUrl(this.settings, remote));
    const protocol = receivers[receiver] === "grpc" ? "h2" : "http/1.1";
    const local = preferred !== undefined && (await isFree(preferred)) ? preferred : undefined;
    const bridge = await TlsBridge.to({ port: behind, name, authority, protocol }, local);
    const close = () => {
      bridge.close();
      forward.close();
    };
    return { forward: { close }, port: bridge.port };
  }

  run(service: ServiceName, words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return run("kubectl", [...kubectlWords(this.settings), "exec", `deployment/${service}`, "--", ...words], options);
  }

  async password(): Promise<string> {
    const { external } = this.settings.elasticsearch;
    return this.secret(external?.passwordSecret ?? files.elasticsearchPassword);
  }

  stackToken(): Promise<string | undefined> {
    if (!hasIngest(this.settings)) return Promise.resolve(undefined);
    this.token ??= this.secret(tokenSecret(stackSender));
    return this.token;
  }

  /** The value of a Secret that the stack reads. */
  private async secret(secret: string): Promise<string> {
    const value = await this.find(secret, secretKey);
    if (value === undefined) throw new UserError(`the Secret ${secret} has no key ${secretKey}`);
    return value;
  }

  /** The value of a key of a Secret, if it has that key. */
  private async find(secret: string, key: string): Promise<string | undefined> {
    const { data } = (await getJson(this.settings, ["get", `secret/${secret}`])) as { data?: Readonly<Record<string, string>> };
    const value = data?.[key];
    return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
  }

  /** From the pod of the setup, which can reach any Elasticsearch that the stack uses, knows its authority, and has the password. */
  async elasticsearch(
    path: string,
    { method = "GET", body, timeout = 10_000 }: { method?: string; body?: object; timeout?: number } = {},
  ): Promise<ElasticsearchAnswer> {
    const functions = requestFunctions(storageTopology(this.settings), setupUser(this.settings), files.elasticsearchPassword);
    const script = `${functions}\npatience=${Math.ceil(timeout / 1000)}\nask "$@"`;
    const words = compact(["/bin/bash", "-c", script, "ask", method, path.replace(/^\//, ""), body && JSON.stringify(body)]);
    const outcome = await this.run("elasticsearch-setup", words, { timeout: timeout + 5000 });
    const [, text, status] = /^([\s\S]*)\n(\d{3})\s*$/.exec(outcome.stdout) ?? [];
    if (status === undefined) {
      const why = explainFailure(this.settings, ["exec", "deployment/elasticsearch-setup"], outcome);
      throw new UserError(`Elasticsearch is queried from a pod of elasticsearch-setup: ${why}`);
    }
    // 000 is curl's: no answer, and the text says why.
    if (status === "000") throw new UserError(`Elasticsearch does not answer: ${(text ?? "").trim()}`);
    return { ok: /^2/.test(status), status: Number(status), body: text ?? "" };
  }

  async lastRuns(service: ServiceName): Promise<LastRuns> {
    return lastRuns(await this.objects(), service);
  }

  close(): void {
    for (const opened of this.forwards.values())
      void opened.then(
        ({ forward }) => forward.close(),
        () => undefined,
      );
    this.forwards.clear();
  }

  /** All of the stack's objects, of one look. */
  private objects(): Promise<StackObject[]> {
    const { stack } = this.settings;
    const selector = Object.entries({ ...partOfLabel, [kubernetesLabels.instance]: stack }).map(([name, value]) => `${name}=${value}`);
    this.found ??= getJson(this.settings, ["get", kinds, "--selector", selector.join(",")]).then(
      (list) => (list as { items?: StackObject[] }).items ?? [],
    );
    return this.found;
  }

  /** Memory in use by pod; empty where there is no metrics server, or it may not be asked. */
  private memory(): Promise<Map<string, number>> {
    const words = ["get", "pods.metrics.k8s.io", "--selector", `${kubernetesLabels.instance}=${this.settings.stack}`];
    return getJson(this.settings, words).then(
      (list) => memoryByPod(list as Parameters<typeof memoryByPod>[0]),
      () => new Map<string, number>(),
    );
  }

  /** Throws where the namespace is not there. Who may not look at namespaces is none the wiser. */
  private async requireNamespace(): Promise<void> {
    const { namespace } = this.settings.kubernetes;
    const { ok, output } = await run(
      "kubectl",
      [...kubectlWords(this.settings), "get", "namespace", namespace, "--request-timeout", "5s"],
      {
        timeout: 15_000,
      },
    );
    if (!ok && /not found/.test(output)) throw new UserError(namespaceMissing(this.settings));
  }

  /** Sets the number of a service's instances; returns what it was. */
  async scale(service: ServiceName, replicas: number): Promise<number> {
    const owner = (await this.freshObjects()).find(
      (object) => (object.kind === "Deployment" || object.kind === "StatefulSet") && object.metadata.name === service,
    );
    if (owner?.kind !== "Deployment" && owner?.kind !== "StatefulSet") throw new UserError(`${service} is not in ${this.where}`);
    await kubectl(this.settings, ["scale", `${owner.kind.toLowerCase()}/${service}`, `--replicas=${replicas}`]);
    return owner.spec.replicas ?? 1;
  }

  /** Names of the pods of a service, those on their way out included. */
  async podNames(service: ServiceName): Promise<string[]> {
    return (await this.freshObjects())
      .filter(({ kind, metadata }) => kind === "Pod" && metadata.labels?.[kubernetesLabels.name] === service)
      .map(({ metadata }) => metadata.name);
  }

  private freshObjects(): Promise<StackObject[]> {
    this.found = undefined;
    return this.objects();
  }
}

/** The address of the cluster's Prometheus, which only its people know. */
function operatorsPrometheus(): string {
  const address = variable("PROMETHEUS_URL");
  if (address) return address.replace(/\/+$/, "");
  throw new UserError("tracing:prometheus.mode is operator: set PROMETHEUS_URL=https://… to the cluster's Prometheus");
}
