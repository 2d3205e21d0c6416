/** The groups of settings that size and place the services, and what they take. */
import { isIP } from "node:net";
import * as z from "zod";
import { alerts } from "./alerts";
import { ingest } from "./ingest";
import { issuer } from "./issuer";
import { limits } from "./limits";
import { redaction } from "./redaction";
import { linksSchema } from "./links";
import { login } from "./login";
import { most } from "./most";
import { watching } from "./watching";
import { anyText, cpu, days, flag, integer, kubernetesName, leaf, mebibytes, oneOf, text, texts } from "./units";

const cores = () => cpu("50m", String(most.cores)).describe("CPU limit, of which a quarter is requested (Kubernetes). Not used on Docker.");

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
        "Where a copy of the indices is stored each day. `volume`: a volume of the stack, which protects from mistakes, but not from the loss of the disk or " +
          "the cluster. `s3`, `gcs`, `azure`: a bucket or container.",
      ),
    bucket: text("a bucket's or container's name", bucketName)
      .optional()
      .describe("Name of the bucket (s3, gcs) or the container (azure)."),
    path: text("a path, such as traces/prod", /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/)
      .optional()
      .describe("Path in the bucket, not used by another repository. Default: `<stack>/tracing`, or `<stack>/tracing-<indexPrefix>`."),
    endpoint: text("an address, such as https://s3.example.com", /^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/)
      .optional()
      .describe("Address of an S3-compatible object store. Default: that of AWS."),
    credentialsSecret: kubernetesName("Secret")
      .optional()
      .describe(
        "Secret in the stack's namespace with the keys `access_key` and `secret_key` (s3), `credentials_file` (gcs), or `account` and `key` (azure). " +
          "Required for a bucket, except with `elasticsearch.external`: that Elasticsearch has them in its own keystore.",
      ),
    storage: mebibytes("1Gi", `${most.storage}Gi`)
      .prefault("20Gi")
      .describe("Size of the volume. Not used on Docker, whose volumes have no limit."),
    storageClass: kubernetesName("StorageClass")
      .optional()
      .describe("Class of the volume. With several nodes it must support ReadWriteMany. Default: `kubernetes.storageClass`."),
    hour: integer(0, 23, "an hour of the day, UTC,")
      .prefault(5)
      .describe(
        "Hour of the day, UTC, of the daily snapshot. Set it after `indexCleaner.hour`: an index cannot be deleted while it is copied.",
      ),
    retention: days(1, 365).prefault("7d").describe("How long snapshots are kept, in days. The newest complete snapshot is always kept."),
  })
  .prefault({});

const elasticsearch = z
  .strictObject({
    memory: mebibytes("1Gi", "64Gi").prefault("1Gi").describe("Memory limit. Half of it is the Java heap."),
    cpu: cores().prefault("1"),
    nodes: integer(1, most.nodes, "a number of nodes")
      .prefault(1)
      .describe(
        "Number of nodes: 1, or at least 3, so that a majority survives the loss of one. With several nodes, each index has a copy on a second node.",
      ),
    // New data stops where a tenth of the disk is free (configs/elasticsearch/watermarks.ts): less than this would hold hardly any.
    storage: mebibytes("4Gi", `${most.storage}Gi`)
      .prefault("10Gi")
      .describe("Disk of each node. Not used on Docker, whose volumes have no limit."),
    tls: oneOf("off", "cert-manager", "external")
      .prefault("off")
      .describe(
        "TLS for HTTP and between nodes; several nodes need it. `cert-manager`: with certificates from cert-manager. `external`: with those in an existing " +
          "Secret.",
      ),
    issuer: issuer.optional().describe("The cert-manager issuer. Default: a CA created for the stack."),
    certificateSecret: kubernetesName("Secret")
      .prefault("elasticsearch-tls")
      .describe("Secret with tls.crt, tls.key and ca.crt. cert-manager writes it; with `tls: external` it must exist."),
    bootstrap: flag()
      .prefault("false")
      .describe("Whether several nodes may form a new cluster. Set it for the first start only. It has no effect on an existing cluster."),
    indexPrefix: text(
      "lower-case letters, digits and dashes, 30 at most, a letter first, without the word jaeger",
      /^(?!.*jaeger)[a-z][a-z0-9-]{0,28}[a-z0-9]$|^[a-z]$/,
    )
      .optional()
      .describe(
        "Prefix of the names of the stack's indices, users and templates, so that stacks can share an Elasticsearch. After a change, older traces are neither found nor deleted.",
      ),
    passwordVersion: integer(1, 999, "a version")
      .prefault(1)
      .describe(
        "Raise it by 1 to give every Elasticsearch user a new password. The services' old passwords remain valid for an hour. Change nothing else in the same update, and never lower it.",
      ),
    external: z
      .strictObject({
        url: webAddress("https://es.example.com:9200").describe("Address of that Elasticsearch."),
        user: text("a user's name", /^[A-Za-z0-9_@.+-]{1,100}$/)
          .prefault("elastic")
          .describe(
            "User that the setup logs in as. It needs the right to manage index templates, and to manage security unless `createUsers` is false.",
          ),
        passwordSecret: kubernetesName("Secret").describe(
          "Secret in the stack's namespace whose key `password` is the password of that user.",
        ),
        createUsers: flag()
          .prefault("true")
          .describe("Whether the setup creates a user for each service. If false, all services log in as `user`."),
        authoritySecret: kubernetesName("Secret")
          .optional()
          .describe("Secret whose key `ca.crt` is the CA to trust for an https address. Default: public CAs."),
      })
      .optional()
      .describe("An existing Elasticsearch to use. The stack then runs none."),
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
    memory: mebibytes("128Mi", "32Gi").prefault("256Mi").describe("Memory limit."),
    cpu: cores().prefault("500m"),
    queue: mebibytes("256Mi", "1024Gi", countedInSpans)
      .prefault("391Mi")
      .describe(
        "Disk for spans that wait for Jaeger, on each instance that samples. Spans may use a quarter of it. When that is full, the Collector blocks: exports time out or are " +
          "refused, and SDKs retry for a while. On Kubernetes, enlarge existing volumes before you raise it.",
      ),
    debug: oneOf("off", "basic", "detailed").prefault("off").describe("How much the debug exporter logs about each batch of kept spans."),
    replicas: integer(1, most.instances, "a number of instances")
      .prefault(1)
      .describe("Number of instances. More than one requires `sampler.replicas`."),
    maxReplicas: integer(1, most.instances, "a number of instances")
      .optional()
      .describe(
        "Maximum number of instances that the autoscaler may create. Needs a metrics server in the cluster. Default: no autoscaling.",
      ),
  })
  .prefault({});

const sampler = z
  .strictObject({
    replicas: integer(0, most.instances, "a number of instances")
      .prefault(0)
      .describe(
        "Number of instances of the second tier, which samples. All spans of a trace go to the same instance. 0: the Collector samples.",
      ),
    memory: mebibytes("128Mi", "32Gi").prefault("512Mi").describe("Memory limit."),
    cpu: cores().prefault("500m"),
  })
  .prefault({});

const jaeger = z
  .strictObject({
    memory: mebibytes("128Mi", "32Gi").prefault("512Mi").describe("Memory limit."),
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
      .describe("Tags that can always be searched. Other tags can be searched until a day's spans have a thousand different keys."),
    monitor: flag()
      .prefault("true")
      .describe("Whether Jaeger's Monitor tab shows rates, errors and durations of requests. Jaeger queries them from Prometheus."),
    dependencies: flag()
      .prefault("true")
      .describe(
        "Whether Jaeger's Dependencies page shows which service calls which. The Collector counts the calls, and `service-graph` copies the counts from " +
          "Prometheus to Elasticsearch.",
      ),
    links: linksSchema,
    ingress: z
      .strictObject({
        host: text("a host name", /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])$/).describe("Host name of the UI."),
        className: kubernetesName("IngressClass").describe("Class of the ingress, which selects its controller."),
        namespace: kubernetesName("namespace").describe("Namespace of the ingress controller. Network policies admit only this namespace."),
        tlsSecret: kubernetesName("Secret").describe("Secret with the certificate for that host."),
        backend: oneOf("http", "https")
          .prefault("http")
          .describe(
            "How the ingress controller connects to Jaeger. `https`: by TLS, with the annotations of ingress-nginx; it needs `kubernetes.tls.mode`, and is refused with `tracing:login`. With " +
              "`http`, Jaeger keeps its port for plain text open to the controller.",
          ),
        usersSecret: kubernetesName("Secret")
          .optional()
          .describe(
            "Secret whose key `htpasswd` lists the users who may log in, with bcrypt hashes. Jaeger asks for the login. Required without `tracing:login`.",
          ),
      })
      .optional()
      .describe(
        "An ingress for the UI, with a login: that of `tracing:login`, for all screens, or Jaeger's own. Default: the UI is reachable by port-forward only.",
      ),
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
            "Address at which Jaeger queries that Prometheus. If it ends in `.<namespace>.svc`, the network policy admits only that namespace, and its " +
              "port must be that of the pods. Default: none; Jaeger then has neither a Monitor tab nor a Dependencies page.",
          ),
        tokenSecret: kubernetesName("Secret")
          .optional()
          .describe("Secret in the stack's namespace whose key `token` is a bearer token for that address."),
        authoritySecret: kubernetesName("Secret")
          .optional()
          .describe("Secret whose key `ca.crt` is the CA to trust for an https address. Default: public CAs."),
      })
      .prefault({}),
    memory: mebibytes("128Mi", "32Gi").prefault("256Mi").describe("Memory limit."),
    cpu: cores().prefault("500m"),
    retention: days(2, 365).prefault("15d").describe("How long metrics are kept, in days. Rules look back 26 hours."),
    storage: mebibytes("256Mi", "1024Gi").prefault("2Gi").describe("Maximum disk for metrics. The oldest metrics are deleted first."),
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
      .describe("Identity of the cluster, independent of its kubeconfig. Changing it recreates every resource. Default: the stack's name."),
    kubeconfig: text("the path of a file", /^[^\n]+$/)
      .optional()
      .describe("Path of the kubeconfig. Default: KUBECONFIG, or the user's kubeconfig."),
    context: text("the name of a context", /^[^\n]+$/)
      .optional()
      .describe("Context in the kubeconfig. Default: the current context."),
    storageClass: kubernetesName("StorageClass").optional().describe("Class of the volumes. Default: the cluster's default class."),
    volumes: oneOf("keep", "delete")
      .prefault("keep")
      .describe(
        "Whether volumes are kept or deleted when the stack is destroyed. `keep` also protects the namespace, Elasticsearch and the password.",
      ),
    pullSecrets: z.array(kubernetesName("Secret")).prefault([]).describe("Secrets in the stack's namespace for pulling images."),
    nodes: oneOf("required", "preferred", "any")
      .prefault("preferred")
      .describe(
        "Whether instances of a service run on different nodes. `required` needs as many nodes as instances. Autoscaled services are spread evenly instead.",
      ),
    zones: oneOf("required", "preferred", "any").prefault("preferred").describe("Whether instances are spread evenly over zones."),
    dns: z
      .strictObject({
        namespace: kubernetesName("namespace").prefault("kube-system").describe("Namespace of the cluster's DNS pods."),
        labels: labels
          .optional()
          .describe(
            "Labels of the DNS pods. Default: `k8s-app: kube-dns`, or `k8s-app: node-local-dns` for the cache that some clusters run on each node.",
          ),
        ports: z
          .array(integer(1, 65535, "a port"))
          // A rule without ports would let all of them through.
          .min(1, "a list with at least one port")
          .prefault([53])
          .describe("Ports of the DNS pods, for UDP and TCP. They may differ from the ports of the Service."),
        addresses: z
          .array(leaf("an IP address", (input) => (typeof input === "string" && isIP(input) > 0 ? input : undefined), { editor: anyText }))
          .prefault(["169.254.20.10"])
          .describe("Addresses that also answer DNS. The default is the usual address of a cache on each node."),
      })
      .prefault({})
      .describe("DNS servers that network policies let pods reach."),
    tls: z
      .strictObject({
        mode: oneOf("off", "accept", "both", "on")
          .optional()
          .describe(
            "TLS from gateways to samplers and to Jaeger, with certificates on both sides, and to what is read: Jaeger's UI and API, the Collector's metrics of " +
              "spans, and the APIs of the stack's own Prometheus and Alertmanager. " +
              "`accept`: servers take it beside plain text. `both`: clients " +
              "use it, too. `on`: servers take nothing else. Change it by one step at a time. Default: off; the policy pack wants it written in production.",
          ),
        certificates: oneOf("cert-manager", "external")
          .prefault("cert-manager")
          .describe(
            "Where the certificates come from. `external`: from existing Secrets, `<service>-tier-tls`, with tls.crt, tls.key and ca.crt.",
          ),
        issuer: issuer
          .optional()
          .describe(
            "The cert-manager issuer. Whoever has a certificate of it may send spans to samplers and Jaeger. Default: a CA created for the stack.",
          ),
      })
      .prefault({})
      .describe("TLS between the tiers that spans pass."),
  })
  .prefault({});

/** By group. */
export const services = {
  kubernetes: kubernetes.describe("Where and how the stack runs on Kubernetes."),
  elasticsearch: elasticsearch.describe("Elasticsearch, which stores the traces."),
  collector: collector.describe(
    "The OpenTelemetry Collector that applications send to: the gateways, if there are samplers. `queue` is then the samplers'.",
  ),
  limits: limits.describe("What a request and a span may contain. docs/LIMITS.md says what happens to the rest."),
  redaction: redaction.describe("What is masked in spans before they are counted or stored: docs/decisions/0039-redaction.md."),
  sampler: sampler.describe("The second tier of the Collector, on Kubernetes."),
  jaeger: jaeger.describe("Jaeger, which writes, searches and shows traces."),
  prometheus: prometheus.describe("Prometheus, which watches the stack and evaluates its alerts."),
  indexCleaner: indexCleaner.describe("The job that deletes old indices."),
  alerts: alerts.describe("Who is notified of alerts."),
  ingest: ingest.describe("Who may send spans, and how much."),
  login: login
    .optional()
    .describe("A login by OpenID Connect in front of the screens, and who sees which: docs/decisions/0043-login.md. Default: none."),
  ...watching,
} as const;
