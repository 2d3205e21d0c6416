/** Settings about the login that are right one by one and not together. */
import { ownAlertmanager } from "../alertmanager/delivery";
import { screenNames, type Login, type ScreenName } from "../login/screens";
import { hasPerses } from "../perses/runs";
import { hostPort } from "../topology/docker";
import { isLoopback } from "./login";
import type { Parsed } from "./schema";
import { shown } from "./shown";

const roleNames = [...screenNames, "silences"] as const;

/** Providers at which anybody can have an account. */
const openToAll = ["accounts.google.com", "login.microsoftonline.com", "gitlab.com"];

/**
 * One sentence each: the key without its namespace, what was found, what is allowed. Groups that are wrong by themselves are left out.
 *
 * @param absent Whether the stack is known to have no login, not even one that is wrong by itself.
 */
export function loginConflicts(groups: Partial<Parsed>, absent: boolean): string[] {
  const { login, jaeger, platform } = groups;
  const problems: string[] = [];
  const refuse = (wrong: boolean, key: string, found: unknown, allowed: string) => {
    if (wrong) problems.push(`${key}: found ${shown(found)}; allowed: ${allowed}`);
  };
  const users = jaeger?.ingress?.usersSecret;
  if (!login) {
    return absent && platform === "kubernetes" && jaeger?.ingress && users === undefined
      ? ["jaeger.ingress: found no login; allowed: one, by usersSecret or tracing:login"]
      : [];
  }
  refuse(users !== undefined, "jaeger.ingress.usersSecret", users, "nothing with tracing:login, which asks for the login");
  const backend = jaeger?.ingress?.backend;
  refuse(backend === "https", "jaeger.ingress.backend", backend, "http with tracing:login, to which the ingress then leads");
  problems.push(...roleProblems(login), ...missingScreens(groups, login));
  const { hostname, protocol, port } = new URL(login.url);
  const host = jaeger?.ingress?.host;
  if (host !== undefined) refuse(login.url !== `https://${host}`, "login.url", login.url, `https://${host}, as jaeger.ingress.host is`);
  refuse(
    groups.environment !== undefined && groups.environment !== "development" && login.issuer.startsWith("http:"),
    "login.issuer",
    login.issuer,
    "an https address outside of development",
  );
  refuse(!login.scopes.includes("openid"), "login.scopes", login.scopes, "a list with openid");
  refuse(login.refresh > login.session, "login.refresh", `${login.refresh / 60}m`, "no more than login.session");
  if (platform === "docker") {
    refuse(login.clientSecret !== undefined, "login.clientSecret", login.clientSecret, "nothing on docker: see tracing:loginClientSecret");
    refuse(login.replicas > 1, "login.replicas", login.replicas, "1 on docker");
    const published = groups.publish && hostPort({ publish: groups.publish }, "login");
    if (published !== undefined && protocol === "http:" && isLoopback(hostname))
      refuse(Number(port || 80) !== published, "login.url", login.url, `http://${hostname}:${published}, as publish says`);
  } else if (platform === "kubernetes") {
    if (login.clientSecret === undefined)
      problems.push("login.clientSecret: missing; allowed: the name of a Secret with the key client-secret");
    refuse(login.direct, "login.direct", true, "false on kubernetes: use kubectl port-forward");
  }
  return problems;
}

/** Roles that nobody or, against all intention, the whole world would have. */
function roleProblems({ roles, issuer, emailDomains }: Login): string[] {
  const open = openToAll.includes(new URL(issuer).hostname) && emailDomains.length === 0;
  const entries = roleNames.flatMap((name) => {
    const role = roles[name];
    return role ? [{ name, role }] : [];
  });
  if (entries.length === 0) return [`login.roles: found {}; allowed: at least one of ${roleNames.join(", ")}`];
  return entries.flatMap(({ name, role: { groups, emails, everyone } }) => {
    const key = `login.roles.${name}`;
    if (!everyone && groups.length + emails.length === 0)
      return [`${key}: found nobody; allowed: groups, emails or everyone; leave the role out to show it to nobody`];
    if (everyone && groups.length + emails.length > 0) return [`${key}.everyone: found true; allowed: false beside groups or emails`];
    if (everyone && open)
      return [`${key}.everyone: found true; allowed: false unless login.emailDomains is set: anybody can have an account there`];
    if (name === "silences" && roles.alerts === undefined) return [`${key}: found a role; allowed: nothing without login.roles.alerts`];
    return [];
  });
}

/** Roles for screens that the stack does not have. */
function missingScreens({ prometheus, alerts, dashboards, platform, environment }: Partial<Parsed>, { roles }: Login): string[] {
  if (!prometheus || !platform || !environment) return [];
  const refusal = (name: ScreenName, why: string) =>
    roles[name] ? [`login.roles.${name}: found a role; allowed: nothing, as ${why}`] : [];
  if (prometheus.mode === "operator")
    return (["metrics", "dashboards", "alerts"] as const).flatMap((name) =>
      refusal(name, "prometheus.mode is operator: the cluster has its own"),
    );
  return [
    ...(dashboards && !hasPerses({ dashboards, environment, platform })
      ? refusal("dashboards", "the stack runs no Perses: see dashboards.perses")
      : []),
    ...(alerts && !ownAlertmanager({ alerts, environment, prometheus })
      ? refusal("alerts", "the stack runs no Alertmanager: see alerts.delivery")
      : []),
  ];
}
