/** The receivers and TLS sections of the Collector's and Jaeger's config files: both programs read them alike. */
import { compact } from "./compact";
import type { CommonSettings } from "./stack/schema";
import { files, paths } from "./topology/ports";
import { listensBy, type TierPorts } from "./topology/tls";

/** A file of the folder that holds a tier's own certificate. */
const at = (file: string): string => `${paths.certificates}/${file}`;

/** The pair that a tier shows. It is read again when a connection is made and the last read is older than the interval: a renewal needs no restart. */
const ownPair = {
  cert_file: at(files.certificate),
  key_file: at(files.certificateKey),
  reload_interval: "1m",
  // All clients and servers are programs of the stack.
  min_version: "1.3",
} as const;

/** TLS of a server that lets in only those whose certificate the authority has signed. */
const serverTls = { ...ownPair, client_ca_file: at(files.authority), client_ca_file_reload: true } as const;

/**
 * TLS of a server that anybody may ask who can reach it. Browsers and ingress controllers are not programs of the stack: TLS 1.2 is the minimum, and
 * they need no certificate.
 */
export const readTls = { ...ownPair, min_version: "1.2" } as const;

/**
 * TLS of a client.
 *
 * @param serverName The name that the server's certificate must have, if the address is not that name.
 */
export const clientTls = (serverName?: string): object => ({ ...ownPair, ca_file: at(files.authority), server_name_override: serverName });

type TlsSettings = Pick<CommonSettings, "kubernetes">;

/**
 * The receivers for spans of the tier before: `otlp` for plain text, `otlp/tls`, or both.
 *
 * @param host The address that both bind to.
 * @param grpc The keys of gRPC besides address and TLS.
 * @param besides Other protocols of the plain receiver.
 */
export const tierReceivers = (
  settings: TlsSettings,
  host: string,
  { otlpGrpc, otlpGrpcTls }: TierPorts,
  grpc: object,
  besides: object = {},
): object => ({
  otlp: listensBy(settings, "plain") ? { protocols: { grpc: { endpoint: `${host}:${otlpGrpc}`, ...grpc }, ...besides } } : undefined,
  "otlp/tls": listensBy(settings, "tls")
    ? { protocols: { grpc: { endpoint: `${host}:${otlpGrpcTls}`, ...grpc, tls: serverTls } } }
    : undefined,
});

/** The names of these receivers. */
export const tierReceiverNames = (settings: TlsSettings): string[] =>
  compact([listensBy(settings, "plain") && "otlp", listensBy(settings, "tls") && "otlp/tls"]);
