/** Rung: binaries. Perses takes its config file and what it is provisioned with, asks Prometheus for people, and lets nobody change anything. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { dashboards } from "../../configs/dashboards";
import { persesArgs, persesConfig, persesResources } from "../../configs/perses/config";
import { files, paths, ports } from "../../configs/topology/ports";
import type { MetricsAddress } from "../../configs/topology/topology";
import { pluginArchives } from "../../images/lib/perses-plugins";
import { sleep } from "../../cli/machine/run";
import { Authority } from "../support/certificates";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";
import { freePorts, program, run } from "./support/programs";
import { httpServer, type HttpServer } from "../support/http-server";

jest.setTimeout(300_000);

const folder = temporaryFolder();
const settings = settingsWith();

/** What came to the stand-in for Prometheus. */
const asked: string[] = [];
let prometheus: HttpServer;
let archives: string;

beforeAll(async () => {
  archives = await pluginArchives({ step: (_what, action) => action(), log: join(tmpdir(), "perses-plugins.log"), force: false });
  prometheus = await httpServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.setHeader("Content-Type", "application/json").end('{"status":"success","data":{"resultType":"vector","result":[]}}');
  });
});
afterAll(() => prometheus.close());

interface Running {
  readonly get: (path: string) => Promise<unknown>;
  /** The status of an answer. */
  readonly status: (method: string, path: string, body?: object) => Promise<number>;
  /** Writes one of the files that it is provisioned with. */
  readonly write: (name: string, text: string) => void;
}

/** Starts Perses with the stack's files, in folders of the test instead of the container's, and returns what it logged. */
async function running(
  action: (perses: Running) => Promise<void>,
  change = (text: string) => text,
  source: NonNullable<MetricsAddress["prometheus"]> = prometheus,
): Promise<string> {
  const [port] = (await freePorts(1)) as [number];
  // Perses looks for its database in lower case only, and a folder of the test has letters of both.
  const database = join(tmpdir(), `tracing-perses-${randomBytes(6).toString("hex")}`);
  const at = (path: string) => (path === paths.persesDatabase ? database : join(folder(), path.replaceAll("/", "_")));
  for (const path of [paths.live, paths.persesData, paths.persesDatabase]) mkdirSync(at(path), { recursive: true });
  const moved = (text: string) =>
    [paths.live, paths.persesDatabase, paths.persesData].reduce((all, path) => all.replaceAll(path, at(path)), text);
  const write = (name: string, text: string) => writeFileSync(join(at(paths.live), name), text);
  for (const [name, text] of Object.entries(persesResources(settings, { prometheus: source }))) write(name, change(text));
  const config = join(folder(), files.perses);
  writeFileSync(config, moved(persesConfig(settings)).replace("interval: 1m", "interval: 1s"));
  const args = persesArgs.map((arg) =>
    arg.replace(`${paths.config}/${files.perses}`, config).replace(`:${ports.perses.http}`, `127.0.0.1:${port}`),
  );
  const base = `http://127.0.0.1:${port}`;
  const { output } = await run(program("perses"), args, {
    // In its image they are where it looks by itself.
    env: { PERSES_PLUGIN_ARCHIVE_PATH: archives },
    until: /http server started/,
    seconds: 120,
    meanwhile: () =>
      action({
        get: async (path) => (await fetch(base + path)).json(),
        status: async (method, path, body) => {
          const json = { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
          return (await fetch(base + path, { method, ...(body ? json : {}) })).status;
        },
        write,
      }),
  }).finally(() => rmSync(database, { recursive: true, force: true }));
  return output;
}

interface Named {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly display?: { readonly name: string } };
  readonly status?: { readonly isLoaded: boolean };
}
interface Shown {
  readonly spec: { readonly panels: object; readonly layouts: readonly object[] };
}
const dashboardsPath = "/api/v1/projects/tracing/dashboards";
const proxy = "/proxy/projects/tracing/datasources/prometheus";
const resources = persesResources(settings, { prometheus: { url: "http://prometheus:9090" } });
const names = dashboards(settings).map(({ name }) => name);

/** Until all dashboards are there. */
const provisioned = ({ get }: Running) =>
  until(
    30,
    () => get(dashboardsPath) as Promise<Named[]>,
    (list) => list.length >= names.length,
  );

test("shows each dashboard, by plugins that are all loaded, and warns of nothing but that it encrypts nothing with a key of its own", async () => {
  const output = await running(async (perses) => {
    const list = await provisioned(perses);
    expect(list.map(({ metadata }) => metadata.name).sort()).toEqual([...names].sort());
    for (const name of names) {
      const shown = (await perses.get(`${dashboardsPath}/${name}`)) as Shown;
      const wanted = parse(resources[`perses-${name}.yaml`] ?? "") as Shown;
      expect(Object.keys(shown.spec.panels).sort()).toEqual(Object.keys(wanted.spec.panels).sort());
      expect(shown.spec.layouts).toHaveLength(wanted.spec.layouts.length);
    }
    const plugins = (await perses.get("/api/v1/plugins")) as Named[];
    expect(plugins.map(({ metadata, status }) => [metadata.name, status?.isLoaded]).sort()).toEqual(
      ["Prometheus", "StatChart", "Table", "TimeSeriesChart"].map((name) => [name, true]),
    );
    expect(await perses.status("GET", "/api/v1/health")).toBe(200);
  });
  const logged = output.split("\n").filter((line) => /level=(warning|error|fatal)/.test(line));
  expect(logged.filter((line) => !line.includes("encryption_key is not provided"))).toEqual([]);
});

test("asks Prometheus what dashboards ask, and nothing else", async () => {
  await running(async (perses) => {
    await provisioned(perses);
    asked.length = 0;
    expect(await perses.get(`${proxy}/api/v1/query?query=up`)).toMatchObject({ status: "success" });
    expect(await perses.status("POST", `${proxy}/api/v1/query_range`)).toBe(200);
    expect(asked).toEqual(["GET /api/v1/query?query=up", "POST /api/v1/query_range"]);
    for (const [method, path] of [
      ["POST", "/api/v1/admin/tsdb/delete_series"],
      ["POST", "/-/reload"],
      ["PUT", "/api/v1/query"],
      ["GET", "/api/v1/status/config"],
    ] as const)
      expect([path, await perses.status(method, proxy + path)]).toEqual([path, 403]);
    expect(asked).toHaveLength(2);
  });
});

test.each<[string, number, string, "own" | "foreign"]>([
  ["its authority and its name", 200, "localhost", "own"],
  ["another authority", 500, "localhost", "foreign"],
  ["another name", 500, "jaeger", "own"],
])("asks by TLS a Prometheus whose certificate has %s, and answers %i", async (_what, status, name, whose) => {
  const [own, trusted] = [join(folder(), "server"), join(folder(), "trusted")];
  const authority = await Authority.make(join(folder(), "authority"));
  await authority.issue(own, [name]);
  const signer = whose === "own" ? authority : await Authority.make(join(folder(), "foreign"));
  await signer.issue(trusted, ["any"]);
  const [cert, key] = [files.certificate, files.certificateKey].map((file) => readFileSync(join(own, file)));
  let came = 0;
  const server = createServer({ cert, key }, (_request, response) => {
    came++;
    response.end('{"status":"success"}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  await running(
    async (perses) => {
      await provisioned(perses);
      expect(await perses.status("GET", `${proxy}/api/v1/query?query=up`)).toBe(status);
    },
    undefined,
    { url, authority: join(trusted, files.authority) },
  ).finally(() => {
    server.closeAllConnections();
    server.close();
  });
  expect(came).toBe(status === 200 ? 1 : 0);
});

test("refuses every change that people ask for, and takes one of its files while it runs", async () => {
  await running(async (perses) => {
    const [first] = await provisioned(perses);
    expect(await perses.status("POST", "/api/v1/projects", { kind: "Project", metadata: { name: "mine" }, spec: {} })).toBe(405);
    expect(await perses.status("PUT", `${dashboardsPath}/${names[0]}`, first)).toBe(405);
    expect(await perses.status("DELETE", `${dashboardsPath}/${names[0]}`)).toBe(405);
    const file = `perses-${names[0]}.yaml`;
    const title = "Another title";
    perses.write(file, (resources[file] ?? "").replace(/name: "?Tracing: [^\n]*/, `name: ${title}`));
    const shown = await until(
      15,
      async () => ((await perses.get(`${dashboardsPath}/${names[0]}`)) as Named).spec.display?.name,
      (name) => name === title,
    );
    expect(shown).toBe(title);
  });
});

test("would not show a dashboard that its plugins do not know", async () => {
  const output = await running(
    // Twice as long as it takes to read its files again.
    () => sleep(2000),
    (text) => text.replaceAll("kind: StatChart", "kind: BigNumber"),
  );
  expect(output).toMatch(/unable to create the .*Dashboard/);
});
