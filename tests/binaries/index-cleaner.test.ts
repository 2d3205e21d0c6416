/** Rung: binaries. The cleaner's script and the cleaner itself, against a stand-in for Elasticsearch that writes down what it is asked. */
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { cleanerScript } from "../../configs/index-cleaner";
import { parseSettings } from "../../configs/settings";
import { dockerTopology, files, paths } from "../../configs/topology";
import { temporaryFolder } from "../support/temporary-folder";
import { program, run } from "./support/programs";

const folder = temporaryFolder();
const day = 86_400_000;
/** The first moment of today, UTC. */
const today = Math.floor(Date.now() / day) * day;

interface Call {
  readonly what: string;
  readonly authorization: string | undefined;
}
let calls: Call[];
let server: Server;
/** Indices that the stand-in has: name, and when it was made. */
let indices: Record<string, number>;

beforeEach(async () => {
  calls = [];
  server = createServer((request, response) => {
    calls.push({
      what: `${request.method ?? ""} ${decodeURIComponent((request.url ?? "").split("?")[0] ?? "")}`,
      authorization: request.headers.authorization,
    });
    const entries = Object.entries(indices).map(([name, made]) => [
      name,
      { aliases: {}, settings: { "index.creation_date": String(made) } },
    ]);
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(request.method === "DELETE" ? { acknowledged: true } : Object.fromEntries(entries)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

/** The name of an index of one day. */
const indexOf = (prefix: string, made: number) => `${prefix}-${new Date(made).toISOString().slice(0, 10)}`;

/** Runs the script of a retention, with the paths of this host in place of the container's. */
function clean(retention: string, password: string | null = "s3cret") {
  if (password !== null) writeFileSync(join(folder(), files.elasticsearchPassword), password);
  const settings = parseSettings("dev", {
    "tracing:platform": "docker",
    "tracing:environment": "development",
    "tracing:retention": retention,
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const script = cleanerScript(settings, { ...dockerTopology(), elasticsearchUrl: url })
    .replaceAll(paths.secrets, folder())
    .replace("/go/bin/es-index-cleaner-linux", program("es-index-cleaner"));
  const file = join(folder(), files.cleaner);
  writeFileSync(file, script);
  return run("/bin/sh", [file]);
}

const deleted = () =>
  calls
    .filter(({ what }) => what.startsWith("DELETE"))
    .flatMap(({ what }) =>
      what
        .slice("DELETE /".length)
        .split(",")
        .filter((name) => name !== ""),
    )
    .sort();

test("deletes what is older than the retention, and keeps each span for all of it", async () => {
  const [kept, old] = [today - 7 * day, today - 7 * day - 1];
  const made = {
    "jaeger-span": [today, today - day, kept, old],
    "jaeger-service": [kept, old],
    "jaeger-dependencies": [old],
    "jaeger-sampling": [old],
    "another-index": [old],
  };
  indices = Object.fromEntries(Object.entries(made).flatMap(([prefix, times]) => times.map((time) => [indexOf(prefix, time), time])));
  expect((await clean("7d")).code).toBe(0);
  // The index of the eighth day before today is full: its last span came seven days before today began.
  expect(deleted()).toEqual(["dependencies", "sampling", "service", "span"].map((kind) => indexOf(`jaeger-${kind}`, old)));
});

test("deletes nothing where nothing is old", async () => {
  indices = Object.fromEntries([today, today - day].map((time) => [indexOf("jaeger-span", time), time]));
  expect((await clean("1d")).code).toBe(0);
  expect(deleted()).toEqual([]);
});

test("logs in with the password of the file", async () => {
  indices = {};
  expect((await clean("7d")).code).toBe(0);
  expect(calls.length).toBeGreaterThan(0);
  const login = `Basic ${Buffer.from("elastic:s3cret").toString("base64")}`;
  expect(new Set(calls.map(({ authorization }) => authorization))).toEqual(new Set([login]));
});

test("asks nothing and fails where the password is missing", async () => {
  indices = {};
  expect((await clean("7d", null)).code).not.toBe(0);
  expect(calls).toEqual([]);
});
