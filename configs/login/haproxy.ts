/**
 * HAProxy's config file: the door in front of oauth2-proxy, and behind it the roles, which decide what each person may see.
 *
 * A request comes to the door, goes on to oauth2-proxy and, if that knows a session, comes back with headers that say who it is. One rule picks both the
 * screen and the role that is needed for it, so that no way to write a path leads to one screen with the role of another.
 */
import { compact } from "../compact";
import { forbiddenPage, readOnlyPage } from "./pages";
import { hasSecureCookies, longestAnswer, signInPath } from "./oauth2-proxy";
import { screenNames, screens, shownScreens, type Login, type Screen, type ScreenName, type Write } from "./screens";
import type { Role } from "../stack/login";

/** Where the proxy listens, and where the programs are that it leads to. */
export interface GatePlace {
  /** Address that people's browsers, and Prometheus, reach. */
  readonly listen: string;
  /** Address that oauth2-proxy alone needs to reach. */
  readonly listenRoles: string;
  readonly ports: { readonly http: number; readonly roles: number; readonly health: number; readonly metrics: number };
  /** oauth2-proxy, `host:port`. */
  readonly sessions: string;
  /** The program of each screen, `host:port`. */
  readonly upstream: Readonly<Record<ScreenName, string>>;
  /** Files with the authorities of those screens that speak TLS. */
  readonly authorities?: Readonly<Partial<Record<ScreenName, string>>>;
  /** A DNS server that knows these names, where addresses may change while the proxy runs: `host:port`. */
  readonly resolver?: string;
}

/**
 * What becomes of a request. HAProxy counts by backend: `<verdict>:<screen>` for requests of people who are signed in. `malformed`, `sign-in` and `session`
 * are the door's: what is in `session` and has no verdict had no valid session.
 */
export const verdicts = {
  allowed: "the person has the role",
  forbidden: "the person does not have the role",
  readonly: "it would change something, or is for administrators",
} as const;

/** Backends of the door. */
export const doorBackends = { malformed: "malformed", signIn: "sign-in", session: "session" } as const;

/** Path of the health check. */
export const healthPath = "/healthz";

/** Paths that a program behind the login might read in another way than this proxy does. */
const tricks = ["//", "(/|%2f)\\.{1,2}(/|%2f|$)", "%2e", "\\\\", "%5c", "%00", ";"].map((part) => `(${part})`).join("|");

/** A buffer, bytes: a session's cookie has the provider's tokens in it. */
const buffer = 64 * 1024;

/** Clients that are connected at a time. What oauth2-proxy hands on has as many connections again. */
const connections = 500;

/** Connections that neither clients nor oauth2-proxy can take: those of the health check and of Prometheus. */
const ownConnections = 100;

/** Buffers: one for each client whose request comes slowly, and two for each answer, which passes twice. */
const buffers = 3 * connections;

/** The longest address of a request, bytes: what the access log has room for. */
export const longestAddress = 8192;

/** Of HAProxy's request line, that which is no address: a method and a version. */
const aroundAddress = 64;

/** The longest line of the access log, bytes: an address of which each character takes three, and more. */
const longestLine = 4 * longestAddress;

/** A year, in seconds: how long a browser remembers that this host speaks https. */
const year = 31_536_000;

/** Text of `haproxy.cfg`. Versions 2.6 and newer read it. */
export function gateConfig(login: Login, place: GatePlace): string {
  const shown = shownScreens(login);
  return [
    ...head,
    ...resolvers(place),
    ...door(login, place),
    "",
    ...roles(login, shown, place),
    "",
    ...screenNames.flatMap((name) => [...screenBackends(login, name, place), ""]),
    ...admin(place),
    "",
  ].join("\n");
}

const head = [
  "global",
  // By default, both a line and an address in it end at 1 KiB.
  `  log stdout len ${longestLine} format raw local0 info`,
  `  tune.http.logurilen ${longestAddress + aroundAddress}`,
  `  maxconn ${2 * connections + ownConnections}`,
  "  nbthread 2",
  "  hard-stop-after 10s",
  `  tune.bufsize ${buffer}`,
  `  tune.buffers.limit ${buffers}`,
  "",
  "defaults",
  "  mode http",
  "  timeout connect 2s",
  "  timeout http-request 10s",
  "  timeout client 60s",
  // One more than oauth2-proxy waits: its answer says more.
  `  timeout server ${longestAnswer + 5}s`,
  "  timeout http-keep-alive 60s",
  "",
];

const resolvers = ({ resolver }: GatePlace): string[] =>
  resolver === undefined
    ? []
    : [
        "resolvers engine",
        `  nameserver dns ${resolver}`,
        "  timeout resolve 1s",
        "  timeout retry 1s",
        "  hold valid 1s",
        "  hold nx 1s",
        "  hold timeout 10s",
        "",
      ];

/** A server, found again when its address changes. */
const server = (name: string, address: string, { resolver }: GatePlace, tls = ""): string =>
  `  server ${name} ${address}${tls}${resolver === undefined ? "" : " resolvers engine resolve-prefer ipv4 init-addr last,libc,none"}`;

/** The way in. Nothing that a client says of itself goes further, and no path that can be read in two ways. */
function door(login: Login, place: GatePlace): string[] {
  const { malformed, signIn, session } = doorBackends;
  return compact([
    "frontend door",
    `  bind ${place.listen}:${place.ports.http}`,
    `  maxconn ${connections}`,
    "  http-request del-header ^x[-_](forwarded|auth|real) -m reg",
    // It lists headers that are for the next program only, which would take away those in which oauth2-proxy says who it is.
    "  http-request del-header connection",
    // No screen speaks anything else, and what came after an upgrade would not be looked at.
    "  http-request del-header upgrade",
    hasSecureCookies(login) && `  http-after-response set-header strict-transport-security max-age=${year}`,
    "  http-after-response set-header x-frame-options sameorigin",
    "  http-after-response set-header x-content-type-options nosniff",
    "  http-after-response set-header referrer-policy same-origin",
    `  use_backend ${malformed} if { url,length gt ${longestAddress} }`,
    `  use_backend ${malformed} if { path,lower -m reg '${tricks}' }`,
    `  use_backend ${signIn} if { path_beg ${signInPath}/ }`,
    `  default_backend ${session}`,
    "",
    `backend ${malformed}`,
    `  http-request return status 414 content-type text/plain string "this address is too long" if { url,length gt ${longestAddress} }`,
    '  http-request return status 400 content-type text/plain string "this path is not allowed"',
    "",
    `backend ${signIn}`,
    server("sessions", place.sessions, place),
    "",
    `backend ${session}`,
    server("sessions", place.sessions, place),
  ]);
}

const user = "req.fhdr(x-forwarded-email)";
const verdictIs = (verdict: keyof typeof verdicts) => `{ var(txn.verdict) -m str ${verdict} }`;
const quoted = (values: readonly string[]) => values.map((value) => `"${value}"`).join(" ");

/** A JSON line for each request of somebody who is signed in: no cookie and no token is in it. */
const accessLog = (() => {
  const text = (name: string, sample: string) => `"${name}":"%[${sample},json(utf8s)]"`;
  const fields = [
    text("user", "var(txn.user)"),
    text("screen", "var(txn.screen)"),
    text("verdict", "var(txn.verdict)"),
    text("method", "capture.req.method"),
    text("path", "capture.req.uri"),
    '"status":%ST',
    '"milliseconds":%Ta',
    '"time":"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]"',
  ];
  return `{${fields.join(",")}}`.replaceAll('"', '\\"');
})();

/** Who it is, which screen they want, and what becomes of it. The last rule that matches decides. */
function roles(login: Login, shown: readonly ScreenName[], place: GatePlace): string[] {
  const set = (variable: string, value: string, condition: string) => `  http-request set-var(txn.${variable}) str(${value})${condition}`;
  const fallback = screens.traces;
  return [
    "frontend roles",
    `  bind ${place.listenRoles}:${place.ports.roles}`,
    `  maxconn ${connections}`,
    "  log global",
    `  log-format "${accessLog}"`,
    `  http-request set-var(txn.user) ${user}`,
    "  http-request set-var(txn.user) req.fhdr(x-forwarded-user) unless { var(txn.user) -m len gt 0 }",
    set("screen", "traces", ""),
    ...Object.entries(screens)
      .filter(([, screen]) => screen.path !== fallback.path)
      .map(([name, { path }]) => set("screen", name, ` if { path ${path} } || { path_beg ${path}/ }`)),
    set("verdict", "forbidden", ""),
    ...shown.flatMap((name) => {
      const wanted = `{ var(txn.screen) -m str ${name} }`;
      return [
        ...has(login.roles[name]).map((condition) => set("verdict", "allowed", ` if ${wanted} ${condition}`)),
        ...limits(login, name, wanted),
      ];
    }),
    // Pages are made of many files, which say nothing about what was read.
    ...shown.flatMap((name) =>
      screens[name].assets.map(
        (start) => `  http-request set-log-level silent if ${verdictIs("allowed")} { path_beg ${screens[name].path}${start} }`,
      ),
    ),
    ...["^x[-_](forwarded|auth|real)", "^cookie$", "^authorization$"].map((name) => `  http-request del-header ${name} -m reg`),
    "  use_backend %[var(txn.verdict)]:%[var(txn.screen)]",
  ];
}

/** Conditions, any of which gives a role. */
const has = (role: Role | undefined): string[] =>
  role === undefined
    ? []
    : compact([
        role.everyone && "{ var(txn.user) -m len gt 0 }",
        role.groups.length > 0 && `{ req.hdr(x-forwarded-groups) -m str -- ${quoted(role.groups)} }`,
        role.emails.length > 0 && `{ ${user} -i -m str -- ${quoted(role.emails)} }`,
      ]);

/** What a screen does not let its readers do. */
function limits(login: Login, name: ScreenName, wanted: string): string[] {
  const { path, writes, closed }: Screen = screens[name];
  const set = (verdict: keyof typeof verdicts, condition: string) =>
    `  http-request set-var(txn.verdict) str(${verdict}) if ${wanted} ${condition}`;
  // Remembered, so that a request that may write gets back what it had, and not more.
  const remember = `  http-request set-var(txn.reader) bool(true) if ${wanted} ${verdictIs("allowed")}`;
  const may = ({ methods, path: own, role }: Write): string[] => {
    const request = `{ var(txn.reader) -m bool } { method ${methods.join(" ")} } { path -m reg '^${path}${own}$' }`;
    return role === undefined
      ? [set("allowed", request)]
      : has(login.roles[role]).map((condition) => set("allowed", `${request} ${condition}`));
  };
  return [
    remember,
    set("readonly", `${verdictIs("allowed")} !{ method GET HEAD }`),
    ...writes.flatMap(may),
    // However it is written: the programs decode a path before they look at it.
    ...closed.map((start) => set("readonly", `${verdictIs("allowed")} { path,url_dec -m beg ${path}${start} }`)),
  ];
}

/** The backends of a screen, one for each verdict. One that nobody sees has the verdict `forbidden` only. */
function screenBackends(login: Login, name: ScreenName, place: GatePlace): string[] {
  const { path, prefixed, service }: Screen = screens[name];
  const authority = place.authorities?.[name];
  const tls = authority === undefined ? "" : ` ssl verify required ca-file ${authority} verifyhost ${service} sni str(${service})`;
  const html = (text: string) => `  http-request return status 403 content-type "text/html; charset=utf-8" string "${text}"`;
  const forbidden = [`backend forbidden:${name}`, html(forbiddenPage(login, name))];
  if (login.roles[name] === undefined) return forbidden;
  return compact([
    `backend allowed:${name}`,
    // Pages name their files relative to this.
    path !== "" && `  http-request redirect location ${path}/ if { path ${path} }`,
    path !== "" && prefixed !== true && `  http-request replace-path '^${path}(/.*)$' '\\1'`,
    server(service, place.upstream[name], place, tls),
    "",
    ...forbidden,
    "",
    `backend readonly:${name}`,
    html(readOnlyPage(login, name)),
  ]);
}

const admin = ({ listen, ports }: GatePlace): string[] => [
  "frontend health",
  `  bind ${listen}:${ports.health}`,
  `  monitor-uri ${healthPath}`,
  "  http-request return status 404",
  "",
  "frontend metrics",
  `  bind ${listen}:${ports.metrics}`,
  "  http-request set-query scope=backend",
  "  http-request use-service prometheus-exporter if { path /metrics }",
  "  http-request return status 404",
];
