/** Rung: unit. TLS from applications: what is refused of settings, and what applications, the watch over certificates and outputs become. */
import { watchedSecrets } from "../../../configs/elasticsearch/certificates";
import { haproxyConfig } from "../../../configs/ingest/haproxy";
import { ingestPlace } from "../../../configs/ingest/place";
import { ingestText } from "../../../configs/ingest/senders";
import { applicationEnvironment } from "../../../configs/sampling";
import { addressesOf, topologyOf } from "../../../configs/topology";
import { problemsOf, settingsWith } from "../../support/settings";

const kubernetes = { platform: "kubernetes", environment: "staging" };
const ingestWith = (tls: object, senders: readonly object[] = [{ name: "shop" }], more: object = {}) => ({
  ...kubernetes,
  ingest: { mode: "require", senders, tokensSecret: "tokens", tls, ...more },
});
const shop = (...certificates: string[]) => ({ name: "shop", certificates });
const clients = { mode: "on", clientAuthoritySecret: "clients" };

describe("is refused:", () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    [
      "TLS without a proxy",
      { ...kubernetes, ingest: { mode: "off", tls: { mode: "on" } } },
      ['tls.mode: found "on"; allowed: off while ingest.mode is off: TLS ends at the proxy'],
    ],
    ["TLS on Docker", { ingest: { mode: "report", tls: { mode: "both" } } }, ['tls.mode: found "both"; allowed: off on docker']],
    [
      "what has no effect without TLS, all at once",
      ingestWith({ issuer: { name: "a" }, names: ["traces.example.com"], clientAuthoritySecret: "clients" }),
      [
        'tls.issuer: found {"name":"a","kind":"ClusterIssuer"}; allowed: nothing unless ingest.tls.mode is both or on',
        'tls.names: found ["traces.example.com"]; allowed: nothing unless ingest.tls.mode is both or on',
        'tls.clientAuthoritySecret: found "clients"; allowed: nothing unless ingest.tls.mode is both or on',
      ],
    ],
    [
      "an issuer and names of a certificate that exists",
      ingestWith({ mode: "on", certificates: "external", issuer: { name: "a" }, names: ["b"] }),
      [
        'tls.issuer: found {"name":"a","kind":"ClusterIssuer"}; allowed: nothing unless ingest.tls.certificates is cert-manager',
        'tls.names: found ["b"]; allowed: nothing unless ingest.tls.certificates is cert-manager',
      ],
    ],
    [
      "certificates of senders without an authority",
      ingestWith({ mode: "on" }, [shop("shop.example")]),
      ['senders[0].certificates: found ["shop.example"]; allowed: nothing unless ingest.tls.clientAuthoritySecret is set'],
    ],
    [
      "a certificate of two senders",
      ingestWith(clients, [shop("a", "b"), { name: "chat", certificates: ["b"] }]),
      ['senders[1].certificates[0]: found "b"; allowed: each name once, for one sender'],
    ],
    [
      "no Secret of tokens, where one sender has no certificate",
      ingestWith(clients, [shop("a"), { name: "chat" }], { tokensSecret: undefined }),
      ["tokensSecret: missing; allowed: the name of a Secret with a key for each sender without certificates"],
    ],
    [
      "words and names that are none, all at once",
      ingestWith({ mode: "accept", certificates: "own", names: ["Traces", "*.*.a"] }, [shop("a b", "x".repeat(65), 'a"')]),
      [
        'senders[0].certificates[0]: found "a b"; allowed: a common name: letters, digits, dots, dashes and underscores, 64 at most',
        `senders[0].certificates[1]: found "${"x".repeat(65)}"; allowed: a common name: letters, digits, dots, dashes and underscores, 64 at most`,
        'senders[0].certificates[2]: found "a\\""; allowed: a common name: letters, digits, dots, dashes and underscores, 64 at most',
        'tls.mode: found "accept"; allowed: one of off, both, on',
        'tls.certificates: found "own"; allowed: one of cert-manager, external',
        'tls.names[0]: found "Traces"; allowed: a DNS name of lower-case letters, digits and dashes, `*` as its first label at most',
        'tls.names[1]: found "*.*.a"; allowed: a DNS name of lower-case letters, digits and dashes, `*` as its first label at most',
      ],
    ],
  ])("%s", (_what, groups, expected) => {
    expect(problemsOf(groups)).toEqual(expected.map((problem) => `tracing:ingest.${problem}`));
  });
});

test.each(["elasticsearch-authority", "elasticsearch-tls", "otel-collector-ingest-tls", "jaeger-tier-tls"])(
  "an authority of the stack's own is refused for clients: %s",
  (secret) => {
    const allowed = "a Secret of another authority: this one signs the stack's own certificates";
    expect(problemsOf(ingestWith({ mode: "on", clientAuthoritySecret: secret }))).toEqual([
      `tracing:ingest.tls.clientAuthoritySecret: found "${secret}"; allowed: ${allowed}`,
    ]);
  },
);

test("senders that all have certificates need no Secret of tokens", () => {
  expect(problemsOf(ingestWith(clients, [shop("shop.example", "shop-2.example")], { tokensSecret: undefined }))).toEqual([]);
});

describe("an application", () => {
  const environment = (tls: object, senders?: readonly object[]) => {
    const settings = settingsWith(ingestWith(tls, senders));
    return applicationEnvironment(settings, topologyOf(settings), "shop");
  };
  const files = {
    OTEL_EXPORTER_OTLP_CERTIFICATE: "/etc/tracing-ingest/ca.crt",
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: "/etc/tracing-ingest/tls.crt",
    OTEL_EXPORTER_OTLP_CLIENT_KEY: "/etc/tracing-ingest/tls.key",
  };
  const https = "https://otel-collector.tracing.svc:4318";

  test("sends in plain text, unless the proxy takes TLS", () => {
    const found = environment({});
    expect(found.OTEL_EXPORTER_OTLP_ENDPOINT).toBe(https.replace("https", "http"));
    expect(Object.keys(found).filter((name) => name in files)).toEqual([]);
  });

  test.each(["both", "on"])("sends by TLS with mode %s, and trusts the authority; its token stays", (mode) => {
    const found = environment({ mode });
    expect(found).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: https,
      OTEL_EXPORTER_OTLP_CERTIFICATE: files.OTEL_EXPORTER_OTLP_CERTIFICATE,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20<token of shop>",
    });
    expect(found).not.toHaveProperty("OTEL_EXPORTER_OTLP_CLIENT_KEY");
  });

  test("shows its certificate in place of a token where it has one", () => {
    const found = environment(clients, [shop("shop.example")]);
    expect(found).toMatchObject({ OTEL_EXPORTER_OTLP_ENDPOINT: https, ...files });
    expect(found).not.toHaveProperty("OTEL_EXPORTER_OTLP_HEADERS");
  });

  test("asks for its rates as before", () => {
    const settings = settingsWith({ ...ingestWith({ mode: "on" }), sampling: { decide: "app", default: 10 } });
    expect(applicationEnvironment(settings, topologyOf(settings)).OTEL_TRACES_SAMPLER_ARG).toContain("endpoint=http://jaeger.");
  });
});

test("the output says how senders connect", () => {
  const said = (tls: object) => ingestText(settingsWith(ingestWith(tls)));
  expect(said({})).toBe("require: only shop may send");
  expect(said({ mode: "both" })).toBe("require: only shop may send; in plain text or by TLS");
  expect(said({ mode: "on" })).toBe("require: only shop may send; by TLS only");
});

test("certificates of the proxy and of its clients' authority are watched", () => {
  const watched = (groups: Record<string, unknown>) => watchedSecrets(settingsWith({ ...groups, elasticsearch: { tls: "off" } }));
  expect(watched(ingestWith({}))).toEqual([]);
  expect(watched(ingestWith({ mode: "both" }))).toEqual(["otel-collector-ingest-tls"]);
  expect(watched(ingestWith(clients))).toEqual(["otel-collector-ingest-tls", "clients"]);
});

describe("HAProxy's config", () => {
  const text = (tls: object, senders?: readonly object[]) => {
    const settings = settingsWith(ingestWith(tls, senders));
    return haproxyConfig(settings, ingestPlace(addressesOf(settings)));
  };

  test("has nothing of TLS where it is off", () => {
    expect(text({})).not.toMatch(/ssl|accept-proxy|door|untrusted|plaintext/);
  });

  test("listens with TLS alone where it is on, and asks for certificates only where there is an authority", () => {
    const binds = text({ mode: "on" }).match(/^ {2}bind 0\.0\.0\.0:(4317|4318|14250|14268) .*$/gm) ?? [];
    expect(binds).toHaveLength(4);
    expect(binds.filter((line) => !/ ssl crt /.test(line) || / verify /.test(line))).toEqual([]);
    const asks = text(clients).match(/^ {2}bind .* ssl .* verify optional ca-file .*$/gm);
    expect(asks).toHaveLength(4);
  });

  test("has a door in front of both, and no TLS that is weaker than 1.2", () => {
    const both = text({ mode: "both" });
    expect(both.match(/^ {2}bind 0\.0\.0\.0:(4317|4318|14250|14268)$/gm)).toHaveLength(4);
    expect(both).toContain("ssl-min-ver TLSv1.2");
  });

  test("gives a certificate's name to its sender, after its token", () => {
    const config = text(clients, [shop("shop.example", "shop-2.example")]);
    const rules = config.split("\n").filter((line) => line.includes("set-var(txn.sender)"));
    expect(rules.map((line) => line.replace(/^ *http-request set-var\(txn\.sender\) /, ""))).toEqual([
      expect.stringMatching(/^http_auth_bearer,/) as string,
      "str(shop) if !{ var(txn.sender) -m found } { var(txn.certificate) -m str shop.example }",
      "str(shop) if !{ var(txn.sender) -m found } { var(txn.certificate) -m str shop-2.example }",
    ]);
  });
});
