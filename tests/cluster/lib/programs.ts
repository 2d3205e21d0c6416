/** The node's programs: Kubernetes and CoreDNS compiled from Go modules, the rest from Debian's packages. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canInstall, install } from "../../../scripts/lib/apt";
import { publishedModule } from "../../../scripts/lib/go-tools";
import { must, run } from "../../../scripts/lib/run";
import { heartbeat, note, Problem } from "../../../scripts/lib/say";
import { programs, versions } from "./layout";

const folder = join(__dirname, "..", "kubernetes");

/** The parts of Kubernetes, and the program that holds a pod's network. */
const packages = [
  ...["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"].map(
    (name) => `k8s.io/kubernetes/cmd/${name}`,
  ),
  "./pause",
];

const coredns = {
  path: "github.com/coredns/coredns",
  version: `v${versions.coredns}`,
  sum: "h1:haptbGscSbdWU46xrjdPj1vp3wvH1Z2FgCSQKEdgN5s=",
};

const environment = { CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-buildvcs=false" };
const [major, minor] = versions.kubernetes.split(".");
// Without a version the parts refuse each other.
const variables = Object.entries({
  "k8s.io/component-base/version.gitVersion": `v${versions.kubernetes}`,
  "k8s.io/component-base/version.gitMajor": major,
  "k8s.io/component-base/version.gitMinor": minor,
});
const flags = ["-trimpath", "-p", "2", "-ldflags", ["-s -w", ...variables.map(([name, value]) => `-X ${name}=${value ?? ""}`)].join(" ")];

/** What the programs are made from. */
function inputs(): string {
  const files = ["go.mod", "go.sum", join("pause", "main.go")].map((file) => readFileSync(join(folder, file), "utf8"));
  return createHash("sha256")
    .update(JSON.stringify([files, packages, coredns, flags, environment]))
    .digest("hex");
}

/** Compiles what is not in the cache: about twenty minutes on two cores the first time, nothing later. */
export async function buildPrograms(): Promise<void> {
  const stamp = join(programs, ".inputs");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === inputs()) return;
  if (!readFileSync(join(folder, "go.mod"), "utf8").includes(`k8s.io/kubernetes v${versions.kubernetes} `)) {
    throw new Problem(`tests/cluster/kubernetes/go.mod is not of Kubernetes ${versions.kubernetes}, which layout.ts wants`);
  }
  note(
    `compiling Kubernetes ${versions.kubernetes} and CoreDNS ${versions.coredns} from Go modules; once, about twenty minutes on two cores`,
  );
  const work = `${programs}.work`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  for (const name of packages) {
    const go = must("go", ["build", ...flags, "-o", `${work}/`, name], { cwd: folder, env: environment });
    await heartbeat(`go build ${name}`, go);
  }
  const sources = await heartbeat("getting CoreDNS", publishedModule(coredns));
  const go = must("go", ["build", "-trimpath", "-p", "2", "-ldflags", "-s -w", "-o", `${work}/`, "."], { cwd: sources, env: environment });
  await heartbeat("go build coredns", go);
  writeFileSync(join(work, ".inputs"), inputs());
  rmSync(programs, { recursive: true, force: true });
  renameSync(work, programs);
}

/** Each program, and the Debian package that has it. */
const debian: Readonly<Record<string, string>> = {
  etcd: "etcd-server",
  containerd: "containerd",
  runc: "runc",
  iptables: "iptables",
  ip: "iproute2",
  conntrack: "conntrack",
  openssl: "openssl",
  kubectl: "kubernetes-client",
  "/usr/lib/cni/ptp": "containernetworking-plugins",
};

/** Finds the programs of Debian's packages, and installs those that are missing where this machine lets us. */
export async function installPackages(): Promise<void> {
  const present = await Promise.all(
    Object.keys(debian).map(async (program) => (program.startsWith("/") ? existsSync(program) : (await run("which", [program])).ok)),
  );
  const missing = Object.values(debian).filter((_, i) => !present[i]);
  if (missing.length === 0) return;
  if (!(await canInstall()))
    throw new Problem(`Debian's packages ${missing.join(", ")} are needed, and this machine does not let us install them`);
  await install(...missing);
}
