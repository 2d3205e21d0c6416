/** Metrics of the proxy in front of the Collector, by its backends: configs/ingest/haproxy.ts says what these are. */
import type { Described } from "./metric";

export const ingestCounters = {
  ingestRequests: {
    name: "haproxy_backend_http_requests_total",
    labels: ["proxy"],
    unit: "requests",
    since: "setting",
    meaning:
      "Requests at the Collector's ports, by what became of them and by sender: `accepted:<sender>`, `plaintext:<sender>` (accepted, in plain text while `ingest.tls.mode` is both), `limited:<sender>`, `zstandard:<sender>`, `expired:<sender>`, `anonymous`, `unknown`, `untrusted`.",
  },
  ingestBytes: {
    name: "haproxy_backend_bytes_in_total",
    labels: ["proxy"],
    unit: "bytes",
    since: "setting",
    meaning: "Bytes of these requests.",
  },
  ingestConnections: {
    name: "haproxy_frontend_connections_total",
    labels: ["proxy"],
    unit: "connections",
    since: "setting",
    meaning: "Connections with `ingest.tls`, before the TLS handshake.",
  },
  ingestHandshakes: {
    name: "haproxy_frontend_sessions_total",
    labels: ["proxy"],
    unit: "connections",
    since: "setting",
    meaning: "Connections with `ingest.tls`, after the TLS handshake: the difference has failed. With `on`, plain text fails there, too.",
  },
} as const satisfies Record<string, Described>;
