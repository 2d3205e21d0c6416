/** Rung: binaries. The setup's script, by a real bash and curl, against a stand-in for Elasticsearch that remembers what it is told, and one for the Collector. */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { certificateGauge } from "../../configs/elasticsearch/certificates";
import { setupDone, setupFiles } from "../../configs/elasticsearch/setup";
import { formerPasswordFile, passwordFile, userName, usersOf } from "../../configs/elasticsearch/users";
import { dockerTopology } from "../../configs/topology/docker";
import { kubernetesTopology } from "../../configs/topology/kubernetes";
import { files, paths } from "../../configs/topology/ports";
import { execOrThrow } from "../../cli/machine/run";
import { Authority } from "../support/certificates";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { eventually } from "../support/waiting";
import { httpServer, type Handler, type HttpServer } from "../support/http-server";

const folder = temporaryFolder();

/** An Elasticsearch of a few paths: what was put, in order, and the passwords of its users. */
class StandIn {
  version = "8.19.0";
  readonly put = new Map<string, unknown>();
  readonly passwords = new Map([["elastic", "first"]]);
  readonly asked: string[] = [];
  /** Paths that are refused. */
  refuses: RegExp | undefined;

  readonly handle: Handler = (request, response, body) => {
    const [name = "", password = ""] = Buffer.from(request.headers.authorization?.slice(6) ?? "", "base64")
      .toString()
      .split(":");
    const path = decodeURIComponent(request.url ?? "");
    this.asked.push(`${request.method ?? ""} ${path}`);
    const [status, answer, indent] =
      this.passwords.get(name) === password ? this.answer(request.method ?? "", path, body.toString()) : [401, { error: "who?" }];
    response.statusCode = status;
    response.end(JSON.stringify(answer, undefined, indent));
  };

  private answer(method: string, path: string, body: string): [status: number, answer: unknown, indent?: number] {
    if (this.refuses?.test(path)) return [403, { error: "no rights" }];
    const user = /^\/_security\/user\/([^/,]+)(\/_password)?$/.exec(path)?.[1];
    if (method === "PUT" || method === "POST") {
      const { password, ...rest } = JSON.parse(body) as { password?: string };
      if (user && password) this.passwords.set(user, password);
      this.put.set(path, rest);
      return [200, { acknowledged: true }];
    }
    if (method === "DELETE") return [this.passwords.delete(user ?? "") ? 200 : 404, {}];
    // Elasticsearch writes this one, and only this one, on several lines.
    if (path.startsWith("/?")) return [200, { version: { number: this.version } }, 2];
    const found = [...this.put].filter(([known]) => {
      const names = path.slice(path.lastIndexOf("/") + 1).split(",");
      return known.startsWith(path.slice(0, path.lastIndexOf("/"))) && names.some((name) => known.includes(name.replace("*", "")));
    });
    return [200, Object.fromEntries(found)];
  }
}

let elasticsearch: StandIn;
let [server, collector]: HttpServer[] = [];
/** What the Collector was told last. */
let told = "";
let script: ChildProcess | undefined;
let log = "";

beforeEach(async () => {
  elasticsearch = new StandIn();
  server = await httpServer(elasticsearch.handle);
  [told, log] = ["", ""];
  collector = await httpServer((_request, response, body) => {
    told = body.toString();
    response.end("{}");
  });
});
afterEach(async () => {
  script?.kill("SIGKILL");
  await server?.close();
  await collector?.close();
});

type Options = NonNullable<Parameters<typeof settingsWith>[0]>;

/** Starts the script of a stack, with this host's paths in place of the container's. It looks each second. */
function start(options: Options = {}, passwords: Readonly<Record<string, string>> = {}): void {
  const settings = settingsWith(options);
  const known = settings.platform === "docker" ? dockerTopology("dev") : kubernetesTopology(settings);
  const topology = { ...known, elasticsearchUrl: server!.url, collectorReports: collector!.url };
  const all = {
    ...Object.fromEntries(usersOf(settings).map((user) => [passwordFile(settings, user), `${user}-secret`])),
    [files.elasticsearchPassword]: "first",
    ...passwords,
  };
  for (const [name, content] of Object.entries(all)) writeFileSync(join(folder(), name), content);
  for (const [name, text] of Object.entries(setupFiles(settings, topology))) {
    const here = text
      .replaceAll(paths.secrets, folder())
      .replaceAll(paths.config, folder())
      .replaceAll(paths.watchedCertificates, join(folder(), "watched"))
      .replaceAll(setupDone, join(folder(), "done"))
      .replace("pause=60", "pause=1")
      .replace("pause=30", "pause=1")
      .replace("-gt 3600", "-gt 1");
    writeFileSync(join(folder(), name), here);
  }
  const env = { PATH: `${folder()}:${process.env.PATH ?? ""}` };
  script = spawn("bash", [join(folder(), files.elasticsearchSetup)], { stdio: ["ignore", "pipe", "pipe"], env });
  for (const stream of [script.stdout, script.stderr]) stream?.on("data", (chunk: Buffer) => (log += chunk.toString()));
}
const within = (what: string, holds: () => boolean) => eventually(`${what}; ${log}`, 60, () => Promise.resolve(holds() || undefined));
const says = (text: string) => within(text, () => log.includes(text));
const inPlace = () => says("everything is in place\n");
const services = usersOf(settingsWith());
const users = (options: Options = {}) => services.map((user) => userName(settingsWith(options), user));

test("templates come first, then roles, then users; each user gets its password and one role", async () => {
  start();
  await inPlace();
  const put = elasticsearch.asked.filter((what) => what.startsWith("PUT")).map((what) => what.slice(5).replace(/\?.*/, ""));
  const kinds = put.map((path) => /^(_index_template|jaeger-span-\*\/_settings|_security\/role|_security\/user)/.exec(path)?.[1]);
  expect([...new Set(kinds)]).toEqual(["_index_template", "jaeger-span-*/_settings", "_security/role", "_security/user"]);
  expect(kinds.at(-1)).toBe("_security/user");
  expect(elasticsearch.put.get("/_security/user/tracing-writer")).toEqual({ roles: ["tracing-writer"] });
  expect(users().map((user) => elasticsearch.passwords.get(user))).toEqual(services.map((user) => `${user}-secret`));
});

test("what is missing or changed is put right after a second look, and told; what stays is left alone", async () => {
  start();
  await inPlace();
  await within("a report", () => told.includes("last_success"));
  expect(told).not.toContain("last_repair");
  const before = elasticsearch.asked.length;
  await within("more looks", () => elasticsearch.asked.length > before + 20);
  expect(elasticsearch.asked.slice(before).filter((what) => !what.startsWith("GET"))).toEqual([]);
  for (const harm of [
    () => elasticsearch.put.delete("/_index_template/tracing-jaeger-span"),
    () => elasticsearch.put.set("/_security/role/tracing-reader", { cluster: ["all"] }),
    () => elasticsearch.passwords.set("tracing-writer", "by hand"),
    () => {
      elasticsearch.put.clear();
      for (const user of users()) elasticsearch.passwords.delete(user);
    },
  ]) {
    log = "";
    harm();
    await says("something was missing or changed; everything is in place again");
  }
  await within("a report of the repair", () => told.includes("last_repair"));
  expect(elasticsearch.put.get("/_security/role/tracing-reader")).toMatchObject({ cluster: ["monitor"] });
  expect(elasticsearch.passwords.get("tracing-writer")).toBe("writer-secret");
});

test("waits for an Elasticsearch that is not there yet, and outlasts one that goes", async () => {
  const { port } = server!;
  await server!.close();
  start();
  await says("curl: (7)");
  elasticsearch = new StandIn();
  server = await httpServer(elasticsearch.handle, port);
  await inPlace();
  log = "";
  await server.close();
  await says("curl: (7)");
  expect(log).not.toContain("missing or changed");
});

test.each([
  ["7.17.9", false],
  ["8.16.1", false],
  ["8.17.0", true],
  ["9.2.0", true],
  ["10.0.0", true],
])("Elasticsearch %s: good is %s", async (version, good) => {
  elasticsearch.version = version;
  start();
  if (good) return inPlace();
  await says(`Elasticsearch is ${version.split(".").slice(0, 2).join(".")}; allowed: 8.17 or newer`);
  expect(elasticsearch.put.size).toBe(0);
});

test("what Elasticsearch refuses is in the log with its answer, and nothing after it is tried", async () => {
  elasticsearch.refuses = /_security\/role/;
  start();
  await says('_security/role/tracing-writer: {"error":"no rights"} 403');
  expect([...elasticsearch.put.keys()].filter((path) => path.includes("_security/user"))).toEqual([]);
  expect(log).not.toContain("in place");
});

test("a new version of the passwords makes new users beside the old ones, and changes the superuser's", async () => {
  start();
  await inPlace();
  script?.kill("SIGTERM");
  // Its folder on memory is gone with the container.
  rmSync(join(folder(), "done"));
  const options = { elasticsearch: { passwordVersion: 2 } };
  start(options, { [files.elasticsearchPassword]: "second", [formerPasswordFile(1)]: "first" });
  await within("new users", () => users(options).every((user) => elasticsearch.passwords.has(user)));
  expect(elasticsearch.passwords.get("elastic")).toBe("second");
  expect(users().map((user) => elasticsearch.passwords.get(user))).toEqual(services.map((user) => `${user}-secret`));
  await within("the old users gone", () => users().every((user) => !elasticsearch.passwords.has(user)));
  expect(users(options).every((user) => elasticsearch.passwords.has(user))).toBe(true);
});

test("without users of its own only templates are put, as the user that was given", async () => {
  // Whatever somebody chose.
  const password = "a\"b\\c d$e'f";
  elasticsearch.passwords.set("anna", password);
  elasticsearch.passwords.delete("elastic");
  const external = { url: "http://es:9200", user: "anna", passwordSecret: "es", createUsers: false };
  start({ platform: "kubernetes", elasticsearch: { external, indexPrefix: "blue" } }, { [files.elasticsearchPassword]: password });
  await inPlace();
  expect([...elasticsearch.put.keys()].map((path) => path.replace(/\?.*/, ""))).toEqual([
    "/_index_template/tracing-blue-jaeger-span",
    "/_index_template/tracing-blue-jaeger-service",
    "/_index_template/tracing-blue-jaeger-dependencies",
    "/blue-jaeger-span-*/_settings",
  ]);
});

test("a password that changes under it is read again", async () => {
  start();
  await inPlace();
  elasticsearch.passwords.set("elastic", "another");
  await says("401");
  writeFileSync(join(folder(), files.elasticsearchPassword), "another");
  const before = elasticsearch.asked.length;
  await within("looks that succeed", () => elasticsearch.asked.slice(before).some((what) => what.includes("_security/_authenticate")));
});

test("the ends of all certificates that are there are reported, also of one that ends after 2049, and of a renewed one", async () => {
  const authority = await Authority.make(join(folder(), "authority"));
  const secret = (name: string) => join(folder(), "watched", name);
  await authority.issue(secret("otel-sampler-tier-tls"), ["otel-sampler"]);
  await authority.issue(secret("jaeger-tier-tls"), ["jaeger"], 12_000);
  await authority.issue(secret("otel-collector-tier-tls"), ["otel-collector"]);
  writeFileSync(join(secret("otel-collector-tier-tls"), files.certificate), "not a certificate\n");
  const ends = async (file: string) => {
    const line = await execOrThrow("openssl", ["x509", "-noout", "-enddate", "-in", secret(file)]);
    return String(Date.parse(line.replace("notAfter=", "")) / 1000);
  };
  const readable = [
    "jaeger-tier-tls/ca.crt",
    "jaeger-tier-tls/tls.crt",
    "otel-collector-tier-tls/ca.crt",
    "otel-sampler-tier-tls/ca.crt",
    "otel-sampler-tier-tls/tls.crt",
  ];
  const expected = async () => Object.fromEntries(await Promise.all(readable.map(async (file) => [file, await ends(file)] as const)));
  start({ platform: "kubernetes", environment: "staging", kubernetes: { tls: { mode: "on" } } });
  await within("a report", () => told.includes("certificate.expiry"));
  expect(reportedEnds(told)).toEqual(await expected());
  expect(new Date(1000 * Number(reportedEnds(told)["jaeger-tier-tls/tls.crt"])).getFullYear()).toBeGreaterThan(2050);
  await authority.issue(secret("otel-sampler-tier-tls"), ["otel-sampler"], 90);
  const renewed = await expected();
  await within("the renewed one", () => reportedEnds(told)["otel-sampler-tier-tls/tls.crt"] === renewed["otel-sampler-tier-tls/tls.crt"]);
});

/** When certificates end, by Secret and file, as a report has it. */
function reportedEnds(report: string): Record<string, string> {
  interface Point {
    readonly asInt: string;
    readonly attributes?: readonly { readonly value: { readonly stringValue: string } }[];
  }
  interface Report {
    readonly resourceMetrics: readonly { readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[] }[];
  }
  interface Metric {
    readonly name: string;
    readonly gauge: { readonly dataPoints: readonly Point[] };
  }
  const metrics = (JSON.parse(report) as Report).resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap((scope) => scope.metrics),
  );
  const points = metrics.filter(({ name }) => name === certificateGauge.name).flatMap(({ gauge }) => gauge.dataPoints);
  return Object.fromEntries(points.map(({ asInt, attributes }) => [attributes![0]!.value.stringValue, asInt]));
}

test("no password is in a command line", async () => {
  const wrapped = join(folder(), "curl");
  writeFileSync(wrapped, `#!/bin/bash\nprintf '%s\\n' "$@" >>${join(folder(), "arguments")}\nexec /usr/bin/curl "$@"\n`, { mode: 0o755 });
  start();
  await inPlace();
  const seen = readFileSync(join(folder(), "arguments"), "utf8");
  expect(seen).toContain("_security/user/tracing-writer");
  expect(seen).not.toMatch(/first|secret(?!s)/);
});
