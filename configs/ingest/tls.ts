/** TLS from applications to the proxy: docs/decisions/0042-tls-from-applications.md gives the reasons. */
import { compact } from "../compact";
import type { Sender } from "../stack/ingest";
import type { Settings } from "../stack/schema";
import type { IngestPlace, Receiver } from "./haproxy";

type TlsSettings = Pick<Settings, "ingest">;

/** Whether the proxy takes TLS. */
export const takesTls = ({ ingest }: TlsSettings): boolean => ingest.tls.mode !== "off";

/** Whether it takes both TLS and plain text, at the same ports. */
export const takesBoth = ({ ingest }: TlsSettings): boolean => ingest.tls.mode === "both";

/** Whether it takes client certificates in place of tokens. */
export const takesCertificates = ({ ingest }: TlsSettings): boolean => ingest.tls.clientAuthoritySecret !== undefined;

/** The scheme of the addresses that applications send to. */
export const receiverScheme = (settings: TlsSettings): "http" | "https" => (takesTls(settings) ? "https" : "http");

/** The Secret with the proxy's certificate. */
export const ingestCertificateSecret = "otel-collector-ingest-tls";

/** Where the proxy finds what TLS needs. */
export interface TlsPlace {
  /** File of its certificate; the key is beside it, as a file of the same name that ends in `.key`. */
  readonly certificate: string;
  /** File with the authority of client certificates. */
  readonly clientAuthority: string;
  /** Folder for the sockets by which connections are handed on inside of the proxy. */
  readonly sockets: string;
}

/** What a bind that speaks TLS adds. HTTP/2 is for gRPC alone: its connections have no age at which they end (HAProxy before 3.0). */
function tlsWords(settings: TlsSettings, protocol: "grpc" | "http", { certificate, clientAuthority }: TlsPlace): string {
  const alpn = protocol === "grpc" ? "proto h2 alpn h2" : "alpn http/1.1";
  // The handshake lets every certificate pass. The rules judge it: so the client gets an answer, and `report` refuses nobody.
  const asked = takesCertificates(settings) ? ` verify optional ca-file ${clientAuthority} ca-ignore-err all crt-ignore-err all` : "";
  return `${alpn} ssl crt ${certificate}${asked}`;
}

/** A kind of connection behind the door, which is a socket: what is spoken there. */
interface Inside {
  readonly transport: "tls" | "plaintext";
  readonly protocol: "grpc" | "http";
}

const insides: readonly Inside[] = (["tls", "plaintext"] as const).flatMap((transport) =>
  (["grpc", "http"] as const).map((protocol) => ({ transport, protocol })),
);

const socketOf = ({ sockets }: TlsPlace, { transport, protocol }: Inside): string => `unix@${sockets}/${transport}-${protocol}.sock`;

/** Where the proxy's rules take connections from. */
export function binds(settings: TlsSettings, place: IngestPlace, receivers: Readonly<Record<Receiver, "grpc" | "http">>): string[] {
  const plain = (protocol: "grpc" | "http") => (protocol === "grpc" ? "proto h2" : "");
  const words = (transport: Inside["transport"], protocol: "grpc" | "http") =>
    transport === "tls" ? tlsWords(settings, protocol, place.tls) : plain(protocol);
  if (takesBoth(settings))
    return insides.map((inside) =>
      `  bind ${socketOf(place.tls, inside)} accept-proxy ${words(inside.transport, inside.protocol)}`.trimEnd(),
    );
  const transport = takesTls(settings) ? "tls" : "plaintext";
  return Object.entries(receivers).map(([name, protocol]) =>
    `  bind ${place.listen}:${place.ports[name as Receiver]} ${words(transport, protocol)}`.trimEnd(),
  );
}

/** The backends of the door, by what a client speaks. */
const doorTo = (transport: Inside["transport"]) => `door-${transport}`;

/** A pattern of the door's backends, in which no requests are told apart. */
export const doorBackends = "door-.*";

/**
 * The door of ports that take both: TLS begins with a byte that is none of HTTP's. Behind it, each connection arrives at the rules with the address
 * and port that its client used.
 *
 * @param limits Clients that are connected at a time, and connections that an address may have (undefined: as many as there are).
 */
export function door(
  settings: TlsSettings,
  place: IngestPlace,
  receivers: Readonly<Record<Receiver, "grpc" | "http">>,
  limits: { readonly connections: number; readonly perAddress: number | undefined },
): string[] {
  if (!takesBoth(settings)) return [];
  const names = Object.keys(receivers) as readonly Receiver[];
  // Longer than any silence that the rules permit: it is they who end a connection.
  const patience = "120s";
  const grpcPorts = names.filter((name) => receivers[name] === "grpc").map((name) => place.ports[name]);
  const server = (inside: Inside) => `  server ${inside.protocol} ${socketOf(place.tls, inside)} send-proxy-v2`;
  const backend = (transport: Inside["transport"]) => [
    `backend ${doorTo(transport)}`,
    "  mode tcp",
    `  timeout server ${patience}`,
    `  use-server grpc if { dst_port ${grpcPorts.join(" ")} }`,
    `  use-server http unless { dst_port ${grpcPorts.join(" ")} }`,
    ...insides.filter((inside) => inside.transport === transport).map(server),
    "",
  ];
  return [
    "frontend door",
    "  mode tcp",
    `  maxconn ${limits.connections}`,
    ...names.map((name) => `  bind ${place.listen}:${place.ports[name]}`),
    ...countAddress("connection", limits.perAddress === undefined ? undefined : 2 * limits.perAddress),
    `  timeout client ${patience}`,
    "  tcp-request inspect-delay 10s",
    "  tcp-request content accept if { req.len gt 0 }",
    `  use_backend ${doorTo("tls")} if { req.payload(0,1) -m bin 16 }`,
    `  default_backend ${doorTo("plaintext")}`,
    "",
    ...backend("tls"),
    ...backend("plaintext"),
  ];
}

/** Counts the connections of an address, at a moment at which it is known, and rejects those above a limit, if any. */
const countAddress = (at: "connection" | "session", most: number | undefined): string[] =>
  compact([
    `  tcp-request ${at} track-sc1 src table addresses`,
    // Who somebody is shows with their first request. Until then all that is known is the address.
    most !== undefined && `  tcp-request ${at} reject if { sc1_conn_cur gt ${most} }`,
  ]);

/** The same for the frontend with the rules. Behind the door a connection counts for the second time, and its limit has been applied. */
export const trackAddress = (settings: TlsSettings, most: number | undefined): string[] =>
  takesBoth(settings) ? countAddress("session", undefined) : countAddress("connection", most);

/** Rules that find the sender by its certificate, where it has shown no token that somebody has. */
export function certificateRules(settings: TlsSettings, senders: readonly Pick<Sender, "name" | "certificates">[]): string[] {
  if (!takesCertificates(settings)) return [];
  return compact([
    // A certificate also ends while its connection goes on.
    "  http-request set-var(txn.now) date,utime(%y%m%d%H%M%SZ)",
    "  http-request set-var(txn.certificate) ssl_c_s_dn(CN) if { ssl_c_used } { ssl_c_verify 0 } { ssl_c_notafter,strcmp(txn.now) gt 0 }",
    ...senders.flatMap(({ name, certificates }) =>
      certificates.map(
        (own) => `  http-request set-var(txn.sender) str(${name}) if !{ var(txn.sender) -m found } { var(txn.certificate) -m str ${own} }`,
      ),
    ),
  ]);
}
