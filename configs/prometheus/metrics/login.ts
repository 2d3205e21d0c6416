/** Metrics of the proxy in front of the screens, by its backends: configs/login/haproxy.ts says what these are. */
import type { Described } from "./metric";

export const loginCounters = {
  loginRequests: {
    name: "haproxy_backend_http_requests_total",
    labels: ["proxy"],
    unit: "requests",
    since: "setting",
    meaning:
      "Requests at the login, by what became of them and by screen: `allowed:<screen>`, `forbidden:<screen>`, `readonly:<screen>`; `malformed` (paths that may be read in two " +
      "ways, and addresses that are too long), `sign-in` (of the login itself), and `session`: all others, whether they have a valid session or not.",
  },
} as const satisfies Record<string, Described>;
