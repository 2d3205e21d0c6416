/** The proxy in front of the Collector: it knows who sends, counts, and refuses. docs/decisions/0040-ingest-credentials.md says how. */
import * as pulumi from "@pulumi/pulumi";
import { compact } from "../../configs/compact";
import { haproxyConfig, healthPath, ingestMemory } from "../../configs/ingest/haproxy";
import { ingestPlace } from "../../configs/ingest/place";
import { ingestScript } from "../../configs/ingest/script";
import { ingestCertificateSecret, takesCertificates, takesTls } from "../../configs/ingest/tls";
import {
  hasIngest,
  needsToken,
  stackSender,
  stackTokenSecret,
  tokenLine,
  tokenProblem,
  tokenProblems,
  tokenSecret,
} from "../../configs/ingest/senders";
import { SettingsError } from "../../configs/stack/parse";
import type { CollectorSettings } from "../../configs/stack/schema";
import { files, paths, ports } from "../../configs/topology/ports";
import type { Addresses } from "../../configs/topology/topology";
import {
  defineWorkload,
  httpProbe,
  type CertificateFolder,
  type Secret,
  type SecretFile,
  type Workload,
  type WorkloadPort,
} from "../platform/workload";

/**
 * Tokens of the senders in `ingest.senders`, by their names: one, or several that are valid at the same time. Docker only: on Kubernetes,
 * `ingest.tokensSecret` holds them.
 */
export type IngestTokens = Readonly<Record<string, pulumi.Input<string | readonly string[]>>>;

/** The secrets that the proxy is given. */
export interface IngestSecrets {
  readonly tokens: IngestTokens;
  /** The token of the stack itself, as the canary and `make smoke` send it. */
  readonly stack: pulumi.Output<string>;
}

/** Ports that applications send to. */
export const receiverPorts: readonly WorkloadPort[] = [
  { name: "otlp-grpc", port: ports.collector.otlpGrpc, exposure: "ingress", publish: "otlp-grpc" },
  { name: "otlp-http", port: ports.collector.otlpHttp, exposure: "ingress", publish: "otlp-http" },
  { name: "jaeger-grpc", port: ports.collector.jaegerGrpc, exposure: "ingress", publish: "jaeger-grpc" },
  { name: "jaeger-thrift", port: ports.collector.jaegerThriftHttp, exposure: "ingress", publish: "jaeger-thrift-http" },
];

/** In place of secrets, for validation, tests and references. */
const unknownSecrets: IngestSecrets = { tokens: {}, stack: pulumi.output("") };

/** The proxy in front of the Collector; undefined if the stack has none. */
export function ingestProxy(
  settings: CollectorSettings,
  topology: Addresses,
  secrets: IngestSecrets = unknownSecrets,
): Workload | undefined {
  if (!hasIngest(settings)) return undefined;
  const place = ingestPlace(topology);
  const config = `${paths.live}/${files.ingestConfig}`;
  const script = `${paths.config}/${files.ingest}`;
  const certificates = tlsFiles(settings);
  return defineWorkload({
    name: "ingest",
    image: "haproxy",
    command: ["/bin/sh", script],
    files: [
      {
        path: script,
        content: ingestScript({
          config,
          tokens: paths.secrets,
          certificates: certificates.flatMap(({ path, keys }) => keys.map((key) => `${path}/${key}`)),
          senders: place.senders,
        }),
        onChange: "restart",
      },
      { path: config, content: haproxyConfig(settings, place), onChange: "live" },
    ],
    secrets: secretFiles(settings, secrets),
    certificates: certificates.length > 0 ? certificates : undefined,
    scratch: [{ path: paths.ingestRun, size: 1 }],
    ports: [...receiverPorts, { name: "ingest-metrics", port: ports.ingest.metrics, exposure: "cluster" }],
    probe: httpProbe(ports.ingest.health, healthPath, 30),
    resources: { memory: ingestMemory(settings), cpu: takesTls(settings) ? 500 : 250 },
    stopGrace: 15,
    drain: 10,
  });
}

/** The proxy's certificate, and the authority of its clients'. */
function tlsFiles(settings: CollectorSettings): CertificateFolder[] {
  if (!takesTls(settings)) return [];
  const { certificates, issuer = "own", names, clientAuthoritySecret } = settings.ingest.tls;
  const secret = ingestCertificateSecret;
  return compact([
    {
      path: paths.ingestCertificate,
      secret,
      keys: [files.certificate, files.certificateKey],
      request: certificates === "cert-manager" ? { name: secret, issuer, uses: ["server"], names } : undefined,
    },
    takesCertificates(settings) &&
      clientAuthoritySecret !== undefined && { path: paths.ingestClientAuthority, secret: clientAuthoritySecret, keys: [files.authority] },
  ]);
}

/**
 * The authority of the proxy's certificate, as a folder for a client; it stays empty where the Secret has none, as clients know a public one anyway.
 */
export const ingestAuthority = (settings: Pick<CollectorSettings, "ingest">): CertificateFolder[] =>
  takesTls(settings) ? [{ path: paths.ingestCertificate, secret: ingestCertificateSecret, keys: [files.authority], optional: true }] : [];

/** The tokens as files, one for each sender: hashed, unless somebody else's Secret holds them. */
function secretFiles({ ingest }: CollectorSettings, { tokens, stack }: IngestSecrets): SecretFile[] {
  const file = (sender: string, content: Secret["content"]): SecretFile => {
    const secret = tokenSecret(sender);
    return { path: `${paths.secrets}/${secret}`, secret, content };
  };
  const { tokensSecret } = ingest;
  return [
    // As it is: the stack makes it, and a program that renders the stack knows no value to hash.
    file(stackSender, stack),
    ...ingest.senders.flatMap((sender) => {
      const { name } = sender;
      if (tokensSecret !== undefined)
        return [file(name, { existing: tokensSecret, key: name, optional: needsToken(sender) ? undefined : true })];
      return needsToken(sender) ? [file(name, hashed(name, tokens[name] ?? ""))] : [];
    }),
  ];
}

/** The lines of a sender's file. An Output's value is known only here. */
const hashed = (name: string, tokens: IngestTokens[string]): pulumi.Output<string> =>
  pulumi.secret(
    pulumi.output(tokens).apply((own) => {
      const all = typeof own === "string" ? [own] : own;
      const problem = all.map(tokenProblem).find((found) => found !== undefined);
      if (problem !== undefined && all.join("") !== "") throw new Error(`the token of ${name}: ${problem}`);
      return all.map(tokenLine).join("");
    }),
  );

/** The token of the stack itself, as a file for a client. */
export const stackTokenFile = (content: Secret["content"]): SecretFile => ({
  path: `${paths.secrets}/${stackTokenSecret}`,
  secret: tokenSecret(stackSender),
  content,
});

/** @throws SettingsError if tokens are missing, nobody's, or none. Those that are Outputs are checked when they are known. */
export function requireIngestTokens(settings: CollectorSettings, tokens: IngestTokens): void {
  const problems = tokenProblems(settings, plainTokens(tokens));
  if (problems.length > 0) throw new SettingsError(settings.stack, problems);
}

/** The tokens that are known at preview; in place of each of the others, one that is right and nobody's. */
export function plainTokens(tokens: IngestTokens): Record<string, readonly string[]> {
  return Object.fromEntries(
    Object.entries(tokens).map(([name, own]) => {
      if (typeof own === "string") return [name, [own]];
      return [name, Array.isArray(own) ? (own as readonly string[]) : [`unknown.${name}`.padEnd(64, ".")]];
    }),
  );
}
