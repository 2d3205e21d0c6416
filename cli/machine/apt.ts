/** Debian's packages, as root. */
import { heartbeat, note, UserError, warn } from "../terminal/output";
import { answered } from "./retry";
import { run, tail, type Outcome } from "./run";

/** Gets the lists of packages. If that fails, those of the last time may still do. */
export async function updateLists(): Promise<void> {
  const { ok, why, output } = await heartbeat("apt-get update", aptGet(["update"]));
  if (!ok) warn(`the package lists are out of date: apt-get update failed: ${why}\n${tail(output, 3)}`);
}

/** Installs packages; if another process is installing some, after it. */
export async function installPackages(packages: readonly string[]): Promise<void> {
  note(`installing ${packages.join(", ")}`);
  const { ok, why, output } = await heartbeat("apt-get install", aptGet(["install", "-y", "--no-install-recommends", ...packages]));
  if (!ok) throw new UserError(`apt-get install ${packages.join(" ")} failed: ${why}\n${tail(output)}`);
}

/** Seconds that another process may take for its packages. */
const patience = 300;

async function aptGet(args: readonly string[]): Promise<Outcome> {
  const env = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" };
  const call = () => run("apt-get", ["-o", `DPkg::Lock::Timeout=${patience}`, ...args], { env });
  // apt waits for the lock of installing, not for that of the lists.
  const unlocked = async () => {
    const outcome = await call();
    return outcome.ok || !/Could not get lock/.test(outcome.output) ? outcome : undefined;
  };
  return (await answered(unlocked, { within: patience * 1000, every: 2000 })) ?? call();
}
