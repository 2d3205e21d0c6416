/** The exporter of Elasticsearch's metrics: its health, heap and disk, for Prometheus. */
import type * as pulumi from "@pulumi/pulumi";
import { goMemoryLimit } from "../../configs/go-programs";
import { images } from "../../configs/images";
import type { Settings } from "../../configs/stack/schema";
import { elasticsearchUser, ports } from "../../configs/topology/ports";
import type { Topology } from "../../configs/topology/topology";
import { ownElasticsearch } from "../../configs/topology/kubernetes";
import { WorkloadComponent, type ComponentArgs } from "../component";
import { elasticsearchAuthority, elasticsearchOutside, elasticsearchPassword } from "./elasticsearch";
import type { Secret, Workload } from "../platform/workload";

/** Memory limit, MiB. It holds the answers of one scrape. */
const memory = 64;

/** What the exporter runs as. It is asked by Prometheus, and then asks Elasticsearch: it keeps nothing. */
export function elasticsearchExporterWorkload(settings: Settings, topology: Topology, password: Secret["content"]): Workload {
  const { http } = ports.elasticsearchExporter;
  const secret = elasticsearchPassword(password);
  return {
    name: "elasticsearch-exporter",
    kind: "service",
    image: "elasticsearch-exporter",
    command: ["/bin/sh", "-c", startScript(secret.path)],
    args: [
      "exporter",
      `--web.listen-address=:${http}`,
      `--es.uri=${topology.elasticsearchUrl}`,
      ...(topology.elasticsearchAuthority === undefined ? [] : [`--es.ca=${topology.elasticsearchAuthority}`]),
      // The default is the node that answers.
      "--es.all",
      "--log.format=json",
      "--log.level=warn",
    ],
    env: goMemoryLimit(memory),
    files: [],
    secrets: [secret],
    certificates: elasticsearchAuthority(settings),
    data: [],
    scratch: [],
    ports: [{ name: "http", port: http, exposure: "cluster" }],
    peers: [{ from: "prometheus", ports: ["http"] }],
    outside: elasticsearchOutside(settings),
    probe: {
      kind: "http",
      port: http,
      path: "/healthz",
      timing: { interval: 5, timeout: 3, retries: 3, startPeriod: 30 },
    },
    resources: { memory, cpu: 100 },
    scale: { replicas: 1 },
    placement: { spread: false },
    user: images["elasticsearch-exporter"].user,
    readOnlyRoot: true,
    startsAfter: ownElasticsearch(settings) ? ["elasticsearch"] : [],
    stopGrace: 10,
  };
}

/** The exporter takes a password from its environment only; read from its file, it stands in no container's configuration. */
const startScript = (passwordFile: string): string => `ES_USERNAME=${elasticsearchUser}
ES_PASSWORD=$(cat ${passwordFile}) || exit
export ES_USERNAME ES_PASSWORD
exec /bin/elasticsearch_exporter "$@"`;

/** The exporter of one environment. */
export class ElasticsearchExporter extends WorkloadComponent {
  constructor(name: string, args: ComponentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ElasticsearchExporter", name, args, opts);
  }
}
