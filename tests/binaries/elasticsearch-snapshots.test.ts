/**
 * Rung: binaries. The scripts that make and restore snapshots, by a real bash and curl, against a stand-in for Elasticsearch. That a real one restores what
 * it copied is tested end to end: tests/e2e/running/backup.test.ts.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { restoreScript } from "../../configs/elasticsearch/restore";
import { keystoreOf, keystoreScript, snapshotScript } from "../../configs/elasticsearch/snapshots";
import { passwordFile } from "../../configs/elasticsearch/users";
import { dockerTopology } from "../../configs/topology/docker";
import { cronState, files, paths } from "../../configs/topology/ports";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { run } from "./support/programs";
import { httpServer, type HttpServer } from "../support/http-server";

const folder = temporaryFolder();
const settings = settingsWith({ elasticsearch: { snapshots: { store: "volume", retention: "7d" } } });
const day = 86_400;

interface Snapshot {
  readonly id: string;
  readonly status: string;
  readonly start: number;
}

let server: HttpServer;
let snapshots: Snapshot[];
/** Path and query of each request, with its method. */
let asked: string[];
/** States that a new snapshot goes through. */
let states: string[];
/** Status of every answer. */
let status: number;
/** What the Collector was told last. */
let told: string;

/** A list as Elasticsearch's `_cat` has it, with the columns that are asked for. */
function list(path: string): string {
  const columns = new URLSearchParams(path.split("?")[1]).get("h")?.split(",") ?? [];
  const rows = snapshots.map(({ id, status: state, start }): Record<string, string | number> => {
    return { id, status: state, start_epoch: start, end_epoch: start + 60, indices: id.includes("empty") ? 0 : 2 };
  });
  return rows.map((row) => `${columns.map((column) => String(row[column] ?? "-")).join(" ")}\n`).join("");
}

function answer(method: string, path: string): string {
  if (path.startsWith("/_cat/snapshots/tracing")) return list(path);
  const [, id = ""] = /^\/_snapshot\/tracing\/([^?/]+)/.exec(path) ?? [];
  if (method === "DELETE") snapshots = snapshots.filter((one) => one.id !== id);
  if (method === "PUT") return '{"accepted":true}';
  if (method === "GET") {
    const state = (states.length > 1 ? states.shift() : states[0]) ?? "";
    if (state === "SUCCESS") snapshots.push({ id, status: state, start: Math.floor(Date.now() / 1000) });
    return `{"snapshots":[{"state":"${state}","reason":"a reason"}]}`;
  }
  return '{"acknowledged":true}';
}

beforeEach(async () => {
  [snapshots, asked, states, status, told] = [[], [], ["SUCCESS"], 200, ""];
  server = await httpServer((request, response, read) => {
    const [path, body] = [request.url ?? "", read.toString()];
    if (path === "/v1/metrics") told = body;
    else asked.push(`${request.method ?? ""} ${path} ${body}`.trim());
    response.statusCode = path === "/v1/metrics" ? 200 : status;
    response.end(path === "/v1/metrics" ? "{}" : status === 200 ? answer(request.method ?? "", path) : '{"error":"why"}');
  });
});
afterEach(() => server.close());

/** Runs a script with this host's paths in place of the container's. */
async function bash(text: string, ...words: string[]): Promise<{ code: number | null; output: string }> {
  writeFileSync(join(folder(), passwordFile(settings, "snapshots")), "its-password");
  writeFileSync(join(folder(), files.elasticsearchPassword), "the-superuser's");
  const { url } = server;
  const here = text
    .replaceAll("http://elasticsearch:9200", url)
    .replaceAll(dockerTopology("dev").collectorReports, url)
    .replaceAll(paths.secrets, folder())
    .replaceAll(paths.snapshotState, folder())
    .replace("sleep 3", "sleep 0.1");
  const script = join(folder(), "script.sh");
  writeFileSync(script, here);
  return run("bash", [script, ...words], { seconds: 30 });
}
const snapshot = (...words: string[]) => bash(snapshotScript(settings, dockerTopology("dev")), ...words);
const restore = (...words: string[]) => bash(restoreScript(settings, dockerTopology("dev")), ...words);

const ago = (days: number) => Math.floor(Date.now() / 1000) - days * day;
const ids = () => snapshots.map(({ id }) => id);
const lastResult = () => readFileSync(join(folder(), cronState.lastResult), "utf8").trim();

test("a run makes a snapshot of the stack's indices alone, deletes what is older than its retention, and reports", async () => {
  snapshots = [
    { id: "tracing-old", status: "SUCCESS", start: ago(8) },
    { id: "tracing-old-and-broken", status: "PARTIAL", start: ago(7.5) },
    { id: "tracing-young", status: "SUCCESS", start: ago(6) },
    { id: "tracing-at-work", status: "IN_PROGRESS", start: ago(9) },
    { id: "somebody-elses", status: "SUCCESS", start: ago(100) },
  ];
  states = ["IN_PROGRESS", "IN_PROGRESS", "SUCCESS"];
  const { code, output } = await snapshot();
  expect([code, output]).toEqual([
    0,
    expect.stringMatching(/^tracing-[\d.]+-\d+ is made\ntracing-old is deleted\ntracing-old-and-broken is deleted\n$/),
  ]);
  expect(ids()).toEqual(["tracing-young", "tracing-at-work", "somebody-elses", expect.stringMatching(/^tracing-\d/)]);
  const made = asked.find((request) => request.startsWith("PUT"))!;
  expect(JSON.parse(made.slice(made.indexOf("{")))).toEqual({
    indices: "jaeger-span-*,jaeger-service-*,jaeger-dependencies-*,jaeger-sampling-*",
    ignore_unavailable: true,
    include_global_state: false,
  });
  expect(lastResult()).toBe("0");
  expect(told).toMatch(/last_success.*"asInt":"\d{10}".*last_run.*"asInt":"1"/);
});

test.each(["PARTIAL", "FAILED"])(
  "a snapshot that becomes %s is a failed run: nothing is deleted for it, and the last good one is told",
  async (state) => {
    snapshots = [{ id: "tracing-old", status: "SUCCESS", start: ago(8) }];
    states = ["IN_PROGRESS", state];
    const { code, output } = await snapshot();
    expect([code, output]).toEqual([1, expect.stringContaining(`"state":"${state}"`)]);
    expect(ids()).toEqual(["tracing-old"]);
    expect(lastResult()).toBe("1");
    expect(told).toContain(`"asInt":"${ago(8) + 60}"`.slice(0, 16));
    expect(told).toMatch(/last_run[^}]*"asInt":"0"/);
  },
);

test("where Elasticsearch refuses, a run fails with its words, and tells no time that it does not know", async () => {
  status = 403;
  const { code, output } = await snapshot();
  expect(code).toBe(1);
  expect(output).toContain('{"error":"why"} 403');
  expect(output).not.toContain("its-password");
  expect(told).not.toContain("last_success");
  expect(told).toMatch(/last_run.*"asInt":"0"/);
});

test("the report alone asks for the list and changes nothing", async () => {
  snapshots = [{ id: "tracing-a", status: "SUCCESS", start: ago(1) }];
  expect((await snapshot("report")).code).toBe(0);
  expect(asked).toEqual([expect.stringMatching(/^GET \/_cat\/snapshots\/tracing\?/)]);
  expect(told).toContain(`"asInt":"${snapshots[0]!.start + 60}"`);
});

describe("restoring", () => {
  test("lists the snapshots where none is named", async () => {
    snapshots = [{ id: "tracing-a", status: "SUCCESS", start: ago(1) }];
    const { code, output } = await restore();
    expect([code, output]).toEqual([0, expect.stringContaining("tracing-a SUCCESS")]);
    expect(asked).toHaveLength(1);
  });

  test.each([
    ["a name that is none", 'a"b', 'error: snapshot: found "a"b"; allowed: a name from the list, or latest'],
    ["a path", "../_all", "error: snapshot: found"],
    ["latest, where none is whole and holds anything", "latest", "error: there is no whole snapshot that holds an index"],
  ])("refuses %s, before anything is asked to change", async (_what, name, message) => {
    snapshots = [
      { id: "tracing-a", status: "PARTIAL", start: ago(1) },
      { id: "tracing-empty", status: "SUCCESS", start: ago(0.5) },
    ];
    const { code, output } = await restore(name);
    expect([code, output]).toEqual([1, expect.stringContaining(message)]);
    expect(asked.filter((request) => !request.startsWith("GET"))).toEqual([]);
  });

  test("tells Elasticsearch's words where it refuses", async () => {
    status = 404;
    const { code, output } = await restore("tracing-gone");
    expect([code, output]).toEqual([1, expect.stringContaining('error: tracing-gone: {"error":"why"} 404')]);
  });
});

test("credentials of an object store go into the keystore from files, and into no command line", async () => {
  const cluster = (store: string) =>
    settingsWith({ platform: "kubernetes", elasticsearch: { snapshots: { store, bucket: "traces", credentialsSecret: "es" } } });
  const log = join(folder(), "log");
  writeFileSync(
    join(folder(), "elasticsearch-keystore"),
    `#!/bin/bash\necho "$*" >>${log}\n[[ $* == *--stdin* ]] && cat >>${log}\ntrue\n`,
    { mode: 0o755 },
  );
  for (const [name, content] of Object.entries({ "snapshots-access-key": "AKIA\n", "snapshots-secret-key": "s3cret\n" }))
    writeFileSync(join(folder(), name), content);
  const script = keystoreScript(keystoreOf(cluster("s3")));
  const here = script.replaceAll(paths.secrets, folder()).replace(/^exec .*/m, "echo started");
  const { code, output } = await run("bash", ["-c", here], { seconds: 10, env: { PATH: `${folder()}:${process.env.PATH ?? ""}` } });
  expect([code, output.trim()]).toEqual([0, "started"]);
  expect(readFileSync(log, "utf8")).toBe(
    "add --stdin --force s3.client.default.access_key\nAKIA\nadd --stdin --force s3.client.default.secret_key\ns3cret\n",
  );
  expect(keystoreScript(keystoreOf(cluster("gcs")))).toContain(
    `elasticsearch-keystore add-file --force gcs.client.default.credentials_file ${paths.secrets}/snapshots-credentials-file`,
  );
});
