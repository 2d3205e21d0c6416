/** The node's programs that are compiled from Go modules: Kubernetes and CoreDNS. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { publishedModule } from "../../../cli/machine/go-tools";
import { inTurn } from "../../../cli/machine/lock";
import { isAlive } from "../../../cli/machine/processes";
import { execOrThrow, run } from "../../../cli/machine/run";
import { heartbeat, note, UserError } from "../../../cli/terminal/output";
import { programs, versions } from "./layout";

const folder = join(__dirname, "..", "kubernetes");

/** The parts of Kubernetes, and the program that holds a pod's network. */
const packages = [
  ...["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"].map(
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

const complete = (): boolean => {
  const stamp = join(programs, ".inputs");
  return existsSync(stamp) && readFileSync(stamp, "utf8") === inputs();
};

/** The folder in which a process compiles. Only a whole one gets the name under which it is looked for. */
const workOf = (pid: number): string => `${programs}.${pid}`;

/**
 * Compiles what is not in the cache: about twenty minutes on two cores the first time, nothing later. One process at a time does: a second one
 * waits, and takes what the first has made.
 */
export async function buildPrograms(): Promise<void> {
  if (complete()) return;
  if (!readFileSync(join(folder, "go.mod"), "utf8").includes(`k8s.io/kubernetes v${versions.kubernetes} `)) {
    throw new UserError(`tests/cluster/kubernetes/go.mod is not of Kubernetes ${versions.kubernetes}, which layout.ts wants`);
  }
  mkdirSync(dirname(programs), { recursive: true });
  await inTurn(`${programs}.lock`, waitFor, async () => {
    if (!complete()) await compile();
  });
}

/** Says of a build of another process how far it is. */
async function waitFor(owner: number, turn: Promise<void>): Promise<void> {
  note(`process ${owner} compiles Kubernetes already: waiting for it`);
  const made = () => (existsSync(workOf(owner)) ? readdirSync(workOf(owner)).length : 0);
  await heartbeat("waiting", turn, () => `${made()} of ${packages.length + 1} programs are there`);
}

async function compile(): Promise<void> {
  note(
    `compiling Kubernetes ${versions.kubernetes} and CoreDNS ${versions.coredns} from Go modules; once, about twenty minutes on two cores`,
  );
  removeAbandoned();
  const work = workOf(process.pid);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work);
  for (const name of packages) {
    const go = execOrThrow("go", ["build", ...flags, "-o", `${work}/`, name], { cwd: folder, env: environment });
    await heartbeat(`go build ${name}`, go);
  }
  const sources = await heartbeat("getting CoreDNS", publishedModule(coredns));
  const go = execOrThrow("go", ["build", "-trimpath", "-p", "2", "-ldflags", "-s -w", "-o", `${work}/`, "."], {
    cwd: sources,
    env: environment,
  });
  await heartbeat("go build coredns", go);
  writeFileSync(join(work, ".inputs"), inputs());
  rmSync(programs, { recursive: true, force: true });
  renameSync(work, programs);
}

/** Deletes what builds left that were ended. */
function removeAbandoned(): void {
  const prefix = `${basename(programs)}.`;
  for (const name of readdirSync(dirname(programs)).filter((entry) => entry.startsWith(prefix))) {
    const pid = name.slice(prefix.length);
    if (/^\d+$/.test(pid) && !isAlive(Number(pid))) rmSync(workOf(Number(pid)), { recursive: true, force: true });
  }
}

/** Puts the node's programs first on the PATH of this process and of what it starts: kubectl is among them, and Debian's is too old. */
export function preferOwnPrograms(): void {
  const path = (process.env.PATH ?? "").split(":").filter((entry) => entry !== programs);
  process.env.PATH = [programs, ...path].join(":");
}

/** The oldest kubectl that knows all that is asked of it, such as strict validation as a server does it. */
const oldestKubectl = [1, 27] as const;

/** What is wrong with the kubectl on PATH; undefined where it serves the tests. */
export async function kubectlProblem(): Promise<string | undefined> {
  const { ok, stdout, why } = await run("kubectl", ["version", "--client", "--output=json"]);
  const wanted = `the tests need kubectl ${oldestKubectl.join(".")} or newer on PATH`;
  if (!ok) return `${wanted}: ${why}`;
  const { gitVersion } = (JSON.parse(stdout) as { clientVersion: { gitVersion: string } }).clientVersion;
  const [, foundMajor, foundMinor] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  const [wantedMajor, wantedMinor] = oldestKubectl;
  const enough = Number(foundMajor) > wantedMajor || (Number(foundMajor) === wantedMajor && Number(foundMinor) >= wantedMinor);
  return enough ? undefined : `${wanted}; found ${gitVersion}`;
}
