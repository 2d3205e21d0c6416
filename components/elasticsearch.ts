/** Elasticsearch: stores the traces. */
import type * as pulumi from "@pulumi/pulumi";
import { images } from "../configs/images";
import type { Settings } from "../configs/settings";
import { elasticsearchUser, files, paths, ports } from "../configs/topology";
import { WorkloadComponent, type ComponentArgs } from "./component";
import type { SecretFile, Workload } from "./platform/workload";

/** The password of Elasticsearch's user, as a file of a workload that logs in with it. */
export function elasticsearchPassword(password: pulumi.Output<string>): SecretFile {
  return { path: `${paths.secrets}/${files.elasticsearchPassword}`, secret: files.elasticsearchPassword, content: password };
}

/**
 * What Elasticsearch runs as. The root file system stays writable: the image makes its keystore in its config folder at every start.
 */
export function elasticsearchWorkload(settings: Settings, password: pulumi.Output<string>): Workload {
  const { memory } = settings.elasticsearch;
  // Half for the heap: the other half is for the JVM itself, direct buffers and the page cache that Lucene reads through.
  const heap = Math.floor(memory / 2);
  const secret = elasticsearchPassword(password);
  return {
    name: "elasticsearch",
    kind: "stateful",
    image: "elasticsearch",
    args: [],
    env: {
      "cluster.name": "tracing",
      "discovery.type": "single-node",
      "network.host": "0.0.0.0",
      "xpack.security.enabled": "true",
      "xpack.security.http.ssl.enabled": "false",
      "xpack.security.transport.ssl.enabled": "false",
      // Machine learning is not used and takes native memory beside the heap.
      "xpack.ml.enabled": "false",
      // The defaults are shares of the disk: on a well-filled disk the indices would turn read-only with gigabytes free.
      "cluster.routing.allocation.disk.watermark.low": "2gb",
      "cluster.routing.allocation.disk.watermark.high": "1gb",
      "cluster.routing.allocation.disk.watermark.flood_stage": "500mb",
      ES_JAVA_OPTS: `-Xms${heap}m -Xmx${heap}m`,
      ELASTIC_PASSWORD_FILE: secret.path,
    },
    files: [],
    secrets: [secret],
    data: [{ path: paths.elasticsearchData, size: 10 * 1024 }],
    scratch: [],
    ports: [{ name: "http", port: ports.elasticsearch.http, exposure: "host", publish: "elasticsearch" }],
    peers: [
      { from: "jaeger", ports: ["http"] },
      { from: "index-cleaner", ports: ["http"] },
    ],
    probe: {
      kind: "script",
      script: readinessScript(secret.path),
      timing: { interval: 5, timeout: 5, retries: 12, startPeriod: 120 },
    },
    resources: { memory },
    scale: { replicas: 1 },
    placement: { spread: true },
    user: images.elasticsearch.user,
    readOnlyRoot: false,
    startsAfter: [],
    stopGrace: 60,
  };
}

/**
 * Ready when the node answers its user and all primary shards are there. The script that nc runs has the connection as its input and
 * output, so the password is in no command line, and the request's end does not close the connection before the answer.
 */
function readinessScript(passwordFile: string): string {
  const request = "GET /_cluster/health?wait_for_status=yellow&timeout=2s HTTP/1.0\\r\\nAuthorization: Basic %s\\r\\n\\r\\n";
  return `nc 127.0.0.1 ${ports.elasticsearch.http} -e sh -c '
login=$(printf ${elasticsearchUser}:%s "$(cat ${passwordFile})" | base64 -w 0)
printf "${request}" "$login"
read -r status
case $status in *" 200 "*) exit 0 ;; esac
exit 1'`;
}

/** Elasticsearch of one environment. */
export class Elasticsearch extends WorkloadComponent {
  constructor(name: string, args: ComponentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Elasticsearch", name, args, opts);
  }
}
