/** Elasticsearch: stores the traces. */
import * as pulumi from "@pulumi/pulumi";
import { compact } from "../../configs/compact";
import { hasBucket, keystoreFile, keystoreOf, keystoreScript, snapshotEnv } from "../../configs/elasticsearch/snapshots";
import type { SetupSettings } from "../../configs/elasticsearch/setup";
import type { ElasticsearchOptions } from "../../configs/stack/options";
import type { ElasticsearchSettings, Settings } from "../../configs/stack/schema";
import { hasSnapshots, superuser, versionSuffix } from "../../configs/elasticsearch/users";
import { files, paths, ports } from "../../configs/topology/ports";
import type { Addresses } from "../../configs/topology/topology";
import { watermarkEnv } from "../../configs/elasticsearch/watermarks";
import { endpoint, storageTopology } from "../../configs/topology";
import { elasticsearchHasTls, podsService, portOf } from "../../configs/topology/kubernetes";
import type { ComponentArgs } from "../args";
import { TracingComponent } from "../component";
import { zoneLabel } from "../platform/labels";
import { defineWorkload, type DataFolder, type Workload } from "../platform/workload";
import { setupSettings, type StorageArgs } from "./setup";
import { upkeepWorkloads } from "./upkeep";
import { makePasswords, newPassword, setupPassword, type Passwords } from "./passwords";

/**
 * What Elasticsearch runs as. The root file system stays writable: the image makes its keystore in its config folder at every start.
 */
export function elasticsearchWorkload(settings: ElasticsearchSettings, topology: Addresses, { setup }: Pick<Passwords, "setup">): Workload {
  const { memory, cpu, nodes, storage, tls, certificateSecret, issuer = "own" } = settings.elasticsearch;
  // Half for the heap: the other half is for the JVM itself, direct buffers and the page cache that Lucene reads through.
  const heap = Math.floor(memory / 2);
  const secret = setupPassword(setup);
  const { snapshots } = settings.elasticsearch;
  const keystore = keystoreOf(settings);
  const zones = zonesOf(settings);
  const byFile = topology.elasticsearchPasswordBy === "file";
  return defineWorkload({
    name: "elasticsearch",
    kind: "stateful",
    image: "elasticsearch",
    command: keystore.length > 0 ? ["/bin/bash", "-c", keystoreScript(keystore)] : undefined,
    env: {
      "cluster.name": "tracing",
      "network.host": "0.0.0.0",
      "xpack.security.enabled": "true",
      // Machine learning is not used and takes native memory beside the heap.
      "xpack.ml.enabled": "false",
      ...watermarkEnv(settings),
      ...snapshotEnv(settings),
      ...zones.env,
      ES_JAVA_OPTS: `-Xms${heap}m -Xmx${heap}m`,
      ...clusterEnv(settings),
      ...tlsEnv(settings),
      ...(byFile ? { ELASTIC_PASSWORD_FILE: secret.path } : {}),
    },
    labelVariables: zones.labels,
    secrets: compact([
      byFile && secret,
      ...keystore.map((entry) => ({
        path: `${paths.secrets}/${keystoreFile(entry)}`,
        secret: keystoreFile(entry),
        content: { existing: snapshots.credentialsSecret ?? "", key: entry.key },
      })),
    ]),
    secretVariables: byFile ? [] : [{ variable: "ELASTIC_PASSWORD", secret: secret.secret, content: setup }],
    certificates:
      tls === "off"
        ? []
        : [
            {
              path: paths.elasticsearchCertificates,
              secret: certificateSecret,
              keys: [files.certificate, files.certificateKey, files.authority],
              // A node is a server to clients and to other nodes, and a client of these.
              request: tls === "cert-manager" ? { name: "elasticsearch", issuer, uses: ["server", "client"] } : undefined,
            },
          ],
    data: compact([{ path: paths.elasticsearchData, size: storage }, snapshots.store === "volume" && snapshotVolume(snapshots)]),
    ports: compact([
      { name: "http", port: ports.elasticsearch.http, exposure: "host", publish: "elasticsearch" },
      nodes > 1 && { name: "transport", port: ports.elasticsearch.transport, exposure: "cluster" },
    ]),
    peers: compact([
      { from: "elasticsearch-setup", ports: ["http"] },
      hasSnapshots(settings) && { from: "elasticsearch-snapshots", ports: ["http"] },
      { from: "jaeger", ports: ["http"] },
      { from: "jaeger-collector", ports: ["http"] },
      { from: "index-cleaner", ports: ["http"] },
      { from: "service-graph", ports: ["http"] },
      { from: "elasticsearch-exporter", ports: ["http"] },
      nodes > 1 && { from: "elasticsearch", ports: ["transport"] },
    ]),
    connects: nodes > 1 ? [{ to: "elasticsearch", ports: [ports.elasticsearch.transport] }] : [],
    outside: hasBucket(settings) ? [{ port: snapshots.endpoint === undefined ? 443 : portOf(snapshots.endpoint) }] : undefined,
    probe: {
      kind: "script",
      script: byFile ? readinessScript(secret.path) : clusterReadinessScript(settings),
      timing: { interval: 5, timeout: 5, retries: 12, startPeriod: 120 },
    },
    resources: { memory, cpu },
    scale: { replicas: nodes },
    placement: { spread: true },
    readOnlyRoot: false,
    stopGrace: 60,
  });
}

/** The folder that snapshots go to. */
const snapshotVolume = ({ storage, storageClass }: Settings["elasticsearch"]["snapshots"]): DataFolder => ({
  path: paths.elasticsearchSnapshots,
  size: storage,
  shared: "snapshots",
  storageClass,
});

/**
 * Copies of a shard in different zones. Where the cluster does not tell pods their zone, all nodes are in one, which is called "zone-": then nothing changes.
 * Never without a zone: Elasticsearch puts no shard on a node that lacks the attribute.
 */
function zonesOf({ kubernetes: { zones }, elasticsearch: { nodes } }: Pick<Settings, "kubernetes" | "elasticsearch">): {
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
} {
  if (nodes === 1 || zones === "any") return { env: {}, labels: {} };
  const variable = "TRACING_ZONE";
  return {
    env: { "node.attr.zone": `zone-$(${variable})`, "cluster.routing.allocation.awareness.attributes": "zone" },
    labels: { [variable]: zoneLabel },
  };
}

/** One node by itself, or several that look for each other. */
function clusterEnv({
  platform,
  elasticsearch: { nodes, bootstrap },
}: Pick<Settings, "platform" | "elasticsearch">): Record<string, string> {
  const names = Array.from({ length: nodes }, (_, i) => `elasticsearch-${i}`).join(",");
  return {
    ...(nodes === 1 ? { "discovery.type": "single-node" } : { "discovery.seed_hosts": podsService("elasticsearch") }),
    // Read once, by nodes that have no data yet. Left in place it could one day make a second cluster out of nodes that lost their disks.
    ...(bootstrap ? { "cluster.initial_master_nodes": names } : {}),
    // A mapped index wants vm.max_map_count of the machine raised, which a restricted pod cannot do.
    ...(platform === "kubernetes" ? { "node.store.allow_mmap": "false" } : {}),
  };
}

/** The same certificate for clients and between nodes. Nodes are verified against the CA, not by host name, because host names change. */
function tlsEnv({ elasticsearch: { tls } }: Pick<Settings, "elasticsearch">): Record<string, string> {
  const on = (layer: "http" | "transport") => {
    const key = (name: string) => `xpack.security.${layer}.ssl.${name}`;
    if (tls === "off") return { [key("enabled")]: "false" };
    const at = (file: string) => `${paths.elasticsearchCertificates}/${file}`;
    return {
      [key("enabled")]: "true",
      [key("certificate")]: at(files.certificate),
      [key("key")]: at(files.certificateKey),
      [key("certificate_authorities")]: at(files.authority),
      ...(layer === "transport" ? { [key("verification_mode")]: "certificate", [key("client_authentication")]: "required" } : {}),
    };
  };
  return { ...on("http"), ...on("transport") };
}

/**
 * Ready when the node answers its user and all primary shards are there; or when it refuses the password, which has changed: the setup, which waits for this,
 * gives it the new one. The script that nc runs has the connection as its input and
 * output, so the password is in no command line, and the request's end does not close the connection before the answer.
 */
function readinessScript(passwordFile: string): string {
  const request = "GET /_cluster/health?wait_for_status=yellow&timeout=2s HTTP/1.0\\r\\nAuthorization: Basic %s\\r\\n\\r\\n";
  return `nc 127.0.0.1 ${ports.elasticsearch.http} -e sh -c '
login=$(printf ${superuser}:%s "$(cat ${passwordFile})" | base64 -w 0)
printf "${request}" "$login"
read -r status
case $status in *" 200 "* | *" 401 "*) exit 0 ;; esac
exit 1'`;
}

/**
 * How long a node waits for its cluster to be whole, seconds from its container's first probe. A choice: a node that comes back with its disk
 * takes a minute or two, and a cluster that is not whole after a quarter of an hour may never be, as after the loss of a disk.
 */
const wholeWithin = 900;

/**
 * First ready when the cluster is whole, so that nodes roll one at a time and every shard keeps two copies. After `wholeWithin` seconds, membership in
 * a cluster with a master is enough.
 *
 * From then on, ready when the node itself answers: failures of other nodes do not make it unready. A 401, because the password has changed, also
 * counts as an answer. Runs in the image's own shell. The password reaches curl by a file descriptor.
 */
function clusterReadinessScript({ elasticsearch: { nodes, tls } }: Pick<Settings, "elasticsearch">): string {
  const status = nodes > 1 ? "green" : "yellow";
  const [scheme, trust] = tls === "off" ? ["http", ""] : ["https", ` --cacert ${paths.elasticsearchCertificates}/${files.authority}`];
  const login = `-K <(printf 'user = "${superuser}:%s"' "$ELASTIC_PASSWORD")`;
  return `joined=/tmp/joined
asked=/tmp/first-asked
[ -e $asked ] || date +%s >$asked
if [ -e $joined ]; then path=/
elif [ $(($(date +%s) - $(<$asked))) -lt ${wholeWithin} ]; then path="/_cluster/health?wait_for_status=${status}&timeout=2s"
else path=/_cluster/health
fi
code=$(curl -s -o /dev/null -w '%{http_code}' --max-time 4${trust} ${login} "${scheme}://localhost:${ports.elasticsearch.http}$path")
case $code in
  200) touch $joined ;;
  401) [ -e $joined ] ;;
  *) exit 1 ;;
esac`;
}

/** Arguments of Elasticsearch. */
export interface ElasticsearchArgs
  extends
    Omit<ElasticsearchOptions, "external">,
    StorageArgs,
    ComponentArgs<"elasticsearch" | "elasticsearch-setup" | "elasticsearch-snapshots"> {}

/** An Elasticsearch as its clients see it. */
export interface ElasticsearchConnection {
  /** @internal */
  readonly settings: Pick<Settings, "elasticsearch">;
  /** @internal */
  readonly passwords: Passwords;
}

/**
 * Elasticsearch, which stores the traces: one node or a cluster, its passwords and, with TLS, its certificate; the setup, which puts index templates and
 * users into it; and the snapshots of its indices, if there are any.
 */
export class Elasticsearch extends TracingComponent implements ElasticsearchConnection {
  /** @internal */
  readonly settings: SetupSettings & Pick<Settings, "overrides">;
  /** The password of the user `elastic`; a secret. */
  readonly password: pulumi.Output<string>;
  /** @internal */
  readonly passwords: Passwords;
  /** Address on this host (Docker) or in the cluster (Kubernetes). */
  readonly url: string;

  /** @throws SettingsError that lists every error in the arguments. */
  constructor(
    name: string,
    { platform, overrides, tags, sampling, ingest, ...options }: ElasticsearchArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("Elasticsearch", name, "elasticsearch", platform, opts);
    if ("external" in options) throw new pulumi.ResourceError("external: use ExistingElasticsearch in place of this component", this);
    this.settings = setupSettings(platform.settings, { elasticsearch: options, tags, sampling, ingest, overrides });
    const { setup, former } = this.superuserPasswords(`${name}-password`, opts?.parent);
    this.password = setup;
    this.passwords = { setup, former, users: makePasswords(this.settings, setup, name, { parent: this }) };
    this.url = elasticsearchUrl(this.settings);
    const topology = storageTopology(this.settings);
    const workload = elasticsearchWorkload(this.settings, topology, this.passwords);
    this.run([workload, ...upkeepWorkloads(this.settings, topology, this.passwords)], this.settings);
    this.registerOutputs({ url: this.url });
  }

  /**
   * The superuser's password, and all earlier ones, with one of which the setup logs in to change it: which of them Elasticsearch has taken, only Elasticsearch
   * knows.
   */
  private superuserPasswords(name: string, formerParent: pulumi.Resource | undefined) {
    const { platform, kubernetes, elasticsearch } = this.settings;
    const protect = platform === "kubernetes" && kubernetes.volumes === "keep" ? { protect: true } : {};
    const aliases = formerParent ? [{ parent: formerParent }] : [];
    const versions = Array.from({ length: elasticsearch.passwordVersion }, (_, i) =>
      newPassword(name + versionSuffix(i + 1), { parent: this, ...protect, aliases }),
    );
    return { setup: versions.at(-1) as pulumi.Output<string>, former: versions.slice(0, -1) };
  }
}

/** Elasticsearch's address on this host (Docker) or in the cluster (Kubernetes). */
export const elasticsearchUrl = (settings: ElasticsearchSettings): string =>
  settings.elasticsearch.external?.url ??
  endpoint(settings, "elasticsearch", ports.elasticsearch.http, "elasticsearch", elasticsearchHasTls(settings) ? "https" : "http");
