/** Rung: unit. Elasticsearch's exporter: what it runs as, and the watermarks that alerts go off before. */
import { elasticsearchWorkload } from "../../../components/elasticsearch/elasticsearch";
import { elasticsearchExporterWorkload } from "../../../components/elasticsearch/exporter";
import { unknownPasswords } from "../../../components/workloads";
import type { Settings } from "../../../configs/stack/schema";
import { dockerTopology } from "../../../configs/topology/docker";
import { kubernetesTopology } from "../../../configs/topology/kubernetes";
import { freeAt, watermarkEnv } from "../../../configs/elasticsearch/watermarks";
import { settingsWith } from "../../support/settings";

const kubernetes = (elasticsearch: object) => settingsWith({ platform: "kubernetes", elasticsearch });
const topologyOf = (settings: Settings) => (settings.platform === "docker" ? dockerTopology("dev") : kubernetesTopology(settings));
const exporterOf = (settings: Settings) => elasticsearchExporterWorkload(settings, topologyOf(settings), unknownPasswords(settings));

describe("the exporter", () => {
  test("reads the password from its file, not from an argument or the container's environment", () => {
    const { command = [], args, env, secrets, secretVariables } = exporterOf(settingsWith());
    expect(command.join(" ")).toContain(
      "ES_USERNAME=tracing-metrics\nES_PASSWORD=$(cat /etc/tracing/secrets/elasticsearch-metrics-password) || exit\n",
    );
    expect(command.at(-1)).toMatch(/\nexec \/bin\/elasticsearch_exporter "\$@"$/);
    expect([...args, ...Object.keys(env)].join(" ")).not.toMatch(/password/i);
    expect([secrets.length, secretVariables]).toEqual([1, undefined]);
  });

  test("asks the stack's Elasticsearch about all nodes, and is asked by Prometheus only", () => {
    const { args, peers, ports, outside } = exporterOf(settingsWith());
    expect(args).toEqual(expect.arrayContaining(["--es.uri=http://elasticsearch:9200", "--es.all", "--web.listen-address=:9114"]));
    expect(peers).toEqual([{ from: "prometheus", ports: ["http"] }]);
    expect(ports).toEqual([{ name: "http", port: 9114, exposure: "cluster" }]);
    expect(outside).toEqual([]);
    const { peers: clients } = elasticsearchWorkload(settingsWith(), topologyOf(settingsWith()), unknownPasswords(settingsWith()));
    expect(clients).toContainEqual({ from: "elasticsearch-exporter", ports: ["http"] });
  });

  test("trusts the authority of Elasticsearch's certificate", () => {
    const { args, certificates } = exporterOf(kubernetes({ tls: "cert-manager" }));
    expect(args).toEqual(expect.arrayContaining(["--es.uri=https://elasticsearch:9200", "--es.ca=/etc/tracing/authority/ca.crt"]));
    expect(certificates).toEqual([{ path: "/etc/tracing/authority", secret: "elasticsearch-tls", keys: ["ca.crt"] }]);
    expect(exporterOf(settingsWith()).args.filter((arg) => arg.startsWith("--es.ca"))).toEqual([]);
  });

  test("asks an Elasticsearch that others run, which is outside", () => {
    const { args, outside, startsAfter } = exporterOf(
      kubernetes({ external: { url: "https://es.example.com:9243", passwordSecret: "es" } }),
    );
    expect(args).toContain("--es.uri=https://es.example.com:9243");
    expect([outside, startsAfter]).toEqual([[{ port: 9243 }], ["elasticsearch-setup"]]);
  });
});

describe("watermarks", () => {
  test("are absolute on Docker, whose disk is the host's", () => {
    expect(watermarkEnv(settingsWith())).toEqual({
      "cluster.routing.allocation.disk.watermark.low": "2gb",
      "cluster.routing.allocation.disk.watermark.high": "1gb",
      "cluster.routing.allocation.disk.watermark.flood_stage": "500mb",
    });
    expect(freeAt(settingsWith(), "low", "size")).toBe(String(2 * 2 ** 30));
  });

  test("are Elasticsearch's own on Kubernetes, whose disk is its alone", () => {
    expect(watermarkEnv(kubernetes({}))).toEqual({});
    const { env } = elasticsearchWorkload(kubernetes({}), topologyOf(kubernetes({})), unknownPasswords(kubernetes({})));
    expect(Object.keys(env).filter((name) => name.includes("watermark"))).toEqual([]);
    expect(freeAt(kubernetes({}), "flood_stage", "size")).toBe(`clamp_max(0.05 * size, ${100 * 2 ** 30})`);
  });
});
