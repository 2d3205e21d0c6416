/**
 * HAProxy's config file in front of a program that has one port for either plain text or TLS: Prometheus and Alertmanager. It ends TLS at a port of its
 * own, beside theirs. docs/decisions/0041-tls-between-tiers.md gives the reasons.
 */
import { tlsGlobals } from "../haproxy/tls";

/** Where the proxy listens, and what it hands on to. */
export interface TlsProxyPlace {
  /** Address and port that clients use by TLS. */
  readonly listen: string;
  /** File of its certificate; the key is beside it, as a file of the same name that ends in `.key`. */
  readonly certificate: string;
  /** Name of the program behind it. */
  readonly service: string;
  /** Its address and port, on the pod's loopback. */
  readonly upstream: string;
}

/** Path at which the proxy answers for itself, by TLS, whatever the program behind it does. */
export const healthPath = "/healthz";

/** Clients that are connected at a time: fewer than Prometheus lets connect, so that none of theirs waits for a place there. */
const connections = 250;

/** A buffer, bytes: the longest URL with its headers. */
const buffer = 32 * 1024;

/** Memory of a connection, bytes: its two buffers, and the keys and records of TLS. */
const connectionMemory = 2 * buffer + 32 * 1024;

/** Memory limit, MiB: the program, and all connections, twice while a reload is under way. */
export const tlsProxyMemory = 16 + 2 * Math.ceil((connections * connectionMemory) / 1024 ** 2);

/** Text of `haproxy.cfg`. Versions 2.6 and newer read it. */
export const tlsProxyConfig = ({ listen, certificate, service, upstream }: TlsProxyPlace): string =>
  [
    "global",
    "  log stdout format raw local0 warning",
    `  maxconn ${connections}`,
    // An engine that allows fewer file descriptors gets fewer connections, not no proxy.
    "  no strict-limits",
    "  nbthread 2",
    // After a reload, a process that nobody talks to any more is not kept.
    "  hard-stop-after 90s",
    `  tune.bufsize ${buffer}`,
    ...tlsGlobals,
    "",
    "defaults",
    "  mode http",
    // At a reload, a client finishes its request and is told to connect anew; nobody's connection is cut.
    "  option idle-close-on-response",
    // A query whose client has gone away ends: Prometheus runs few at a time.
    "  option abortonclose",
    "  timeout connect 2s",
    "  timeout http-request 10s",
    "  timeout client 60s",
    // Longer than Prometheus lets a query take: its answer says more.
    "  timeout server 75s",
    "  timeout http-keep-alive 60s",
    "",
    "frontend tls",
    `  bind ${listen} ssl crt ${certificate} alpn http/1.1`,
    `  monitor-uri ${healthPath}`,
    `  default_backend ${service}`,
    "",
    `backend ${service}`,
    `  server ${service} ${upstream}`,
    "",
  ].join("\n");
