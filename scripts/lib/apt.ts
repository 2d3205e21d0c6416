/** Debian's packages, where we may install them. */
import { heartbeat, note, Problem } from "./say";
import { run, sleep, tail, type Outcome } from "./run";

/** Whether packages can be installed: apt is there, and we are root. */
export async function canInstall(): Promise<boolean> {
  return process.getuid?.() === 0 && (await run("apt-get", ["--version"])).ok;
}

/** Installs packages; where another process does so, after it. */
export async function install(...packages: string[]): Promise<void> {
  note(`installing ${packages.join(", ")} with apt-get`);
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...packages]]) {
    const { ok, why, output } = await heartbeat(`apt-get ${args[0]}`, aptGet(args));
    if (!ok) throw new Problem(`apt-get ${args.join(" ")} failed: ${why}\n${tail(output)}`);
  }
}

/** Seconds that another process may take for its packages. */
const patience = 300;

async function aptGet(args: readonly string[]): Promise<Outcome> {
  const deadline = Date.now() + patience * 1000;
  for (;;) {
    const env = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" };
    const outcome = await run("apt-get", ["-o", `DPkg::Lock::Timeout=${patience}`, ...args], { env });
    // apt waits for the lock of installing, not for that of the lists.
    if (outcome.ok || !/Could not get lock/.test(outcome.output) || Date.now() > deadline) return outcome;
    await sleep(2000);
  }
}
