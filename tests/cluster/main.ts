/** `make cluster`, `make cluster-stop`: a real single-node Kubernetes on this machine, from Go modules and Debian's packages. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensure } from "../../cli/machine/ensure";
import { execOrThrow, run } from "../../cli/machine/run";
import { program as programOf, runCommand } from "../../cli/terminal/command";
import { heartbeat, note, UserError, since, step } from "../../cli/terminal/output";
import { makeCredentials } from "./lib/certificates";
import { cniConfig, containerdConfig, kubeconfigText, kubeletConfig, proxyConfig } from "./lib/files";
import { importArchive, importFromEngine, importOwn, pauseImage } from "./lib/images";
import { apiUrl, at, home, kubeconfig, network, nodeName, ports, programs, versions } from "./lib/layout";
import { cgroupRoot, checkMachine, makeControlGroups, makeNetwork, removeControlGroups, removeFolder, removeNetwork } from "./lib/node";
import { firstObjects } from "./lib/objects";
import { end, runningPid, start, started, stop, until } from "./lib/processes";
import { buildPrograms, preferOwnPrograms } from "./lib/programs";

const line = programOf("tests/cluster/main.ts", `Run a real Kubernetes ${versions.kubernetes} with one node, for the tests`).addHelpText(
  "after",
  `
Any other cluster in KUBECONFIG serves the tests as well.
It runs in the network that it is started in, with an interface ${network.interface} (${network.node}); its files are in ${home()}.`,
);

line
  .command("start")
  .description("build what is missing, start the node, and print the path of its kubeconfig")
  .option(
    "--images <source>",
    "engine: the stack's images from the container engine; FILE: from an archive of `docker save`; none",
    "engine",
  )
  .action(({ images }: { readonly images: string }) => startNode(images));
line.command("stop").description("end the node and delete all that it made").action(stopNode);
line.command("status").description("say what is running").action(status);
line.command("build").description("only build and install the programs").action(prepare);

preferOwnPrograms();
runCommand(line);

async function prepare(): Promise<void> {
  await ensure({ purposes: ["cluster"] });
  await buildPrograms();
}

async function startNode(images: string): Promise<void> {
  const begin = Date.now();
  step(`Cluster: Kubernetes ${versions.kubernetes}, one node`);
  if (started().some((name) => runningPid(name) !== undefined)) {
    note(`it is running already; KUBECONFIG=${kubeconfig()}`);
    return;
  }
  if (started().length > 0) throw new UserError("a node was here and ended by itself; make cluster-stop clears away what it left");
  await prepare();
  await checkMachine();
  writeFiles(await makeCredentials());
  await makeNetwork();
  makeControlGroups();
  await startControlPlane();
  await startWorker(images);
  note(`the node is ready, ${since(begin)} after the start; KUBECONFIG=${kubeconfig()}`);
}

function writeFiles(tokens: Awaited<ReturnType<typeof makeCredentials>>): void {
  const authority = readFileSync(at("pki", "ca.crt"), "utf8");
  const write = (name: string, text: string) => writeFileSync(at(name), text, { mode: 0o600 });
  for (const [user, token] of Object.entries(tokens)) write(`${user}.kubeconfig`, kubeconfigText(token, authority));
  for (const folder of ["cni", "containerd", "etcd", "kubelet", "volumes"]) mkdirSync(at(folder), { recursive: true, mode: 0o700 });
  write("containerd.toml", containerdConfig(!mayRaisePriority(), pauseImage));
  write(join("cni", "10-tracing.conflist"), cniConfig());
  write("kubelet.json", kubeletConfig(cgroupRoot));
  write("proxy.json", proxyConfig());
  write("resolv.conf", "");
}

/** Whether a process may get a smaller oom_score_adj than its parent: CAP_SYS_RESOURCE, bit 24. */
function mayRaisePriority(): boolean {
  const effective = /^CapEff:\s*(\w+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return (BigInt(`0x${effective}`) >> 24n) % 2n === 1n;
}

const program = (name: string) => join(programs, name);
const kubectl = (...args: string[]) => run("kubectl", ["--kubeconfig", kubeconfig(), ...args]);

async function startControlPlane(): Promise<void> {
  const pki = (name: string) => at("pki", name);
  const [etcd, peers] = [`http://127.0.0.1:${ports.etcd}`, `http://127.0.0.1:${ports.etcdPeers}`];
  start("etcd", "etcd", [
    ...["--name", nodeName, "--data-dir", at("etcd"), "--listen-client-urls", etcd, "--advertise-client-urls", etcd],
    ...[
      "--listen-peer-urls",
      peers,
      "--initial-advertise-peer-urls",
      peers,
      "--initial-cluster",
      `${nodeName}=${peers}`,
      "--unsafe-no-fsync",
    ],
  ]);
  start("kube-apiserver", program("kube-apiserver"), [
    `--etcd-servers=${etcd}`,
    `--bind-address=${network.node}`,
    `--advertise-address=${network.node}`,
    `--secure-port=${ports.api}`,
    `--service-cluster-ip-range=${network.services}`,
    "--allow-privileged=true",
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--endpoint-reconciler-type=lease",
    `--token-auth-file=${pki("tokens.csv")}`,
    `--client-ca-file=${pki("ca.crt")}`,
    `--tls-cert-file=${pki("apiserver.crt")}`,
    `--tls-private-key-file=${pki("apiserver.key")}`,
    `--kubelet-client-certificate=${pki("kubelet-client.crt")}`,
    `--kubelet-client-key=${pki("kubelet-client.key")}`,
    "--kubelet-preferred-address-types=InternalIP",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${pki("service-accounts.pub")}`,
    `--service-account-signing-key-file=${pki("service-accounts.key")}`,
  ]);
  const answers = async () => (await kubectl("get", "--raw", "/readyz")).ok;
  await heartbeat("the API server starts", until(`${apiUrl} answers`, "kube-apiserver", answers));
  start("kube-controller-manager", program("kube-controller-manager"), [
    `--kubeconfig=${at("controller-manager.kubeconfig")}`,
    `--service-account-private-key-file=${pki("service-accounts.key")}`,
    `--root-ca-file=${pki("ca.crt")}`,
    "--use-service-account-credentials=true",
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
    // A dead pod is replaced within seconds, which is what tests wait for.
    "--node-monitor-period=2s",
  ]);
  start("kube-scheduler", program("kube-scheduler"), [
    `--kubeconfig=${at("scheduler.kubeconfig")}`,
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
  ]);
}

async function startWorker(images: string): Promise<void> {
  start("containerd", "containerd", ["--config", at("containerd.toml")]);
  const answers = async () => (await run("ctr", ["--address", at("containerd.sock"), "version"])).ok;
  await heartbeat("containerd starts", until("containerd answers", "containerd", answers));
  await importOwn();
  if (images === "engine") await importFromEngine();
  else if (images !== "none") await importArchive(images);
  start("kubelet", program("kubelet"), [
    `--config=${at("kubelet.json")}`,
    `--kubeconfig=${at("kubelet.kubeconfig")}`,
    `--root-dir=${at("kubelet")}`,
    `--cert-dir=${at("kubelet", "pki")}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${network.node}`,
    `--node-labels=topology.kubernetes.io/zone=local`,
  ]);
  start("kube-proxy", program("kube-proxy"), [`--config=${at("proxy.json")}`]);
  await execOrThrow("kubectl", ["--kubeconfig", kubeconfig(), "apply", "--server-side", "-f", writeObjects()]);
  start("agent", process.execPath, ["--import", pathToFileURL(require.resolve("tsx")).href, join(__dirname, "agent.ts")]);
  const ready = async () => (await kubectl("wait", "--for=condition=Ready", `node/${nodeName}`, "--timeout=1s")).ok;
  await heartbeat("the node gets ready", until("the node is ready", "kubelet", ready));
  const named = async () => (await kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=1s")).ok;
  await heartbeat("names are served", until("CoreDNS is ready", "kubelet", named));
}

function writeObjects(): string {
  const file = at("objects.json");
  writeFileSync(file, JSON.stringify(firstObjects));
  return file;
}

async function stopNode(): Promise<void> {
  const begin = Date.now();
  step("Cluster: stop");
  if (!existsSync(at("pids"))) {
    note("there is no node that we started");
    return;
  }
  // Whoever would bring something back goes first.
  for (const name of ["agent", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"]) await stop(name);
  await heartbeat("containers end", endContainers());
  for (const name of ["containerd", ...started()]) await stop(name);
  await removeNetwork();
  removeControlGroups();
  await removeFolder();
  note(`the node is gone, with all that it made, in ${since(begin)}`);
}

/** Ends the containers with the processes that keep watch over them, which containerd leaves behind. */
async function endContainers(): Promise<void> {
  const shims = () =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => commandLine(pid).includes("containerd-shim") && commandLine(pid).includes(at("containerd.sock")));
  const ctr = (...args: string[]) => run("ctr", ["--address", at("containerd.sock"), "--namespace", "k8s.io", ...args]);
  const names = (await ctr("tasks", "list", "--quiet")).stdout.split("\n").filter(Boolean);
  await Promise.all(names.map((name) => ctr("tasks", "delete", "--force", name)));
  for (const pid of shims()) await end(Number(pid), 2);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

function status(): void {
  const names = started();
  if (names.length === 0) note("there is no node that we started");
  for (const name of names) note(`${name}: ${runningPid(name) === undefined ? "has ended" : `process ${String(runningPid(name))}`}`);
  if (names.length > 0) note(`KUBECONFIG=${kubeconfig()}`);
}
