/** Missing requirements of a machine, and the report on them: pure functions on the list of requirements. */
import type { Machine } from "./machine";
import { debianRelease, requirements, suitePurposes, type Probe, type Purpose, type Requirement } from "./requirements-list";

/** Use of a machine. */
export interface Use {
  readonly purposes: readonly Purpose[];
  /** Suites of `make test`; what they need as a whole is in `purposes`. */
  readonly suites?: readonly string[];
}

/** A requirement that a machine does not meet. */
export interface Missing {
  readonly requirement: Requirement;
  /** The version found, if it is too old. */
  readonly found?: string;
}

/** What suites of `make test` need. Those on Kubernetes need a node of ours only where KUBECONFIG names no cluster, and are skipped without root on Linux. */
export function useOfSuites(
  chosen: readonly string[],
  kubeconfig: string | undefined,
  { platform, root }: Pick<Machine, "platform" | "root">,
): Use {
  const onCluster = (suite: string) => suitePurposes[suite]?.includes("cluster") ?? false;
  const run = chosen.filter((suite) => !onCluster(suite) || kubeconfig || (platform === "linux" && root));
  const purposes = run.flatMap((suite) => (onCluster(suite) && kubeconfig ? [] : (suitePurposes[suite] ?? [])));
  return { purposes: [...new Set(purposes)], suites: run };
}

/** Words by which people name a use; a suite's name is one too. */
const words: Readonly<Record<string, readonly Purpose[]>> = {
  run: ["engine", "compose"],
  images: ["engine", "images"],
  cluster: ["cluster"],
};

/** The suites that need anything, in the order of the list. */
const suites = [...new Set([...requirements.flatMap((requirement) => requirement.suites ?? []), ...Object.keys(suitePurposes)])];

/** What a word names: `run`, `images`, `test` (all suites but those on Kubernetes), `cluster`, or a suite. Undefined if it names nothing. */
export function useNamed(word: string): Use | undefined {
  const inTest = (suite: string) => !suitePurposes[suite]?.includes("cluster");
  const named = word === "test" ? suites.filter(inTest) : suites.filter((suite) => suite === word);
  const purposes = words[word] ?? [...new Set(named.flatMap((suite) => suitePurposes[suite] ?? []))];
  return words[word] || named.length > 0 ? { purposes, suites: named } : undefined;
}

/**
 * What a machine lacks for a use. If the operating system itself is wrong for a purpose, nothing else is reported as missing for that purpose:
 * installing it would not help.
 */
export function missingFor({ purposes, suites: named = [] }: Use, machine: Machine): readonly Missing[] {
  const systems = missingOf(
    requirements.filter((requirement) => isSystem(requirement) && purposes.some((purpose) => requirement.for?.includes(purpose))),
    machine,
  );
  const impossible = systems.flatMap(({ requirement }) => requirement.for ?? []);
  const possible = purposes.filter((purpose) => !impossible.includes(purpose));
  const others = requirements.filter(
    (requirement) =>
      !isSystem(requirement) &&
      (possible.some((purpose) => requirement.for?.includes(purpose)) || named.some((suite) => requirement.suites?.includes(suite))),
  );
  return [...systems, ...missingOf(others, machine)];
}

const isSystem = ({ probe }: Requirement): boolean => "system" in probe;

/** Those of some requirements that a machine does not meet. */
function missingOf(list: readonly Requirement[], machine: Machine): readonly Missing[] {
  return list.flatMap((requirement) => {
    const { present, found } = ask(requirement.probe, requirement.least, machine);
    return present ? [] : [{ requirement, found }];
  });
}

interface Answer {
  readonly present: boolean;
  readonly found?: string;
}

function ask(probe: Probe, least: string | undefined, machine: Machine): Answer {
  if ("program" in probe) return { present: machine.hasProgram(probe.program) };
  if ("file" in probe) return { present: machine.hasFile(probe.file) };
  if ("succeeds" in probe) return { present: machine.output(probe.succeeds) !== undefined };
  if ("prints" in probe) return askVersion(machine.output(probe.prints, probe.folder), least);
  if ("anyOf" in probe) return firstPresent(probe.anyOf.map((one) => ask(one, least, machine)));
  if ("allOf" in probe) return { present: probe.allOf.every((one) => ask(one, least, machine).present) };
  if ("remoteEngine" in probe) return { present: machine.remoteEngine };
  return askSystem(probe.system, machine);
}

function firstPresent(answers: readonly Answer[]): Answer {
  return answers.find(({ present }) => present) ?? answers.find(({ found }) => found !== undefined) ?? { present: false };
}

function askVersion(output: string | undefined, least = "0"): Answer {
  const version = /\d+(?:\.\d+)*/.exec(output ?? "")?.[0];
  if (version === undefined) return { present: false };
  return isAtLeast(version, least) ? { present: true } : { present: false, found: version };
}

/** True if a version such as 1.26.8 equals another one or is newer. */
export function isAtLeast(version: string, least: string): boolean {
  const [found, wanted] = [version, least].map((text) => text.split(".").map(Number)) as [number[], number[]];
  const differing = wanted.findIndex((part, i) => part !== (found[i] ?? 0));
  return differing === -1 || (found[differing] ?? 0) > (wanted[differing] ?? 0);
}

function askSystem(system: "debian" | "linux-root", { system: own, platform, root }: Machine): Answer {
  if (system === "debian") return { present: own.codename === debianRelease, found: own.name };
  return { present: platform === "linux" && root, found: platform === "linux" ? "a user that is not root" : own.name };
}

/** True if this machine's package manager can install a requirement. */
const isPackaged = ({ probe, debian, brew }: Requirement, { packages }: Machine["system"]): boolean =>
  (packages === "apt" && (debian !== undefined || isPackageLists(probe))) || (packages === "brew" && brew !== undefined);

const isPackageLists = (probe: Probe): boolean => "succeeds" in probe && probe.succeeds[0] === "apt-cache";

/** Those that apt-get cannot provide. */
export const notFromDebian = (missing: readonly Missing[], machine: Machine): readonly Missing[] =>
  missing.filter(({ requirement }) => !isPackaged(requirement, machine.system));

/** The Debian packages of what is missing, each once. Of alternatives, the first that the machine's package lists know. */
export function debianPackages(missing: readonly Missing[], machine: Machine): string[] {
  const names = missing
    .flatMap(({ requirement }) => requirement.debian ?? [])
    .map((alternatives) => {
      const candidates = alternatives.split(" | ");
      return candidates.find((name) => machine.output(["apt-cache", "show", name]) !== undefined) ?? candidates.at(-1) ?? "";
    });
  return [...new Set(names)].sort();
}

/** One line on something that is missing. */
export function describe({ requirement, found }: Missing): string {
  const { name, least, why } = requirement;
  return `${name}${least === undefined ? "" : ` ${least} or newer`}: ${why}${found === undefined ? "" : `; found ${found}`}`;
}

/** Everything that is missing, and the one command that installs it where there is one. */
export function report(missing: readonly Missing[], machine: Machine): string {
  const lines = missing.map((one) => {
    const { url } = one.requirement;
    return `  - ${describe(one)}${url === undefined || isPackaged(one.requirement, machine.system) ? "" : ` (${url})`}`;
  });
  const count = missing.length === 1 ? "1 thing is" : `${missing.length} things are`;
  return [`${count} missing on this machine:`, ...lines, ...command(missing, machine)].join("\n");
}

function command(missing: readonly Missing[], machine: Machine): string[] {
  const packaged = missing.filter(({ requirement }) => isPackaged(requirement, machine.system));
  if (packaged.length === 0) return [];
  const what = packaged.length === missing.length ? "To install" : "To install those that come in packages";
  if (machine.system.packages === "brew") {
    const formulas = new Set(packaged.flatMap(({ requirement }) => requirement.brew ?? []));
    return [`${what}: brew install ${[...formulas].sort().join(" ")}`];
  }
  const sudo = machine.root ? "" : "sudo ";
  const packages = debianPackages(packaged, machine);
  const install = packages.length === 0 ? "" : ` && ${sudo}apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  return [`${what}: ${sudo}apt-get update${install}`];
}
