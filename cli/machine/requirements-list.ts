/** What a machine needs beside Node.js with npm, and make: each program, package and file, and why. The only such list; data, no code. */

/** What a machine can be needed for; the documents and messages use these words. */
export const purposes = {
  engine: "`make up`, `make engine`",
  compose: "`make up` without the Pulumi CLI",
  programs: "`build.ts --binaries`",
  images: "`make images`, and `make up` without a container registry",
  cluster: "`make cluster` and its test suites",
} as const;

export type Purpose = keyof typeof purposes;

/** The release whose packages become part of the images: the last one with both Java 17 and a busybox of the version in configs/images.ts. */
export const debianRelease = "bookworm";

/** How presence is detected. A `*` in a file stands for anything within one path segment, `~` for the home folder. */
export type Probe =
  | { readonly program: string }
  | { readonly file: string }
  /** It ends with exit code 0. */
  | { readonly succeeds: readonly [string, ...string[]] }
  /** It prints a version, which must be the requirement's `least` or newer. `folder` is relative to the project. */
  | { readonly prints: readonly [string, ...string[]]; readonly folder?: string }
  | { readonly anyOf: readonly Probe[] }
  | { readonly allOf: readonly Probe[] }
  /** DOCKER_HOST names an engine on another machine: it cannot be started from here. */
  | { readonly remoteEngine: true }
  /** The operating system itself, which nothing installs. */
  | { readonly system: "debian" | "linux-root" };

/** Something that a machine needs. */
export interface Requirement {
  readonly name: string;
  /** What it is used for, as a phrase. */
  readonly why: string;
  readonly for?: readonly Purpose[];
  /** Suites of `make test` that need it, beside those that need a purpose as a whole. */
  readonly suites?: readonly string[];
  readonly probe: Probe;
  /** The oldest version that will do. */
  readonly least?: string;
  /** Debian packages. `a | b`: the first that the release has, and b if that is not known. */
  readonly debian?: readonly string[];
  /** Homebrew's formula. */
  readonly brew?: string;
  /** Where to get it elsewhere. */
  readonly url?: string;
}

/** Suites of `make test` that need all that a purpose needs. */
export const suitePurposes: Readonly<Record<string, readonly Purpose[]>> = {
  binaries: ["programs"],
  "binaries-slow": ["programs"],
  rules: ["programs"],
  images: ["engine", "images"],
  sbom: ["engine", "images"],
  faults: ["engine"],
  lifecycle: ["engine", "compose"],
  e2e: ["engine", "compose"],
  "django-e2e": ["engine", "compose"],
  "e2e-slow": ["engine", "compose"],
  attacks: ["engine", "compose"],
  cluster: ["engine", "cluster"],
  "cluster-load": ["engine", "cluster"],
};

/** A program on PATH that a Debian package of its name has, unless another one is given. */
const program = (name: string, why: string, debian = name) => ({ name, why, probe: { program: name }, debian: [debian] });

export const requirements: readonly Requirement[] = [
  {
    name: "a container engine",
    why: "runs the stack and builds the images",
    for: ["engine", "images"],
    probe: {
      anyOf: [
        { succeeds: ["docker", "version", "--format", "{{.Server.Version}}"] },
        { allOf: [{ program: "docker" }, { anyOf: [{ program: "dockerd" }, { remoteEngine: true }] }] },
      ],
    },
    debian: ["docker.io", "docker-cli | docker.io"],
    url: "https://docs.docker.com/engine/install/",
  },
  {
    name: "Docker Compose",
    why: "runs the rendered Compose file",
    for: ["compose"],
    probe: { anyOf: [{ succeeds: ["docker", "compose", "version"] }, { prints: ["docker-compose", "version", "--short"] }] },
    least: "1.29",
    debian: ["docker-compose"],
    brew: "docker-compose",
    url: "https://docs.docker.com/compose/install/",
  },
  {
    name: `Debian 12 (${debianRelease})`,
    why: "its packages become part of the images; use a virtual machine or container with it, or images from a registry (tracing:imageRegistry)",
    for: ["images"],
    probe: { system: "debian" },
  },
  {
    name: "lists of Debian's packages",
    why: "the images are built from packages",
    for: ["images"],
    probe: { succeeds: ["apt-cache", "show", "busybox-static"] },
  },
  {
    name: "Go",
    why: "compiles the Collector, Jaeger, Prometheus and the tests' own programs",
    for: ["programs", "images", "cluster"],
    suites: ["workflows", "golint", "ledger", "schemas", "sbom", "lifecycle", "e2e", "e2e-slow", "attacks", "cluster", "cluster-load"],
    // In this folder, because Go may be set up to fetch the version that a module asks for.
    probe: { prints: ["go", "env", "GOVERSION"], folder: "tests/ledger" },
    least: "1.26",
    brew: "go",
    url: "https://go.dev/doc/install",
  },
  {
    name: "a Java compiler",
    why: "compiles a module of Elasticsearch",
    for: ["images"],
    probe: { prints: ["javac", "-version"] },
    least: "17",
    debian: ["openjdk-17-jdk-headless | default-jdk-headless"],
  },
  { name: "Maven", why: "downloads Elasticsearch", for: ["images"], probe: { program: "mvn" }, debian: ["maven"] },
  { ...program("unzip", "unpacks Elasticsearch"), for: ["images"] },
  { ...program("mmdebstrap", "creates the base system of Elasticsearch's image"), for: ["images"] },
  {
    name: "Python",
    why: "runs the Django package, and the oracle that predicts sampling",
    suites: ["oracle", "django", "django-others", "binaries", "e2e", "django-e2e", "e2e-slow", "cluster-load"],
    probe: { prints: ["python3", "--version"] },
    least: "3.10",
    debian: ["python3"],
    brew: "python",
    url: "https://www.python.org/downloads/",
  },
  {
    name: "Python's venv",
    why: "creates the Django package's environments",
    suites: ["django", "django-others", "binaries", "django-e2e", "e2e-slow"],
    probe: { succeeds: ["python3", "-c", "import ensurepip, venv"] },
    debian: ["python3-venv"],
    brew: "python",
  },
  {
    name: "Python's yaml",
    why: "reads config files for the oracle that predicts sampling",
    suites: ["oracle", "e2e", "e2e-slow", "cluster-load"],
    probe: { succeeds: ["python3", "-c", "import yaml"] },
    debian: ["python3-yaml"],
    url: "https://pypi.org/project/PyYAML/",
  },
  {
    name: "busybox",
    why: "runs the index cleaner's script with the same shell as its image",
    suites: ["binaries", "binaries-slow", "rules"],
    probe: { file: "/bin/busybox" },
    debian: ["busybox-static"],
  },
  {
    name: "ShellCheck",
    why: "checks shell programs",
    suites: ["shell"],
    probe: { program: "shellcheck" },
    debian: ["shellcheck"],
    brew: "shellcheck",
    url: "https://www.shellcheck.net",
  },
  {
    name: "OpenSSL",
    why: "creates certificates",
    for: ["cluster"],
    suites: ["binaries", "binaries-slow", "rules"],
    probe: { program: "openssl" },
    debian: ["openssl"],
    brew: "openssl",
  },
  { ...program("docker-compose", "runs the Compose file together with an application's"), suites: ["e2e-slow"], brew: "docker-compose" },
  {
    name: "libfaketime",
    why: "sets Elasticsearch's clock",
    suites: ["lifecycle", "e2e-slow"],
    probe: { file: "/usr/lib/*/faketime/libfaketime.so.1" },
    debian: ["faketime"],
  },
  {
    name: "Chromium",
    why: "opens the user interfaces",
    suites: ["page"],
    probe: {
      anyOf: [{ program: "chromium" }, { program: "google-chrome" }, { file: "~/.cache/ms-playwright/chromium*" }],
    },
    debian: ["chromium"],
    brew: "chromium",
  },
  {
    ...program("curl", "sends the requests in the docs, and those of Elasticsearch's setup"),
    suites: ["binaries", "e2e-slow", "django-e2e"],
    brew: "curl",
  },
  { ...program("jq", "reads the answers to the requests in the docs"), suites: ["e2e-slow", "django-e2e"], brew: "jq" },
  {
    name: "PostgreSQL",
    why: "is the Django example's database",
    suites: ["django-e2e", "django-others", "e2e-slow"],
    probe: { file: "/usr/lib/postgresql/*/bin/initdb" },
    debian: ["postgresql"],
  },
  {
    name: "MariaDB",
    why: "is the MySQL server of the tests of Django's queries",
    suites: ["django-e2e"],
    probe: { allOf: [{ program: "mariadb-install-db" }, { program: "mariadb" }] },
    debian: ["mariadb-server-core", "mariadb-client-core"],
  },
  {
    name: "Redis",
    why: "is the Django example's cache and broker",
    suites: ["django-e2e", "django-others", "e2e-slow"],
    probe: { allOf: [{ program: "redis-server" }, { program: "redis-cli" }] },
    debian: ["redis-server"],
  },
  {
    name: "Linux, as root",
    why: "the node creates interfaces, rules and control groups",
    for: ["cluster"],
    probe: { system: "linux-root" },
  },
  { ...program("etcd", "stores the cluster's objects", "etcd-server"), for: ["cluster"] },
  { ...program("containerd", "runs the pods"), for: ["cluster"] },
  { ...program("runc", "starts their containers"), for: ["cluster"] },
  {
    name: "CNI plugins",
    why: "connect the pods",
    for: ["cluster"],
    probe: { file: "/usr/lib/cni/ptp" },
    debian: ["containernetworking-plugins"],
  },
  { ...program("iptables", "routes services, and enforces policies"), for: ["cluster"] },
  { ...program("ip", "creates the node's interface", "iproute2"), for: ["cluster"] },
  { ...program("conntrack", "closes connections to pods that are gone"), for: ["cluster"] },
  {
    name: "a C compiler",
    why: "compiles a fake for the limit of open files",
    suites: ["cluster-load"],
    probe: { allOf: [{ program: "cc" }, { file: "/usr/include/dlfcn.h" }] },
    debian: ["gcc", "libc6-dev"],
  },
  {
    name: "HAProxy",
    why: "is the proxy in front of the Collector",
    for: [],
    suites: ["binaries", "binaries-slow", "rules"],
    // It is in /usr/sbin, which is not on everybody's PATH.
    probe: { anyOf: [{ program: "haproxy" }, { file: "/usr/sbin/haproxy" }] },
    debian: ["haproxy"],
    brew: "haproxy",
  },
];
