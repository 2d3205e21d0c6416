/** What the node asks of the machine beside its processes: an interface, rules, control groups, mounts. All of it is undone. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execOrThrow, run } from "../../../cli/machine/run";
import { UserError } from "../../../cli/terminal/output";
import { home, network, programs } from "./layout";

/** The chain through which all traffic of pods goes; the agent fills it with the policies. */
export const policyChain = "TRACING-POLICY";

const cgroups = "/sys/fs/cgroup";
/** Where the node's pods are in the tree of control groups. */
export const cgroupRoot = "/tracing-cluster";

const masquerade = [
  "POSTROUTING",
  "-s",
  network.pods,
  "!",
  "-d",
  network.pods,
  "-m",
  "comment",
  "--comment",
  "tracing-cluster",
  "-j",
  "MASQUERADE",
];
const forward = ["FORWARD", "-j", policyChain];

/** Refuses a machine on which the node would get in somebody's way. */
export async function checkMachine(): Promise<void> {
  const rules = await run("iptables", ["-t", "nat", "-S"]);
  if (!rules.ok) throw new UserError(`iptables does not work here: ${rules.output}`);
  if (/KUBE-SERVICES/.test(rules.stdout))
    throw new UserError("there is a Kubernetes node in this network already; a second one would take its rules");
}

/** Makes the interface with the node's address, and the rules by which pods are routed. */
export async function makeNetwork(): Promise<void> {
  if (!existsSync(`/sys/class/net/${network.interface}`) && !(await run("ip", ["link", "show", network.interface])).ok) {
    // A bridge without ports: an address that is there whatever else this machine has, and that needs no other driver than pods do.
    await execOrThrow("ip", ["link", "add", network.interface, "type", "bridge"]);
    await execOrThrow("ip", ["address", "add", `${network.node}/32`, "dev", network.interface]);
    await execOrThrow("ip", ["link", "set", network.interface, "up"]);
  }
  if (readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8").trim() !== "1") writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  if (!(await run("iptables", ["-S", policyChain])).ok) {
    await execOrThrow("iptables", ["-N", policyChain]);
    await execOrThrow("iptables", ["-I", ...forward]);
    await execOrThrow("iptables", ["-t", "nat", "-A", ...masquerade]);
  }
}

/** Takes interface and rules away, those of kube-proxy too. */
export async function removeNetwork(): Promise<void> {
  // It takes its rules away by itself, wherever it has been started.
  await run(join(programs, "kube-proxy"), ["--cleanup"]);
  await run("iptables", ["-t", "nat", "-D", ...masquerade]);
  await run("iptables", ["-D", ...forward]);
  const chains: (readonly [table: string, chain: string])[] = [];
  for (const table of ["filter", "nat", "mangle"]) {
    const { stdout } = await run("iptables", ["-t", table, "-S"]);
    for (const [, chain = ""] of stdout.matchAll(/^-N ((?:TRACING-|KUBE-)\S+)$/gm)) chains.push([table, chain]);
    // kube-proxy leaves the way to one of its chains.
    for (const [, rule = ""] of stdout.matchAll(/^-A ((?!TRACING-|KUBE-).* -j (?:TRACING-|KUBE-)\S+)$/gm)) {
      await run("iptables", ["-t", table, "-D", ...(rule.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^"|"$/g, ""))]);
    }
  }
  // A chain goes when nothing leads to it any more.
  for (const [table, chain] of chains) await run("iptables", ["-t", table, "-F", chain]);
  for (const [table, chain] of chains) await run("iptables", ["-t", table, "-X", chain]);
  await run("ip", ["link", "delete", network.interface]);
}

/** The hierarchies of control groups: one in version 2, one for each controller in version 1. */
function hierarchies(): string[] {
  if (existsSync(join(cgroups, "cgroup.controllers"))) return [cgroups];
  return readdirSync(cgroups)
    .map((name) => join(cgroups, name))
    .filter((path) => existsSync(join(path, "cgroup.procs")));
}

export function makeControlGroups(): void {
  for (const hierarchy of hierarchies()) {
    const folder = join(hierarchy, cgroupRoot);
    mkdirSync(folder, { recursive: true });
    if (existsSync(join(folder, "cgroup.subtree_control"))) {
      const controllers = readFileSync(join(hierarchy, "cgroup.controllers"), "utf8").trim().split(" ");
      for (const place of [hierarchy, folder])
        writeFileSync(join(place, "cgroup.subtree_control"), controllers.map((c) => `+${c}`).join(" "));
    }
    // In version 1 a group begins without processors and memory nodes.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      const target = join(folder, file);
      if (existsSync(target) && hierarchy !== cgroups) writeFileSync(target, readFileSync(join(hierarchy, file), "utf8"));
    }
  }
}

export function removeControlGroups(): void {
  const remove = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) remove(join(folder, entry.name));
    rmdirSync(folder);
  };
  for (const hierarchy of hierarchies()) {
    const folder = join(hierarchy, cgroupRoot);
    if (existsSync(folder)) remove(folder);
  }
}

/** Mounts below the node's folder, the innermost first. */
function mounts(): string[] {
  const all = readFileSync("/proc/self/mountinfo", "utf8")
    .trim()
    .split("\n")
    .map((line) => (line.split(" ")[4] ?? "").replaceAll("\\040", " "));
  return all.filter((path) => path.startsWith(`${home()}/`)).sort((a, b) => b.length - a.length);
}

/** Takes the node's mounts away, and its folder with all that is in it. */
export async function removeFolder(): Promise<void> {
  for (const path of mounts()) await run("umount", [path]);
  const left = mounts();
  // A folder is not emptied through a mount that is still there: it may show somebody's data.
  if (left.length > 0) throw new UserError(`these mounts cannot be taken away, so ${home()} stays:\n${left.join("\n")}`);
  rmSync(home(), { recursive: true, force: true });
}
