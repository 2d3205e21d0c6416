/**
 * Rung: rules. Elasticsearch's exporter, started as the stack starts it, tells what rules name of it; and where Elasticsearch does not answer,
 * nothing of that.
 */
import { join } from "node:path";
import { elasticsearchExporterWorkload } from "../../components/elasticsearch/exporter";
import { unknownPasswords } from "../../components/workloads";
import { passwordFile, userName } from "../../configs/elasticsearch/users";
import { dockerTopology } from "../../configs/topology/docker";
import { paths, ports } from "../../configs/topology/ports";
import { freePorts, program, run } from "../binaries/support/programs";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";
import { names, scraped, written } from "./support/moved";
import { named, rulesOf } from "./support/named";
import { httpServer } from "../support/http-server";

jest.setTimeout(60_000);
const folder = temporaryFolder();
const settings = settingsWith();
const password = "only-for-this-test";

/** What a cluster of one node answers, as far as the exporter asks. */
const answers: Readonly<Record<string, object>> = {
  "/": { name: "node", cluster_name: "tracing", cluster_uuid: "x", version: { number: "8.19.0", lucene_version: "9.12.1" } },
  "/_cluster/health": { cluster_name: "tracing", status: "yellow", number_of_nodes: 1 },
  "/_nodes/stats": {
    cluster_name: "tracing",
    nodes: {
      id: {
        name: "node",
        host: "10.0.0.1",
        roles: ["data", "master"],
        jvm: { mem: { heap_used_in_bytes: 300, heap_max_in_bytes: 1000 } },
        fs: { data: [{ path: "/data", mount: "/data (/dev/vda)", total_in_bytes: 5000, free_in_bytes: 4100, available_in_bytes: 4000 }] },
      },
    },
  },
};

/** An Elasticsearch that wants the password, and answers or does not. */
async function cluster() {
  const self = { answers: true, refused: 0 };
  const login = `Basic ${Buffer.from(`${userName(settings, "metrics")}:${password}`).toString("base64")}`;
  const { url, close } = await httpServer((request, response) => {
    const known = request.headers.authorization === login;
    if (!known) self.refused++;
    const answer = answers[request.url ?? ""];
    response.statusCode = !known ? 401 : self.answers && answer ? 200 : 503;
    response.setHeader("Content-Type", "application/json").end(JSON.stringify(answer ?? {}));
  });
  return Object.assign(self, { url, close });
}

test("it logs in by the password's file, and tells what rules name of it; of a cluster that does not answer it tells nothing", async () => {
  const exporter = program("elasticsearch_exporter");
  const elasticsearch = await cluster();
  const [port] = (await freePorts(1)) as [number];
  written(folder(), passwordFile(settings, "metrics"), password);
  const topology = { ...dockerTopology("dev"), elasticsearchUrl: elasticsearch.url };
  const { command = [], args } = elasticsearchExporterWorkload(settings, topology, unknownPasswords(settings));
  const here = (word: string) =>
    word
      .replaceAll(`${paths.secrets}/`, `${folder()}/`)
      .replace("/bin/elasticsearch_exporter", exporter)
      .replace(`:${ports.elasticsearchExporter.http}`, `127.0.0.1:${port}`);
  let [found, away]: string[][] = [[], []];
  const { output } = await run(
    join("/bin", "sh"),
    [...command.slice(1), ...args].map((word) => here(word).replace("level=warn", "level=info")),
    {
      until: /Listening on/,
      meanwhile: async () => {
        found = await until(
          10,
          () => scraped(port),
          (series) => series.some((line) => line.startsWith("elasticsearch_jvm")),
        );
        elasticsearch.answers = false;
        away = await scraped(port);
      },
    },
  );
  await elasticsearch.close();
  const wanted = named(rulesOf(settings), "elasticsearch-exporter");
  expect(wanted.length).toBeGreaterThan(4);
  expect({ missing: wanted.filter((name) => !names(found!).includes(name)), output }).toEqual({ missing: [], output });
  expect(found).toContainEqual(expect.stringMatching(/^elasticsearch_cluster_health_status\{.*color="yellow".*\} 1$/));
  expect(found).toContainEqual(expect.stringMatching(/^elasticsearch_jvm_memory_used_bytes\{area="heap",.*name="node"\} 300$/));
  expect(found).toContainEqual(expect.stringMatching(/^elasticsearch_filesystem_data_available_bytes\{.*name="node",.*\} 4000$/));
  expect(names(away!).filter((name) => wanted.includes(name))).toEqual([]);
  expect(elasticsearch.refused).toBe(0);
  expect(output).not.toContain(password);
});
