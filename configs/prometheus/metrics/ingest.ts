/** Metrics of the proxy in front of the Collector, by its backends: configs/ingest/haproxy.ts says what these are. */
import type { Described } from "./metric";

export const ingestCounters = {
  ingestRequests: {
    name: "haproxy_backend_http_requests_total",
    labels: ["proxy"],
    unit: "requests",
    since: "setting",
    meaning:
      "Requests at the Collector's ports, by what became of them and by sender: `accepted:<sender>`, `limited:<sender>`, `expired:<sender>`, `anonymous`, `unknown`.",
  },
  ingestBytes: {
    name: "haproxy_backend_bytes_in_total",
    labels: ["proxy"],
    unit: "bytes",
    since: "setting",
    meaning: "Bytes of these requests.",
  },
} as const satisfies Record<string, Described>;
