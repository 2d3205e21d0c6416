/**
 * Rung: unit. Every setting there is, given what it must not hold: nothing, another type, a value out of its range, an unknown sibling. The
 * cases are made from the schema, so a new setting that is not described here fails.
 */
import * as fc from "fast-check";
import { takeApart } from "../../support/schema";
import { minimal, problemsOf } from "../../support/settings";

const { leaves, groups } = takeApart();

const size = (min: string, max: string) => `a size from ${min} to ${max}`;
const aPercentage = "a percentage from 0 to 100 with at most two decimals";
const anObjective = "a percentage from 90 to 99.99 with at most two decimals";
const notObjectives = [89.99, 100, 99.999, "99.9%", "99,9", "1e1", ""];
const percentages = [
  ...[-1, 100.01, 101, 0.001, "-1", "101", "100.01", "12.345", "10%", "1e1", "+5", " 5", "5 ", "5\n", "", ".5", "5.", "1,5", "1_0", "٥"],
  ...["NaN", "Infinity", "0x10", "100.00000000000000001", "12.3400000000000000001"],
];
const aPort = "a port from 1 to 65535";
const anOffset = "a number to add to each port from 0 to 9856";
const notPorts = [0, 65536, -1, 80.5, "80a", "80/tcp", "80:80", "", " 80", "http"];
const notHours = [-1, 24, 3.5, "24", "-20", "10.0", "10.5", "1e1", "2h", " 20", "3am", "03:00", "20.00000000000000000001", ""];
const anOperation = "METHOD /path, such as POST /api/auth/login; * stands for one path segment, ** for any number";
const notOperations = ["", "GET", "/a", "get /a", "GET a", "GET /a b", "GET /a?b=c", "GET //a", "* /a", "GET /a**"];
const aCpu = "cores from 50m to 64, such as 500m or 2";
const notCpus = [0, 65, "65", "49m", "64001m", "0.5", 0.5, "1 ", "1c", "1 core", "-1", "m", ""];
const aSecret = "the name of a Secret";
const aNamespace = "the name of a namespace";
const notNames = ["", "-a", "a-", "A", "a_b", "a b", "a/b", "a".repeat(254)];
const notInstances = (min: number) => [min - 1, 65, 1.5, "one", ""];
const instances = (min: number) => `a number of instances from ${min} to 64`;
const spread = "one of required, preferred, any";
const notTexts = ["a", "", { a: null }, { a: {} }, { a: 1 }, { "-a": "b" }, { "": "b" }];
const fills =
  "with placeholders such as #{traceID} or #{startTime | add -60000000}; functions: add N, pad_start N C, epoch_micros_to_date_iso";
const anAttribute = "an attribute's key of 1 to 256 printable ASCII characters";
const aSize = ["0Mi", "512", 512, "512M", "512MB", "512Ki", "512mi", "1e3Mi", "0.5Gi", "1 Gi", "1Gi\n", "-1Gi", "1Ti", "Mi", "Gi", ""];

/** By path: what is allowed, word by word, and values out of its range. The wrong types are the same for all. */
const expected: Readonly<Record<string, readonly [allowed: string, outOfRange: readonly unknown[]]>> = {
  platform: ["one of docker, kubernetes", ["Docker", "podman", "docker "]],
  environment: ["one of development, staging, production", ["dev", "Production", "test"]],
  retention: ["days from 1d to 365d, such as 7d", ["0d", "366d", "7", "7days", "1w", "-7d", "7.5d", " 7d", "d"]],
  images: ["one of official, local", ["mine", "Local"]],
  imageDigests: ["one of required, optional", ["Required", "true"]],
  imageRegistry: [
    "the host of a registry, with a dot or a port in it, and a path if any, such as mirror.example.com:5000/hub",
    [
      "https://mirror.example.com",
      "mirror",
      "mirror/hub",
      "Mirror.example.com",
      "-mirror",
      "mirror:port",
      "mirror example",
      "mirror/Hub",
      "a@b",
      "/a",
      "a\n",
    ],
  ],
  "otherImages.elasticsearch": [
    "an image whose tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1",
    [
      "",
      "jaeger",
      "jaeger:latest",
      "jaeger:2.21",
      "jaeger:2.21.0.1",
      "Jaeger:2.21.0",
      "a b:2.21.0",
      "jaeger:2.21.0@sha256:12",
      "https://a/b:2.21.0 ",
    ],
  ],
  "publish.address": [
    "an IPv4 address of this host",
    ["localhost", "127.0.0.256", "127.1", "10.1.2.3/24", " 10.1.2.3", "::1", "", "127.0.0.1:80"],
  ],
  "publish.offset": [anOffset, [-1, 9857, 1.5, "1e3", "", " 0"]],
  ...Object.fromEntries(
    groups.find(({ path }) => path === "publish.ports")?.names.map((name) => [`publish.ports.${name}`, [aPort, notPorts]]) ?? [],
  ),
  "sampling.default": [aPercentage, percentages],
  "sampling.errors": [aPercentage, percentages],
  "sampling.operations[0].operation": [anOperation, notOperations],
  "sampling.operations[0].percent": [aPercentage, percentages],
  "sampling.slow.threshold": ["a duration from 1ms to 10m", ["0ms", "11m", "1h", "500", "0.5s", "2 s", ""]],
  "sampling.slow.percent": [aPercentage, percentages],
  "sampling.services[0].service": ["a service's name: letters, digits and . _ : / -", ["", "-a", "a b", 'a"b', "a".repeat(101)]],
  "sampling.services[0].default": [aPercentage, percentages],
  "sampling.services[0].operations[0].operation": [anOperation, notOperations],
  "sampling.services[0].operations[0].percent": [aPercentage, percentages],
  "sampling.decide": ["one of collector, app", ["Collector", "sdk", ""]],
  "sampling.cap": ["spans a second from 100 to 10000000", [0, 99, 10_000_001, 100.5, "1k", ""]],
  "sampling.expected.tracesPerSecond": ["traces a second from 1 to 1000000", [0, 1_000_001, 1.5, ""]],
  "sampling.expected.spansPerTrace": ["a number of spans from 1 to 10000", [0, 10_001, 1.5, ""]],
  "sampling.expected.bytesPerSpan": ["bytes from 100 to 100000", [0, 99, 100_001, 1.5, "1Ki", ""]],
  "sampling.expected.errors": [aPercentage, percentages],
  "sampling.expected.average": ["a percentage from 1 to 100", [0, 101, 1.5, "10%", ""]],
  "sampling.expected.longestTrace": ["a duration from 1s to 10m", ["999ms", "11m", "5", ""]],
  "kubernetes.namespace": [aNamespace, notNames],
  "kubernetes.cluster": ["a name", ["", "-a", "a b", "é"]],
  "kubernetes.kubeconfig": ["the path of a file", ["", "a\nb"]],
  "kubernetes.context": ["the name of a context", ["", "a\nb"]],
  "kubernetes.storageClass": ["the name of a StorageClass", notNames],
  "kubernetes.volumes": ["one of keep, delete", ["retain", "Keep", ""]],
  "kubernetes.pullSecrets[0]": [aSecret, notNames],
  "kubernetes.nodes": [spread, ["all", "Required", ""]],
  "kubernetes.zones": [spread, ["all", "Any", ""]],
  "kubernetes.tls.mode": ["one of off, accept, both, on", ["true", "On", "require", ""]],
  "kubernetes.tls.certificates": ["one of cert-manager, external", ["own", "certmanager", ""]],
  "kubernetes.tls.issuer.name": ["the name of a cert-manager issuer", notNames],
  "kubernetes.tls.issuer.kind": ["one of Issuer, ClusterIssuer", ["issuer", "Cluster", ""]],
  "kubernetes.dns.namespace": [aNamespace, notNames],
  "kubernetes.dns.labels": ["texts by name, such as { release: monitoring }", ["kube-dns", { a: null }, { a: {} }]],
  "kubernetes.dns.ports[0]": [aPort, notPorts],
  "kubernetes.dns.addresses[0]": ["an IP address", ["", "dns", "10.0.0.256", "10.0.0.10/32", "10.0.0", "fe80::1::2"]],
  "elasticsearch.memory": [size("1Gi", "64Gi"), [...aSize, "1023Mi", "65Gi"]],
  "elasticsearch.cpu": [aCpu, notCpus],
  "elasticsearch.nodes": ["a number of nodes from 1 to 9", [0, 10, 1.5, "three", ""]],
  "elasticsearch.storage": [size("4Gi", "16384Gi"), [...aSize, "4095Mi", "16385Gi"]],
  "elasticsearch.tls": ["one of off, cert-manager, external", ["on", "Off", ""]],
  "elasticsearch.issuer.name": ["the name of a cert-manager issuer", notNames],
  "elasticsearch.issuer.kind": ["one of Issuer, ClusterIssuer", ["issuer", "Cluster", ""]],
  "elasticsearch.certificateSecret": [aSecret, notNames],
  "elasticsearch.bootstrap": ["true or false", ["yes", "True", 1, 0, ""]],
  "elasticsearch.external.url": [
    "an http or https address with its port, such as https://es.example.com:9200",
    [
      "",
      "https://es:0",
      "https://es:65536",
      "es:9200",
      "https://es.example.com",
      "ftp://es:9200",
      "https://es:9200/",
      "https://user@es:9200",
      "https://es:123456",
    ],
  ],
  "elasticsearch.indexPrefix": [
    "lower-case letters, digits and dashes, 30 at most, a letter first, without the word jaeger",
    ["", "A", "1a", "a-", "-a", "a_b", "a.b", "a*", "jaeger", "jaeger-span", "a-jaeger-x", "a".repeat(31)],
  ],
  "elasticsearch.passwordVersion": ["a version from 1 to 999", [0, 1000, 1.5, "two", ""]],
  "elasticsearch.snapshots.store": ["one of off, volume, s3, gcs, azure", ["Off", "fs", "minio", ""]],
  "elasticsearch.snapshots.bucket": ["a bucket's or container's name", ["", "a", "-ab", "ab-", "A-bucket", "a b", "a/b"]],
  "elasticsearch.snapshots.path": ["a path, such as traces/prod", ["", "/a", "a b", "a;b", "-a"]],
  "elasticsearch.snapshots.endpoint": [
    "an address, such as https://s3.example.com",
    ["", "s3.example.com", "ftp://s3.example.com", "https://user@s3.example.com", "https://s3.example.com/path", "https://s3:123456"],
  ],
  "elasticsearch.snapshots.credentialsSecret": [aSecret, notNames],
  "elasticsearch.snapshots.storage": [size("1Gi", "16384Gi"), [...aSize, "1023Mi", "16385Gi"]],
  "elasticsearch.snapshots.storageClass": ["the name of a StorageClass", notNames],
  "elasticsearch.snapshots.hour": ["an hour of the day, UTC, from 0 to 23", notHours],
  "elasticsearch.snapshots.retention": ["days from 1d to 365d, such as 7d", ["0d", "366d", "7", "7days", ""]],
  "elasticsearch.external.user": ["a user's name", ["", "a b", "a:b", 'a"b', "a$b", "a'b", "a".repeat(101)]],
  "elasticsearch.external.createUsers": ["true or false", ["yes", "True", 1, 0, ""]],
  "elasticsearch.external.passwordSecret": [aSecret, notNames],
  "elasticsearch.external.authoritySecret": [aSecret, notNames],
  "collector.memory": [size("128Mi", "32Gi"), [...aSize, "127Mi", "33Gi"]],
  "collector.cpu": [aCpu, notCpus],
  "collector.queue": [size("256Mi", "1024Gi"), [...aSize, "255Mi", "1025Gi"]],
  "limits.request": [size("1Mi", "16Mi"), [...aSize, "0Mi", "17Mi"]],
  "collector.debug": ["one of off, basic, detailed", ["on", "Off", " off", "normal", "constructor", 0, ""]],
  "collector.replicas": [instances(1), notInstances(1)],
  "collector.maxReplicas": [instances(1), notInstances(1)],
  "limits.attributes": ["a number of attributes from 32 to 1000", [31, 1001, 64.5, "1k", ""]],
  "limits.events": ["a number of events from 16 to 500", [15, 501, 64.5, "1k", ""]],
  "limits.links": ["a number of links from 128 to 2000", [127, 2001, 200.5, "1k", ""]],
  "limits.keyBytes": ["a number of bytes from 64 to 1024", [63, 1025, 64.5, "1Ki", ""]],
  "limits.valueBytes": ["a number of bytes from 1024 to 1048576", [1023, 1_048_577, 2000.5, "32Ki", ""]],
  "redaction.headers": ["true or false", ["yes", "True", 1, 0, ""]],
  "redaction.credentials": ["true or false", ["yes", "True", 1, 0, ""]],
  "redaction.emails": ["true or false", ["yes", "True", 1, 0, ""]],
  "redaction.cards": ["true or false", ["yes", "True", 1, 0, ""]],
  "redaction.nationalIdentifiers[0]": ["one of us-ssn, uk-nino, es-dni, it-codice-fiscale, fr-nir, br-cpf", ["US-SSN", "ssn", ""]],
  "redaction.allow[0]": [anAttribute, ["", "a b", "é", "a\n", "a".repeat(257)]],
  "redaction.deny.keys[0]": [anAttribute, ["", "a b", "é", "a\n", "a".repeat(257)]],
  // With what is wrong behind it: tests/unit/collector/redaction.test.ts.
  "redaction.deny.patterns[0]": [
    "a regular expression in the syntax of Go (RE2) that does not match the empty text, of at most 500 characters",
    [],
  ],
  "limits.clockSkew": ["a duration from 1s to 1440m", ["999ms", "1441m", "24h", "60", ""]],
  "sampler.replicas": [instances(0), notInstances(0)],
  "sampler.memory": [size("128Mi", "32Gi"), [...aSize, "127Mi", "33Gi"]],
  "sampler.cpu": [aCpu, notCpus],
  "jaeger.memory": [size("128Mi", "32Gi"), [...aSize, "127Mi", "33Gi", "32769Mi"]],
  "jaeger.cpu": [aCpu, notCpus],
  "jaeger.replicas": [instances(1), notInstances(1)],
  "jaeger.collectors": [instances(0), notInstances(0)],
  "jaeger.tags[0]": ["a tag's name", ["", "1a", ".a", "a b", "a,b", "a*", "é"]],
  "jaeger.monitor": ["true or false", ["yes", "True", 1, 0, ""]],
  "jaeger.dependencies": ["true or false", ["yes", "True", 1, 0, ""]],
  "jaeger.links[0].type": ["one of traces, process, tags, logs", ["Tags", "spans", ""]],
  "jaeger.links[0].key": ["an attribute's name", ["", ".a", "a b", "a{b", "é"]],
  "jaeger.links[0].url": [
    `an http or https address whose host is fixed, without a dollar sign (%24), ${fills}`,
    [
      ...["", "a", "ftp://a/", "javascript:alert(1)", "file:///etc/passwd", "a.b/#{traceID}", "https://#{a}/", "https://a.#{b}.c/"],
      ...["https://anna:secret@a/", "https://a/$", "https://a/#{", "https://a/#{}", "https://a/ b", "https://a/#{a | minus 5}"],
      ...["https://a/#{a | add}", "https://a/#{a | add 1 | add 2}"],
    ],
  ],
  "jaeger.links[0].text": [`1 to 100 characters without a dollar sign, ${fills}`, ["", "$", "a\nb", "#{a", "#{}", "a".repeat(101)]],
  "jaeger.ingress.host": ["a host name", ["", "-a", "a-", "A.example.com", "a b", "a:80", "https://a"]],
  "jaeger.ingress.className": ["the name of an IngressClass", notNames],
  "jaeger.ingress.namespace": [aNamespace, notNames],
  "jaeger.ingress.tlsSecret": [aSecret, notNames],
  "jaeger.ingress.usersSecret": [aSecret, notNames],
  "jaeger.ingress.backend": ["one of http, https", ["HTTP", "tls", ""]],
  "prometheus.mode": ["one of own, operator", ["none", "Own", ""]],
  "prometheus.operator.namespace": [aNamespace, notNames],
  "prometheus.operator.address": [
    "an http or https address with its port, such as http://prometheus-operated.monitoring.svc:9090",
    ["", "a:9090", "http://a", "http://a:0", "http://a:65536", "http://a:9090/", "ftp://a:9090"],
  ],
  "prometheus.operator.tokenSecret": [aSecret, notNames],
  "prometheus.operator.authoritySecret": [aSecret, notNames],
  "prometheus.operator.labels": ["texts by name, such as { release: monitoring }", ["release", { a: null }, { a: {} }]],
  "prometheus.memory": [size("128Mi", "32Gi"), [...aSize, "127Mi", "33Gi"]],
  "prometheus.cpu": [aCpu, notCpus],
  "prometheus.retention": [
    "days from 2d to 365d, such as 7d",
    ["1d", "366d", "15", 15, "-2d", "2.5d", "15D", "15 d", "15d ", "15d\n", "2w", "d", ""],
  ],
  "prometheus.storage": [size("256Mi", "1024Gi"), [...aSize, "255Mi", "1025Gi"]],
  "overrides.elasticsearch.nodeSelector": ["texts by label, such as { team: observability }", notTexts],
  "overrides.elasticsearch.tolerations[0]": [
    "a toleration, such as { key: dedicated, operator: Equal, value: tracing, effect: NoSchedule }",
    ["dedicated", ""],
  ],
  "overrides.elasticsearch.affinity": ["an affinity as Kubernetes has it, such as { nodeAffinity: … }", ["a", ""]],
  "overrides.elasticsearch.priorityClass": ["the name of a PriorityClass", notNames],
  "overrides.elasticsearch.annotations": ["texts by annotation, such as { example.com/owner: platform }", notTexts],
  "overrides.elasticsearch.labels": ["texts by label, such as { team: observability }", notTexts],
  "overrides.elasticsearch.env": [
    "texts by variable, such as { HTTPS_PROXY: http://proxy:3128 }",
    [...notTexts, { "1A": "b" }, { "A-B": "c" }],
  ],
  "overrides.elasticsearch.volumes[0].name": ["a name: lower-case letters, digits and dashes", ["", "-a", "a-", "A", "a_b", "a.b"]],
  "overrides.elasticsearch.volumes[0].path": ["an absolute path", ["", "a", "a/b", "/a b", "/a:b"]],
  "overrides.elasticsearch.volumes[0].configMap": ["the name of a ConfigMap", notNames],
  "overrides.elasticsearch.volumes[0].secret": [aSecret, notNames],
  "overrides.elasticsearch.config": ["settings of the program, as its own reference has them", ["a", ""]],
  "ingest.mode": ["one of off, report, require", ["Report", "on", ""]],
  "ingest.senders[0].name": [
    "lower-case letters, digits and dashes, 40 at most",
    ["", "A", "-a", "a-", "a_b", "a:b", "a.b", "a".repeat(41)],
  ],
  "ingest.connectionsPerAddress": ["a number of connections from 10 to 5000", [9, 5001, 99.5, "many", ""]],
  "ingest.senders[0].limits.requestsPerSecond": ["a number of requests from 1 to 100000", [0, 100_001, 1.5, "10/s", ""]],
  "ingest.senders[0].limits.bytesPerSecond": [size("1Mi", "256Mi"), ["257Mi", "1Gi", ...aSize]],
  "ingest.senders[0].certificates[0]": [
    "a common name: letters, digits, dots, dashes and underscores, 64 at most",
    ["", "-a", "a-", "a b", "a/b", 'a"', "ä", "a".repeat(65)],
  ],
  "ingest.tls.mode": ["one of off, both, on", ["accept", "On", "true", ""]],
  "ingest.tls.certificates": ["one of cert-manager, external", ["own", "certmanager", ""]],
  "ingest.tls.issuer.name": ["the name of a cert-manager issuer", notNames],
  "ingest.tls.issuer.kind": ["one of Issuer, ClusterIssuer", ["issuer", "Cluster", ""]],
  "ingest.tls.names[0]": [
    "a DNS name of lower-case letters, digits and dashes, `*` as its first label at most",
    ["", "A", "-a", "a-", "a..b", "a.", "*", "*.*.a", "a.*", "a_b", "a:1", "a".repeat(64)],
  ],
  "ingest.tls.clientAuthoritySecret": [aSecret, notNames],
  "ingest.senders[0].zstandard": ["true or false", ["yes", "True", 1, 0, ""]],
  "ingest.senders[0].expires": [
    "a date, such as 2027-01-31",
    ["2027-02-29", "2027-1-31", "31.01.2027", "2027-01-31T00:00:00Z", "never", ""],
  ],
  "ingest.tokensSecret": [aSecret, notNames],
  "login.issuer": [
    "an address, such as https://id.example.com/realms/company",
    ["", "id.example.com", "ftp://a", "https://a b", "https://a/?b", "https://a:b@c"],
  ],
  "login.clientId": ["a client's id", ["", "a b", "a\n", "é"]],
  "login.clientSecret": [aSecret, notNames],
  "login.url": [
    "an https address without a path, such as https://tracing.example.com; http for localhost only",
    ["", "tracing.example.com", "http://tracing.example.com", "https://a/b", "https://a?b", "ftp://a", "https://", "https://a:99999"],
  ],
  "login.scopes[0]": ["a scope", ["", "a b", '"', "\\"]],
  "login.groupsClaim": ["a claim's name", ["", "a b", "é"]],
  "login.emailDomains[0]": ["a domain, such as example.com", ["", "@example.com", "*.example.com", "Example.com", "*", ".a"]],
  ...Object.fromEntries(
    ["traces", "metrics", "dashboards", "alerts", "silences"].flatMap((role): [string, [string, unknown[]]][] => [
      [
        `login.roles.${role}.groups[0]`,
        [
          "a group as the claim has it: letters, digits, spaces and ._:/@+=-, 100 at most",
          ["", " a", "a ", "a,b", 'a"b', "a'b", "a\\b", "a$b", "a\nb", "a".repeat(101)],
        ],
      ],
      [`login.roles.${role}.emails[0]`, ["an e-mail address", ["", "a", "@a", "a@", "a@b@c", "a b@c", "a,b@c", '"a"@b', "a@b\n"]]],
      [`login.roles.${role}.everyone`, ["true or false", ["yes", "True", 1, 0, ""]]],
    ]),
  ),
  "login.session": ["a duration from 10m to 168h, such as 8h", ["9m", "169h", "8", "30s", "1d", "1.5h", ""]],
  "login.refresh": ["a duration from 1m to 24h, such as 8h", ["0m", "25h", "5", "59s", ""]],
  "login.sessionVersion": ["a version from 1 to 999", [0, 1000, "v1", ""]],
  "login.authority": [
    "certificates in PEM",
    ["", "a", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "/etc/ssl/ca.pem"],
  ],
  "login.replicas": ["a number of instances from 1 to 10", [0, 11, "a", ""]],
  "login.direct": ["true or false", ["yes", "True", 1, 0, ""]],
  "alerts.delivery": ["one of own, cluster, off", ["Own", "on", ""]],
  "alerts.receivers[0].name": [
    "lower-case letters, digits and dashes, 40 at most",
    ["", "A", "-a", "a-", "a_b", "_nobody", "a".repeat(41)],
  ],
  "alerts.receivers[0].kind": ["one of webhook, slack, email, pagerduty", ["Slack", "sms", ""]],
  "alerts.receivers[0].severity": ["one of critical, warning, all, watchdog", ["none", "Critical", ""]],
  "alerts.receivers[0].port": [aPort, notPorts],
  "alerts.receivers[0].channel": ["a channel, such as #alerts", ["", "#", "#A", "a b", "#-a"]],
  "alerts.receivers[0].to": ["an address, such as oncall@example.com", ["", "oncall", "@a", "a@", "a@b@c", "a b@c", "a@b,c@d", "A <a@b>"]],
  "alerts.receivers[0].from": ["an address, such as tracing@example.com", ["", "tracing", "a@b, c@d"]],
  "alerts.receivers[0].smarthost": [
    "a host and a port, such as smtp.example.com:587",
    ["", "smtp.example.com", "smtp:0", "smtp:65536", ":587", "smtp://a:587", "A:587", "a-:587"],
  ],
  "alerts.receivers[0].user": ["a user's name", ["", "a b", "a:b", "a".repeat(201)]],
  "alerts.receiversSecret": [aSecret, notNames],
  "alerts.runbooks": [
    "an http or https address without a fragment",
    ["", "docs/runbooks/alerts.md", "ftp://a/b", "https://a/b#c", "https://a b", "https://"],
  ],
  "canary.enabled": ["true or false", ["yes", "True", 1, 0, ""]],
  "canary.interval": ["a duration from 5s to 1m, such as 15s", ["4s", "61s", "2m", "15", "15000ms", "1.5s", ""]],
  "objectives.completeness": [anObjective, notObjectives],
  "objectives.freshness": [anObjective, notObjectives],
  "objectives.queries": [anObjective, notObjectives],
  "dashboards.grafana.label": [
    "a label's name, such as grafana_dashboard",
    ["", "-a", "a-", "a b", "/a", "a/", "A/a", "a/b/c", "a".repeat(64)],
  ],
  "dashboards.grafana.namespace": [aNamespace, notNames],
  "dashboards.perses": ["true or false", ["yes", "True", 1, 0, ""]],
  "indexCleaner.hour": ["an hour of the day, UTC, from 0 to 23", notHours],
};

/** Of any type, except where that is what a setting takes. */
const wrongTypes = (path: string): unknown[] => {
  // The last one has no text: what asks for it throws.
  const types: unknown[] = [null, true, false, [], {}, [7], { a: 1 }, [20_000], { toString: [] }];
  if (
    [
      ...["elasticsearch.bootstrap", "elasticsearch.external.createUsers", "jaeger.monitor", "jaeger.dependencies", "canary.enabled"],
      ...[
        "dashboards.perses",
        "redaction.headers",
        "redaction.credentials",
        "redaction.emails",
        "redaction.cards",
        "ingest.senders[0].zstandard",
      ],
      ...["login.direct", ...["traces", "metrics", "dashboards", "alerts", "silences"].map((role) => `login.roles.${role}.everyone`)],
    ].includes(path)
  )
    return types.filter((value) => typeof value !== "boolean");
  // Any group will do, or one without texts.
  if (/overrides.*\.(config|affinity|tolerations\[0\])$/.test(path))
    return types.filter((value) => typeof value !== "object" || Array.isArray(value));
  return /\.(labels|annotations|nodeSelector|env)$/.test(path) ? types.filter((value) => JSON.stringify(value) !== "{}") : types;
};

/** Required siblings of a value, by group, so that only the value is wrong. */
const siblings: Readonly<Record<string, Record<string, unknown>>> = {
  "sampling.operations[0]": { operation: "GET /a", percent: 1 },
  "sampling.slow": { threshold: "1s" },
  "sampling.services[0]": { service: "a", default: 1, operations: [{ operation: "GET /a", percent: 1 }] },
  "sampling.services[0].operations[0]": { operation: "GET /a", percent: 1 },
  alerts: { delivery: "own" },
  ingest: { mode: "report", senders: [{ name: "a" }], tokensSecret: "tokens" },
  login: {
    ...{ issuer: "https://id.example.com", clientId: "tracing", clientSecret: "login", url: "https://tracing.example.com" },
    roles: { traces: { everyone: true } },
  },
  "ingest.senders[0]": { name: "a" },
  "ingest.tls": { mode: "on", clientAuthoritySecret: "clients" },
  "ingest.tls.issuer": { name: "ca" },
  "alerts.receivers[0]": { name: "a", kind: "webhook" },
  "elasticsearch.issuer": { name: "ca" },
  "kubernetes.tls.issuer": { name: "ca" },
  "elasticsearch.external": { url: "https://es.example.com:9200", passwordSecret: "es" },
  "elasticsearch.snapshots": { store: "s3", bucket: "traces" },
  "overrides.elasticsearch.volumes[0]": { name: "a", path: "/a", configMap: "a" },
  "jaeger.links[0]": { type: "tags", key: "a", url: "https://a/", text: "a" },
  "jaeger.ingress": { host: "a.example.com", className: "nginx", namespace: "ingress", tlsSecret: "tls", usersSecret: "users" },
};

/** The rest of the config, with a platform that has the group. */
const baseOf = (path: string): Record<string, string> =>
  /^(elasticsearch\.(external|snapshots)|jaeger\.ingress|overrides|dashboards|ingest)\b/.test(path)
    ? { ...minimal, "tracing:platform": "kubernetes" }
    : minimal;

/** Stack config whose only peculiarity is one value at a path; undefined leaves it out. */
function configWith(path: string, value: unknown): Record<string, unknown> {
  const build = (parts: readonly string[], at: string): Record<string, unknown> => {
    const [part = "", ...more] = parts;
    const here = at === "" ? part : `${at}.${part}`;
    const inner = more.length > 0 ? { ...siblings[here], ...build(more, here) } : value;
    const list = /^(.*)\[0\]$/.exec(part);
    return list ? { [list[1] as string]: [inner] } : { [part]: inner };
  };
  return build(path.split("."), "");
}

/** How the message shows a value: a setting at the top is text for Pulumi, whatever it was written as. */
function shown(path: string, value: unknown): string {
  const json = JSON.stringify(path.includes(".") || typeof value === "string" ? value : JSON.stringify(value));
  // Never with the credentials that an address may hold.
  const safe = json.replaceAll(/:\/\/[^/@"]*@/g, "://…@");
  return safe.length > 80 ? `${safe.slice(0, 77)}…` : safe;
}

test("every setting is described here, and nothing else is", () => {
  expect(Object.keys(expected).sort()).toEqual(leaves.map(({ path }) => path).sort());
});

describe.each(leaves)("$path", ({ path, allowed, required }) => {
  const [text, outOfRange] = expected[path] ?? ["", []];
  // An empty text at the top counts as not given: so Pulumi.yaml declares optional keys.
  const values = [...wrongTypes(path), ...outOfRange].filter((value) => path.includes(".") || value !== "");

  test("says what is allowed", () => expect(allowed).toBe(text));

  test.each(values)("does not take %j", (value) => {
    expect(problemsOf(configWith(path, value), baseOf(path))).toEqual([`tracing:${path}: found ${shown(path, value)}; allowed: ${text}`]);
  });

  test("takes or names whatever it is given", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        if (!path.includes(".") && value === "") return;
        const problems = problemsOf(configWith(path, value), baseOf(path));
        // Two settings that contradict each other are told by other rules.
        if (problems.length > 0 && !problems[0]?.includes(text)) return;
        const found = `tracing:${path}: found ${shown(path, value)}; allowed: ${text}`;
        // A hint at what to write in its place may follow.
        expect(problems.map((problem) => problem.slice(0, found.length))).toEqual(problems.length === 0 ? [] : [found]);
      }),
    );
  });

  // A list has no element that is missing.
  if (path.endsWith("]")) return;
  test(required ? "is missed" : "is not missed", () => {
    const base = Object.fromEntries(Object.entries(baseOf(path)).filter(([key]) => key !== `tracing:${path}`));
    const problems = problemsOf(path.includes(".") ? configWith(path, undefined) : {}, base);
    // A store that needs no bucket and no credentials, and senders whose tokens are nowhere.
    if (["elasticsearch.snapshots.bucket", "elasticsearch.snapshots.credentialsSecret", "ingest.tokensSecret"].includes(path)) {
      expect(problemsOf({ elasticsearch: { snapshots: { store: "volume" } } }, base)).toEqual([]);
      return;
    }
    // A link at a trace has none.
    if (path === "jaeger.links[0].key") {
      expect(problemsOf({ jaeger: { links: [{ type: "traces", url: "https://a/", text: "a" }] } }, base)).toEqual([]);
      return;
    }
    // A conflict with the platform names the group, not the setting.
    expect(problems.filter((problem) => problem.startsWith(`tracing:${path}:`))).toEqual(
      required ? [`tracing:${path}: missing; allowed: ${text}`] : [],
    );
  });
});

describe.each(groups)("the group $path", ({ path, names }) => {
  const unknown = path === "" ? "zzzzzzzzzz" : `${path}.zzzzzzzzzz`;

  test("knows no other settings", () => {
    expect(problemsOf(configWith(unknown, 1))).toEqual([`tracing:${unknown}: no such setting; allowed here: ${names.join(", ")}`]);
  });

  test.each(names)("guesses at %s", (name) => {
    const typo = path === "" ? `${name}x` : `${path}.${name}x`;
    expect(problemsOf(configWith(typo, 1))).toEqual([
      `tracing:${typo}: no such setting; did you mean ${name}?; allowed here: ${names.join(", ")}`,
    ]);
  });
});
