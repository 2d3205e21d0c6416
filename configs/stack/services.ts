/** The groups of settings that size and place the services, and what they take. */
import { isIP } from "node:net";
import * as z from "zod";
import { alerts } from "./alerts";
import { limits } from "./limits";
import { linksSchema } from "./links";
import { most } from "./most";
import { watching } from "./watching";
import { anyText, cpu, days, flag, integer, kubernetesName, leaf, mebibytes, oneOf, text, texts } from "./units";

const cores = () => cpu("50m", String(most.cores)).describe("CPU limit on Kubernetes; a quarter of it is requested. Docker sets none.");

const labels = texts("texts by name, such as { release: monitoring }");

/** Where a service outside of the stack answers. */
const webAddress = (example: string) =>
  leaf(
    `an http or https address with its port, such as ${example}`,
    (input) => {
      const match = typeof input === "string" ? /^https?:\/\/[a-z0-9.-]+:([1-9]\d{0,4})$/.exec(input) : null;
      return match && Number(match[1]) <= 65_535 ? match[0] : undefined;
    },
    { editor: anyText },
  );

const bucketName = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;

const snapshots = z
  .strictObject({
    store: oneOf("off", "volume", "s3", "gcs", "azure")
      .prefault("off")
      .describe(
        "Where a copy of the indices is put each day. `volume`: a volume of the stack, which protects from mistakes and not from the loss of the disk or the " +
          "cluster. `s3`, `gcs`, `azure`: a bucket or container.",
      ),
    bucket: text("a bucket's or container's name", bucketName).optional().describe("The bucket (s3, gcs) or the container (azure)."),
    path: text("a path, such as traces/prod", /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/)
      .optional()
      .describe("Path in the bucket. No other repository may be there. Default: the stack's name, and what its users' names begin with."),
    endpoint: text("an address, such as https://s3.example.com", /^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/)
      .optional()
      .describe("Address of an object store that speaks S3. Default: AWS's."),
    credentialsSecret: kubernetesName("Secret")
      .optional()
      .describe(
        "Secret in the stack's namespace with the keys `access_key` and `secret_key` (s3), `credentials_file` (gcs), or `account` and `key` (azure). " +
          "Needed for a bucket, unless the Elasticsearch is one that exists: its own keystore holds them.",
      ),
    storage: mebibytes("1Gi", `${most.storage}Gi`)
      .prefault("20Gi")
      .describe("Size of the volume, MiB. Docker's volumes have no limit and ignore it."),
    storageClass: kubernetesName("StorageClass")
      .optional()
      .describe(
        "Class of the volume. Of several nodes all must be able to write to it (ReadWriteMany). Default: `kubernetes.storageClass`.",
      ),
    hour: integer(0, 23, "an hour of the day, UTC,")
      .prefault(5)
      .describe(
        "Hour of the day, UTC, at which the copy is made: after the index cleaner's, which can delete no index that is being copied.",
      ),
    retention: days(1, 365)
      .prefault("7d")
      .describe("How long snapshots are kept, in days. The newest is kept longer, if it is the last good one."),
  })
  .prefault({});

const elasticsearch = z
  .strictObject({
    memory: mebibytes("1Gi", "64Gi").prefault("1Gi").describe("Memory limit, MiB. Half of it is the Java heap."),
    cpu: cores().prefault("1"),
    nodes: integer(1, most.nodes, "a number of nodes")
      .prefault(1)
      .describe("Nodes: 1, or 3 and more, so that a majority outlives the loss of one. Each index then has a copy on a second node."),
    // New data stops where a tenth of the disk is free (configs/elasticsearch/watermarks.ts): less than this would hold hardly any.
    storage: mebibytes("4Gi", `${most.storage}Gi`)
      .prefault("10Gi")
      .describe("Disk of each node, MiB. Docker's volumes have no limit and ignore it."),
    tls: oneOf("off", "cert-manager", "external")
      .prefault("off")
      .describe("TLS for HTTP and between nodes: off, with certificates from cert-manager, or with those of a Secret that exists."),
    issuer: z
      .strictObject({
        name: kubernetesName("cert-manager issuer").describe("Its name."),
        kind: oneOf("Issuer", "ClusterIssuer").prefault("ClusterIssuer").describe("Kind of the issuer."),
      })
      .optional()
      .describe("The cert-manager issuer. Default: a CA created for the stack."),
    certificateSecret: kubernetesName("Secret")
      .prefault("elasticsearch-tls")
      .describe("Secret with tls.crt, tls.key and ca.crt. cert-manager writes it; with `tls: external` it must exist."),
    bootstrap: flag()
      .prefault("false")
      .describe("Whether several nodes may form a new cluster. Set it for the first start only; it has no effect on an existing cluster."),
    indexPrefix: text(
      "lower-case letters, digits and dashes, 30 at most, a letter first, without the word jaeger",
      /^(?!.*jaeger)[a-z][a-z0-9-]{0,28}[a-z0-9]$|^[a-z]$/,
    )
      .optional()
      .describe(
        "What the names of the stack's indices, users and templates begin with, so that stacks can share an Elasticsearch. Changed later, what was stored before is out of sight.",
      ),
    passwordVersion: integer(1, 999, "a version")
      .prefault(1)
      .describe(
        "Raise it by 1 to give every user of Elasticsearch a new password; those of the services still work for another hour. Change nothing else with it, and never lower it.",
      ),
    external: z
      .strictObject({
        url: webAddress("https://es.example.com:9200").describe("Its address."),
        user: text("a user's name", /^[A-Za-z0-9_@.+-]{1,100}$/)
          .prefault("elastic")
          .describe(
            "User that the setup logs in as. It must be allowed to manage index templates, and security unless `createUsers` is false.",
          ),
        passwordSecret: kubernetesName("Secret").describe(
          "Secret in the stack's namespace; its key `password` is the password of that user.",
        ),
        createUsers: flag()
          .prefault("true")
          .describe("Whether the setup creates a user for each service. If not, all services log in as `user`."),
        authoritySecret: kubernetesName("Secret")
          .optional()
          .describe("Secret whose key `ca.crt` is the authority to trust; for an https address. Left out: a public one."),
      })
      .optional()
      .describe("An Elasticsearch that already exists. The stack then runs none."),
    snapshots,
  })
  .prefault({});

/** The volume, MiB, that a queue counted in spans had: two KiB a span. */
export const volumeOfSpans = (spans: number): number => Math.ceil((spans * 2) / 1024);

/** The queue was a number of spans once: what its volume was. */
const countedInSpans = (input: string): string | undefined =>
  /^\d{5,9}$/.test(input)
    ? `it counts no spans any more: ${volumeOfSpans(Number(input))}Mi is the volume that ${input} spans had`
    : undefined;

const collector = z
  .strictObject({
    memory: mebibytes("128Mi", "32Gi").prefault("256Mi").describe("Memory limit, MiB."),
    cpu: cores().prefault("500m"),
    queue: mebibytes("256Mi", "1024Gi", countedInSpans)
      .prefault("391Mi")
      .describe(
        "Disk for spans queued while Jaeger is down, MiB, on each instance that samples. Spans may take a quarter of it. When that is full, receivers refuse and clients retry.",
      ),
    debug: oneOf("off", "basic", "detailed").prefault("off").describe("The debug exporter: what is logged of each kept batch of spans."),
    replicas: integer(1, most.instances, "a number of instances").prefault(1).describe("Instances; more than one needs samplers."),
    maxReplicas: integer(1, most.instances, "a number of instances")
      .optional()
      .describe(
        "Maximum number of instances that the autoscaler may create. Default: no autoscaling. Needs a metrics server in the cluster.",
      ),
  })
  .prefault({});

const sampler = z
  .strictObject({
    replicas: integer(0, most.instances, "a number of instances")
      .prefault(0)
      .describe("Instances of the second tier, which samples. All spans of a trace go to the same instance. 0: the Collector samples."),
    memory: mebibytes("128Mi", "32Gi").prefault("512Mi").describe("Memory limit, MiB."),
    cpu: cores().prefault("500m"),
  })
  .prefault({});

const jaeger = z
  .strictObject({
    memory: mebibytes("128Mi", "32Gi").prefault("512Mi").describe("Memory limit, MiB."),
    cpu: cores().prefault("500m"),
    replicas: integer(1, most.instances, "a number of instances")
      .prefault(1)
      .describe("Instances that answer queries and serve sampling strategies."),
    collectors: integer(0, most.instances, "a number of instances")
      .prefault(0)
      .describe("Instances of `jaeger-collector`, a separate service that writes. 0: the instances that answer queries also write."),
    tags: z
      .array(text("a tag's name", /^[A-Za-z][A-Za-z0-9_.-]*$/))
      .prefault([
        "correlation_id",
        "http.method",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "http.status_code",
        "url.path",
      ])
      .describe(
        "Tags that can always be searched. All others can be, too, until the spans of a day have brought a thousand different keys.",
      ),
    monitor: flag()
      .prefault("true")
      .describe("Whether the Monitor tab shows rates, errors and durations of requests. Jaeger then asks Prometheus for them."),
    dependencies: flag()
      .prefault("true")
      .describe(
        "Whether the Dependencies page shows which service calls which. The Collector then counts calls between services, and `service-graph` writes what " +
          "Prometheus has of them to Elasticsearch.",
      ),
    links: linksSchema,
    ingress: z
      .strictObject({
        host: text("a host name", /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])$/).describe("Name under which the UI is reached."),
        className: kubernetesName("IngressClass").describe("Class of the ingress, which says what controller serves it."),
        namespace: kubernetesName("namespace").describe("Namespace of the ingress controller; it alone is let through."),
        tlsSecret: kubernetesName("Secret").describe("Secret with the certificate of that host."),
        usersSecret: kubernetesName("Secret").describe(
          "Secret whose key `htpasswd` lists who may log in, with bcrypt hashes; Jaeger asks for it.",
        ),
      })
      .optional()
      .describe("An ingress for the UI, with a login. Default: the UI is reachable by port-forward only."),
  })
  .prefault({});

const prometheus = z
  .strictObject({
    mode: oneOf("own", "operator")
      .prefault("own")
      .describe(
        "`own`: the stack runs a Prometheus. `operator`: ServiceMonitors and a PrometheusRule for the cluster's Prometheus operator.",
      ),
    operator: z
      .strictObject({
        namespace: kubernetesName("namespace")
          .prefault("monitoring")
          .describe("Namespace of the operator's Prometheus. Network policies admit only this namespace."),
        labels: labels.prefault({}).describe("Labels by which that Prometheus selects monitors and rules."),
        address: webAddress("http://prometheus-operated.monitoring.svc:9090")
          .optional()
          .describe(
            "Where Jaeger's pages ask that Prometheus for metrics. If it ends in `.<namespace>.svc`, the network policy admits only that namespace, and its " +
              "port must be that of the pods. Default: Jaeger asks nobody, and has neither a Monitor tab nor a Dependencies page.",
          ),
        tokenSecret: kubernetesName("Secret")
          .optional()
          .describe("Secret in the stack's namespace whose key `token` is a bearer token for that address."),
        authoritySecret: kubernetesName("Secret")
          .optional()
          .describe("Secret whose key `ca.crt` is the authority to trust; for an https address. Left out: a public one."),
      })
      .prefault({}),
    memory: mebibytes("128Mi", "32Gi").prefault("256Mi").describe("Memory limit, MiB."),
    cpu: cores().prefault("500m"),
    retention: days(2, 365).prefault("15d").describe("How long metrics are kept, in days. Rules look back 26 hours."),
    storage: mebibytes("256Mi", "1024Gi").prefault("2Gi").describe("Maximum disk for metrics, MiB. The oldest are deleted first."),
  })
  .prefault({});

const indexCleaner = z
  .strictObject({
    hour: integer(0, 23, "an hour of the day, UTC,").prefault(3).describe("Hour of the day, UTC, at which old indices are deleted."),
  })
  .prefault({});

const kubernetes = z
  .strictObject({
    namespace: kubernetesName("namespace").prefault("tracing").describe("Namespace of the stack."),
    cluster: text("a name", /^[A-Za-z0-9][A-Za-z0-9._/-]*$/)
      .optional()
      .describe(
        "Identifies the cluster, whatever its kubeconfig says; another name means another cluster, and everything anew. Default: the stack's name.",
      ),
    kubeconfig: text("the path of a file", /^[^\n]+$/)
      .optional()
      .describe("Kubeconfig. Left out: KUBECONFIG, or the user's own."),
    context: text("the name of a context", /^[^\n]+$/)
      .optional()
      .describe("Context in it. Left out: the current one."),
    storageClass: kubernetesName("StorageClass").optional().describe("Class of the volumes. Left out: the cluster's default."),
    volumes: oneOf("keep", "delete")
      .prefault("keep")
      .describe(
        "Whether volumes are kept or deleted when the stack is destroyed. `keep` also protects the namespace, Elasticsearch and the password.",
      ),
    pullSecrets: z.array(kubernetesName("Secret")).prefault([]).describe("Secrets in the stack's namespace to pull images with."),
    nodes: oneOf("required", "preferred", "any")
      .prefault("preferred")
      .describe(
        "Whether instances of a service are on different nodes. `required` needs as many nodes as instances; of a service whose number follows load, they are evenly on all.",
      ),
    zones: oneOf("required", "preferred", "any").prefault("preferred").describe("Whether instances are spread evenly over zones."),
    dns: z
      .strictObject({
        namespace: kubernetesName("namespace").prefault("kube-system").describe("Namespace of the cluster's DNS."),
        labels: labels
          .optional()
          .describe(
            "Labels of its pods. Left out: `k8s-app: kube-dns` or `k8s-app: node-local-dns`, the cache that some clusters have on each node.",
          ),
        ports: z
          .array(integer(1, 65535, "a port"))
          // A rule without ports would let all of them through.
          .min(1, "a list with at least one port")
          .prefault([53])
          .describe("Ports that its pods listen on, by UDP and TCP: the pods' own, which need not be the Service's."),
        addresses: z
          .array(leaf("an IP address", (input) => (typeof input === "string" && isIP(input) > 0 ? input : undefined), { editor: anyText }))
          .prefault(["169.254.20.10"])
          .describe("Addresses that answer in place of these pods. The default is that of a cache on each node."),
      })
      .prefault({})
      .describe("DNS servers that network policies let pods reach."),
  })
  .prefault({});

/** By group. */
export const services = {
  kubernetes,
  elasticsearch,
  collector,
  limits,
  sampler,
  jaeger,
  prometheus,
  indexCleaner,
  alerts,
  ...watching,
} as const;
