/** Rung: unit. Settings that a platform cannot carry out, or that need others: every conflict, and what is allowed. */
import { problemsOf } from "../../support/settings";

const kubernetes = { "tracing:platform": "kubernetes", "tracing:environment": "staging" };
const onKubernetes = (groups: Record<string, unknown>) => problemsOf(groups, kubernetes);

describe("on Docker", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["several nodes of Elasticsearch", { elasticsearch: { nodes: 3 } }, "elasticsearch.nodes: found 3; allowed: 1 on docker"],
    ["TLS", { elasticsearch: { tls: "external" } }, 'elasticsearch.tls: found "external"; allowed: "off" on docker'],
    ["a first start of a cluster", { elasticsearch: { bootstrap: true } }, "elasticsearch.bootstrap: found true; allowed: false on docker"],
    [
      "an issuer of certificates",
      { elasticsearch: { issuer: { name: "ca" } } },
      'elasticsearch.issuer: found {"name":"ca","kind":"ClusterIssuer"}; allowed: nothing on docker',
    ],
    ["TLS between tiers", { kubernetes: { tls: { mode: "on" } } }, 'kubernetes.tls.mode: found "on"; allowed: "off" on docker'],
    ["several Collectors", { collector: { replicas: 2 } }, "collector.replicas: found 2; allowed: 1 on docker"],
    ["Collectors by load", { collector: { maxReplicas: 2 } }, "collector.maxReplicas: found 2; allowed: nothing on docker"],
    ["samplers", { sampler: { replicas: 1 } }, "sampler.replicas: found 1; allowed: 0 on docker"],
    ["several Jaegers", { jaeger: { replicas: 2 } }, "jaeger.replicas: found 2; allowed: 1 on docker"],
    ["Jaeger in two services", { jaeger: { collectors: 1 } }, "jaeger.collectors: found 1; allowed: 0 on docker"],
    ["the operator", { prometheus: { mode: "operator" } }, 'prometheus.mode: found "operator"; allowed: "own" on docker'],
    [
      "an existing Elasticsearch",
      { elasticsearch: { external: { url: "http://es:9200", passwordSecret: "es" } } },
      "elasticsearch.external: found {…}; allowed: nothing on docker",
    ],
    [
      "an Ingress",
      { jaeger: { ingress: { host: "a.example.com", className: "nginx", namespace: "a", tlsSecret: "tls", usersSecret: "users" } } },
      "jaeger.ingress: found {…}; allowed: nothing on docker",
    ],
  ])("%s cannot be", (_what, groups, problem) => {
    expect(problemsOf(groups).map((found) => found.replace(/\{"(url|host)".*(?=;)/, "{…}"))).toEqual([`tracing:${problem}`]);
  });
});

describe("on Kubernetes", () => {
  test.each<[string, Record<string, unknown>, string]>([
    [
      "two nodes have no majority",
      { elasticsearch: { nodes: 2, tls: "cert-manager" } },
      "elasticsearch.nodes: found 2; allowed: 1, or 3 and more: of two nodes, none is a majority",
    ],
    [
      "several nodes need certificates",
      { elasticsearch: { nodes: 3 } },
      'elasticsearch.tls: found "off"; allowed: cert-manager or external, as several nodes trust each other by certificates',
    ],
    [
      "one node has no cluster to form",
      { elasticsearch: { bootstrap: true } },
      "elasticsearch.bootstrap: found true; allowed: false: a single node needs no others to begin with",
    ],
    [
      "an ingress controller finds no TLS where Jaeger has none",
      {
        jaeger: {
          ingress: { host: "a.example.com", className: "n", namespace: "a", tlsSecret: "t", usersSecret: "u", backend: "https" },
        },
      },
      'jaeger.ingress.backend: found "https"; allowed: http unless kubernetes.tls.mode is accept, both or on',
    ],
    [
      "an issuer of the tiers without TLS signs nothing",
      { kubernetes: { tls: { issuer: { name: "ca" } } } },
      'kubernetes.tls.issuer: found {"name":"ca","kind":"ClusterIssuer"}; allowed: nothing unless kubernetes.tls.mode is accept, both or on',
    ],
    [
      "an issuer of the tiers without cert-manager signs nothing",
      { kubernetes: { tls: { mode: "on", certificates: "external", issuer: { name: "ca", kind: "Issuer" } } } },
      'kubernetes.tls.issuer: found {"name":"ca","kind":"Issuer"}; allowed: nothing unless kubernetes.tls.certificates is cert-manager',
    ],
    [
      "an issuer without cert-manager signs nothing",
      { elasticsearch: { tls: "external", issuer: { name: "ca" } } },
      'elasticsearch.issuer: found {"name":"ca","kind":"ClusterIssuer"}; allowed: nothing unless elasticsearch.tls is cert-manager',
    ],
    [
      "an authority is for https",
      { elasticsearch: { external: { url: "http://es:9200", passwordSecret: "es", authoritySecret: "ca" } } },
      'elasticsearch.external.authoritySecret: found "ca"; allowed: nothing for an http address',
    ],
    [
      "index templates need a newer Elasticsearch",
      { otherImages: { elasticsearch: "elasticsearch:8.16.4" } },
      'otherImages.elasticsearch: found "elasticsearch:8.16.4"; allowed: 8.17 or newer, which the index templates need',
    ],
    [
      "the stack's own Secrets are not somebody else's",
      { elasticsearch: { external: { url: "https://es:9200", passwordSecret: "elasticsearch-writer-password" } } },
      'elasticsearch.external.passwordSecret: found "elasticsearch-writer-password"; allowed: another name: the stack has Secrets of its own of that name',
    ],
    [
      "a password that is not the stack's is not renewed by it",
      { elasticsearch: { passwordVersion: 2, external: { url: "https://es:9200", passwordSecret: "es", createUsers: false } } },
      "elasticsearch.passwordVersion: found 2; allowed: 1 where elasticsearch.external.createUsers is false: the password is not the stack's",
    ],
    [
      "load cannot lower the instances",
      { collector: { replicas: 3, maxReplicas: 2 }, sampler: { replicas: 1 } },
      "collector.maxReplicas: found 2; allowed: 3 or more, as collector.replicas is",
    ],
    [
      "several Collectors cannot sample, each a part of a trace",
      { collector: { replicas: 2 } },
      "sampler.replicas: found 0; allowed: 1 or more where there are several Collectors: the spans of a trace must meet in one place to be sampled",
    ],
    [
      "several Collectors by load cannot sample either",
      { collector: { maxReplicas: 2 } },
      "sampler.replicas: found 0; allowed: 1 or more where there are several Collectors: the spans of a trace must meet in one place to be sampled",
    ],
  ])("%s", (_what, groups, problem) => {
    expect(onKubernetes(groups)).toEqual([`tracing:${problem}`]);
  });

  test("conflicts are told together, and with errors of other groups", () => {
    const found = onKubernetes({ retention: "7", elasticsearch: { nodes: 2 }, collector: { replicas: 2 } });
    expect(found).toHaveLength(4);
    expect(found).toContain('tracing:retention: found "7"; allowed: days from 1d to 365d, such as 7d');
  });

  test.each<[string, Record<string, unknown>]>([
    ["one of everything", {}],
    ["an issuer of the tiers", { kubernetes: { tls: { mode: "accept", issuer: { name: "ca" } } } }],
    ["three nodes with certificates", { elasticsearch: { nodes: 3, tls: "cert-manager", bootstrap: true } }],
    ["an existing Elasticsearch", { elasticsearch: { external: { url: "https://es.example.com:9200", passwordSecret: "es" } } }],
    ["two tiers", { collector: { replicas: 2, maxReplicas: 8 }, sampler: { replicas: 3 } }],
    ["one sampler behind one gateway", { sampler: { replicas: 1 } }],
    ["the operator", { prometheus: { mode: "operator", operator: { labels: { release: "monitoring" } } } }],
  ])("%s can be", (_what, groups) => {
    expect(onKubernetes(groups)).toEqual([]);
  });
});
