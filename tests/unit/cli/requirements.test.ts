/** Rung: unit. What a machine lacks, what is said about it, and that the list agrees with what it is about. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { debianRelease as builtFrom } from "../../../images/lib/debian";
import { projectFolder } from "../../../render/record";
import { requirementsReference } from "../../../cli/reference/requirements";
import { matchesFile, parseRelease, type Machine } from "../../../cli/machine/machine";
import { debianPackages, isAtLeast, missingFor, notFromDebian, report, useNamed, useOfSuites } from "../../../cli/machine/requirements";
import { debianRelease, requirements, suitePurposes } from "../../../cli/machine/requirements-list";
import { temporaryFolder } from "../../support/temporary-folder";

const text = (...path: string[]) => readFileSync(join(projectFolder, ...path), "utf8");

const bookworm = { name: "Debian GNU/Linux 12 (bookworm)", codename: "bookworm", packages: "apt" } as const;
const ubuntu = { name: "Ubuntu 24.04 LTS", codename: "noble", packages: "apt" } as const;
const macos = { name: "macOS", codename: "", packages: "brew" } as const;
const fedora = { name: "Fedora Linux 42", codename: "" } as const;

interface Has {
  readonly programs?: readonly string[];
  readonly files?: readonly string[];
  /** Output of commands. Any other command fails. */
  readonly prints?: Readonly<Record<string, string>>;
}

/** A machine with these things and nothing else. */
function machine(system: Machine["system"], has: Has = {}, more: Partial<Machine> = {}): Machine {
  return {
    system,
    platform: system === macos ? "darwin" : "linux",
    root: false,
    remoteEngine: false,
    hasProgram: (name) => has.programs?.includes(name) ?? false,
    hasFile: (pattern) => has.files?.includes(pattern) ?? false,
    output: (command) => has.prints?.[command.join(" ")],
    ...more,
  };
}

const engineAnswers = { "docker version --format {{.Server.Version}}": "20.10.24" };
const go = { "go env GOVERSION": "go1.26.8" };
const names = (missing: ReturnType<typeof missingFor>) => missing.map(({ requirement }) => requirement.name);
const run = { purposes: ["engine", "compose"] } as const;

describe("what is missing", () => {
  test("a machine with a running engine has all that make up needs with Pulumi", () => {
    for (const system of [bookworm, ubuntu, macos, fedora]) {
      expect(missingFor({ purposes: ["engine"] }, machine(system, { prints: engineAnswers }))).toEqual([]);
    }
  });

  test.each<[string, Has, Partial<Machine>, boolean]>([
    ["nothing of Docker", {}, {}, false],
    ["its client alone", { programs: ["docker"] }, {}, false],
    ["a daemon that can be started", { programs: ["docker", "dockerd"] }, {}, true],
    ["the client of an engine elsewhere", { programs: ["docker"] }, { remoteEngine: true }, true],
    ["no client for an engine elsewhere", {}, { remoteEngine: true }, false],
  ])("an engine, with %s", (_, has, more, enough) => {
    expect(missingFor({ purposes: ["engine"] }, machine(bookworm, has, more)).length === 0).toBe(enough);
  });

  test.each([
    ["the plugin", { "docker compose version": "Docker Compose version v2.39.4" }, undefined],
    ["1.29", { "docker-compose version --short": "1.29.2" }, undefined],
    ["2, as a program", { "docker-compose version --short": "v2.26.1" }, undefined],
    ["one that is too old", { "docker-compose version --short": "1.25.0" }, [{ found: "1.25.0" }]],
    ["none", {}, [{ found: undefined }]],
  ])("compose, with %s", (_, prints, expected) => {
    expect(missingFor({ purposes: ["compose"] }, machine(bookworm, { prints }))).toMatchObject(expected ?? []);
  });

  test.each<[string, string, "least" | "old" | "absent"]>([
    ["go env GOVERSION", "go1.26.0", "least"],
    ["go env GOVERSION", "go1.25.9", "old"],
    ["go env GOVERSION", "devel", "absent"],
    ["javac -version", "javac 17.0.15", "least"],
    ["javac -version", "javac 1.8.0_392", "old"],
    ["javac -version", "javac 11.0.2", "old"],
  ])("%s that prints %s", (command, printed, is) => {
    const name = command.startsWith("go") ? "Go" : "a Java compiler";
    const missing = missingFor({ purposes: ["images"] }, machine(bookworm, { prints: { [command]: printed } }));
    const found = missing.find(({ requirement }) => requirement.name === name);
    if (is === "least") expect(found).toBeUndefined();
    else expect(found).toMatchObject({ found: is === "old" ? printed.replace(/^\w+?\s|^go/, "").replace(/_.*/, "") : undefined });
  });

  test("Python that is too old for the Django package", () => {
    const missing = missingFor(
      { purposes: [], suites: ["django"] },
      machine(bookworm, { prints: { "python3 --version": "Python 3.9.2" } }),
    );
    expect(missing).toMatchObject([{ requirement: { name: "Python" }, found: "3.9.2" }, { requirement: { name: "Python's venv" } }]);
  });

  test("a system that images cannot be built on is all that is reported for them", () => {
    expect(names(missingFor({ purposes: ["images"] }, machine(ubuntu)))).toEqual(["Debian 12 (bookworm)"]);
    expect(names(missingFor({ purposes: ["engine", "images"] }, machine(macos)))).toEqual(["Debian 12 (bookworm)", "a container engine"]);
  });

  test("suites need what they name, and no more", () => {
    expect(missingFor({ purposes: [], suites: ["lint", "types", "unit", "component", "render"] }, machine(macos))).toEqual([]);
    expect(names(missingFor({ purposes: [], suites: ["ledger"] }, machine(macos)))).toEqual(["Go"]);
  });
});

describe("suites on Kubernetes", () => {
  const root = { platform: "linux", root: true } as const;
  test.each([
    ["need a node of ours as root on Linux", undefined, root, { purposes: ["engine", "cluster"], suites: ["unit", "cluster"] }],
    ["need none with KUBECONFIG", "/home/me/.kube/config", root, { purposes: [], suites: ["unit", "cluster"] }],
    ["are skipped without root", undefined, { platform: "linux", root: false } as const, { purposes: [], suites: ["unit"] }],
    ["are skipped on macOS", undefined, { platform: "darwin", root: true } as const, { purposes: [], suites: ["unit"] }],
  ] as const)("%s", (_, kubeconfig, place, use) => {
    expect(useOfSuites(["unit", "cluster"], kubeconfig, place)).toEqual(use);
  });
});

describe("what is said", () => {
  const said = (system: Machine["system"], more: Partial<Machine> = {}, has: Has = {}) => {
    const here = machine(system, has, more);
    return report(missingFor(run, here), here);
  };

  test("on Debian, everything at once with one command", () => {
    expect(said(bookworm)).toBe(
      "2 things are missing on this machine:\n" +
        "  - a container engine: runs the stack and builds the images\n" +
        "  - Docker Compose 1.29 or newer: runs the rendered Compose file\n" +
        "To install: sudo apt-get update && sudo apt-get install -y --no-install-recommends docker-compose docker.io",
    );
  });

  test("to root without sudo", () => {
    expect(said(ubuntu, { root: true })).toMatch(/^To install: apt-get update && apt-get install/m);
  });

  test("on macOS, a command for what Homebrew has and an address for the rest", () => {
    expect(said(macos)).toMatch(/container engine: .* \(https:\/\/docs\.docker\.com\/engine\/install\/\)/);
    expect(said(macos)).toMatch(/^To install those that come in packages: brew install docker-compose$/m);
  });

  test("elsewhere, names and addresses alone", () => {
    expect(said(fedora)).toMatch(/^2 things are missing[^]*\(https:[^]*\(https:/);
    expect(said(fedora)).not.toContain("To install");
  });

  test("a version that is too old, with the one that is needed", () => {
    expect(said(bookworm, {}, { prints: { ...engineAnswers, "docker-compose version --short": "1.25.0" } })).toContain(
      "1 thing is missing on this machine:\n  - Docker Compose 1.29 or newer: runs the rendered Compose file; found 1.25.0\n",
    );
  });

  test("the system, if it is the wrong one", () => {
    expect(report(missingFor({ purposes: ["images"] }, machine(ubuntu)), machine(ubuntu))).toMatch(/found Ubuntu 24\.04 LTS$/);
    expect(report(missingFor({ purposes: ["cluster"] }, machine(macos)), machine(macos))).toMatch(/Linux, as root: .*; found macOS$/);
  });

  test("without lists of packages, the command that gets them", () => {
    const programs = ["docker", "dockerd", "mvn", "unzip", "mmdebstrap"];
    const here = machine(bookworm, { programs, prints: { ...go, "javac -version": "javac 17.0.15" } });
    expect(report(missingFor({ purposes: ["images"] }, here), here)).toMatch(/^To install: sudo apt-get update$/m);
  });

  test("a machine without Go is refused before anything is installed", () => {
    const here = machine(bookworm);
    expect(names(notFromDebian(missingFor({ purposes: ["images"] }, here), here))).toEqual(["Go"]);
    expect(report(missingFor({ purposes: ["images"] }, here), here)).toContain("Go 1.26 or newer: ");
  });
});

test("of alternative packages the first that the release has is taken, else the last", () => {
  const missing = missingFor({ purposes: ["engine"] }, machine(bookworm));
  expect(debianPackages(missing, machine(bookworm))).toEqual(["docker.io"]);
  expect(debianPackages(missing, machine(bookworm, { prints: { "apt-cache show docker-cli": "Package" } }))).toEqual([
    "docker-cli",
    "docker.io",
  ]);
});

test.each([
  ["1.26.8", "1.26", true],
  ["1.26", "1.26.0", true],
  ["1.100", "1.26", true],
  ["2", "1.29", true],
  ["1.9", "1.26", false],
  ["16.0.2", "17", false],
])("%s is at least %s: %s", (version, least, is) => expect(isAtLeast(version, least)).toBe(is));

test.each([
  ['ID=debian\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n', bookworm],
  ['PRETTY_NAME="Ubuntu 24.04 LTS"\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n', ubuntu],
  ['PRETTY_NAME="Linux Mint 22"\nID=linuxmint\nID_LIKE="ubuntu debian"\n', { name: "Linux Mint 22", codename: "", packages: "apt" }],
  ['PRETTY_NAME="Fedora Linux 42"\nID=fedora\n', { ...fedora, packages: undefined }],
  ["", { name: "Linux", codename: "", packages: undefined }],
])("os-release %#", (release, system) => expect(parseRelease(release)).toEqual(system));

describe("files", () => {
  const folder = temporaryFolder();
  beforeEach(() => {
    mkdirSync(join(folder(), "postgresql", "15", "bin"), { recursive: true });
    writeFileSync(join(folder(), "postgresql", "15", "bin", "initdb"), "");
  });
  test.each([
    ["postgresql/*/bin/initdb", true],
    ["postgresql/1*/bin/init*", true],
    ["postgresql/15/bin/psql", false],
    ["postgresql/*/initdb", false],
    ["nowhere/*/bin", false],
  ])("%s: %s", (pattern, is) => expect(matchesFile(join(folder(), pattern))).toBe(is));
});

describe("the list", () => {
  test("is what docs/requirements.md says", () => expect(text("docs", "requirements.md")).toBe(requirementsReference()));

  test("names the release that images are built from", () => expect(debianRelease).toBe(builtFrom));

  test("asks for the newest Go of all modules in the tree", () => {
    const files = ["tests/ledger", "images/otel-collector/generated", "tests/cluster/kubernetes"].map((folder) => text(folder, "go.mod"));
    const wanted = files.map((file) => /^go (\d+\.\d+)/m.exec(file)?.[1] ?? "");
    const least = requirements.find(({ name }) => name === "Go")?.least;
    expect(wanted).toContain(least);
    for (const version of wanted) expect(isAtLeast(least ?? "0", version)).toBe(true);
  });

  test("names suites that exist", () => {
    const exist = [...text("tests", "run.ts").matchAll(/name: "([a-z0-9-]+)"/g)].map(([, name]) => name);
    const named = [...Object.keys(suitePurposes), ...requirements.flatMap(({ suites = [] }) => suites)];
    expect(named.filter((name) => !exist.includes(name))).toEqual([]);
  });

  test("is asked by the words of make requirements", () => {
    expect(useNamed("run")?.purposes).toEqual(["engine", "compose"]);
    expect(useNamed("test")?.suites).toEqual(expect.arrayContaining(["django", "images", "e2e"]));
    expect(useNamed("test")?.purposes).not.toContain("cluster");
    expect(useNamed("django")).toEqual({ purposes: [], suites: ["django"] });
    expect(useNamed("nonsense")).toBeUndefined();
  });
});

describe("Node.js", () => {
  const { judge, supported } = require("../../../cli/node-version") as {
    judge: (version: string) => { ok: boolean; text: string };
    supported: number[];
  };

  test.each([
    ["22.23.3", true, ""],
    ["24.0.0", true, ""],
    ["26.1.0", true, ""],
    ["23.5.0", true, "note: Node.js 23.5.0 works, but is not supported; supported: 22, 24"],
    ["20.20.2", true, "note: Node.js 20.20.2 works, but is not supported; supported: 22, 24"],
    ["18.20.0", false, "error: found Node.js 18.20.0; needed: 22 or 24, https://nodejs.org"],
  ])("%s", (version, ok, said) => expect(judge(version)).toEqual({ ok, text: said }));

  test("the oldest supported version is in .nvmrc, the workflows and their images", () => {
    const oldest = String(supported[0]);
    expect(text(".nvmrc").trim()).toBe(oldest);
    for (const name of ["pull-request.yml", "end-to-end.yml", "deploy.yml"]) {
      const workflow = text(".github", "workflows", name);
      expect(workflow).not.toMatch(/node-version: /);
      for (const [, version] of workflow.matchAll(/library\/node:(\d+)/g)) expect(version).toBe(oldest);
    }
  });

  test("the documents name the supported versions", () => {
    for (const file of ["README.md", "docs/QUICK_START.md", "docs/SETUP_AND_INTEGRATION.md"]) {
      expect(text(file).match(/Node\.js \d[^,;:]*?(?=,| with npm)/g)).toEqual([`Node.js ${supported.join(" or ")}`]);
    }
  });
});
