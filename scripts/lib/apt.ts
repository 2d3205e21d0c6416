/** Debian's packages, where we may install them. */
import { heartbeat, note, Problem } from "./say";
import { run, tail } from "./run";

/** Whether packages can be installed: apt is there, and we are root. */
export async function canInstall(): Promise<boolean> {
  return process.getuid?.() === 0 && (await run("apt-get", ["--version"])).ok;
}

/** Installs packages. */
export async function install(...packages: string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  note(`installing ${packages.join(", ")} with apt-get`);
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...packages]]) {
    const { ok, why, output } = await heartbeat(`apt-get ${args[0]}`, run("apt-get", args, { env }));
    if (!ok) throw new Problem(`apt-get ${args.join(" ")} failed: ${why}\n${tail(output)}`);
  }
}
