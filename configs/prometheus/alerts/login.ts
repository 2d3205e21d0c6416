/** The login in front of the screens: what becomes of requests, and an alert when nobody can log in. */
import { down, type Alert } from "./alert";
import { like, series } from "../metrics";
import { rate, sumBy } from "../promql";
import { doorBackends, verdicts } from "../../login/haproxy";
import type { StackSettings } from "../../stack/schema";

/**
 * Recorded: requests per second of five minutes, by what became of them (`verdict`) and by screen. `unauthenticated` and `malformed` have no screen:
 * who asked is not known.
 */
export const loginRequests = "tracing:login_requests_per_second";

const ofBackends = (pattern: string) => rate(series("loginRequests", { proxy: like(pattern) }), "5m");

/** Backends of requests with a session. */
const judged = `(${Object.keys(verdicts).join("|")}):.*`;

/** The backend's name in two labels: `forbidden:traces` is the verdict `forbidden` on the screen `traces`. */
const byVerdict = (() => {
  const requests = sumBy("proxy", ofBackends(`${judged}|${doorBackends.malformed}`));
  const verdict = `label_replace(${requests}, "verdict", "$1", "proxy", "([a-z]+)(:.*)?")`;
  return sumBy("screen, verdict", `label_replace(${verdict}, "screen", "$1", "proxy", ".*:(.*)")`);
})();

/** What came with a session or none, without what had a valid one. */
const unauthenticated = `clamp_min(sum(${ofBackends(doorBackends.session)}) - sum(${ofBackends(judged)}), 0)`;

export const loginRecords = ({ login }: StackSettings) =>
  login
    ? [
        { record: loginRequests, expr: byVerdict },
        { record: loginRequests, expr: unauthenticated, labels: { verdict: "unauthenticated" } },
      ]
    : [];

export const loginAlerts = ({ login, platform }: StackSettings): readonly Alert[] =>
  login
    ? down(
        { job: "login", service: "login", replicas: login.replicas },
        {
          name: "LoginDown",
          none: "The login in front of the screens does not answer: nobody sees traces, metrics or dashboards",
          some: "An instance of the login in front of the screens does not answer; the others do",
          first: `\`make status\`, then \`make logs SERVICE=${platform === "docker" ? "login-gate" : "login"}\`.`,
        },
      )
    : [];
