/** oauth2-proxy's config file: it signs people in at the provider and tells the proxy behind it who they are. */
import { generatedNotice } from "../yaml";
import { files, paths } from "../topology/ports";
import { screens, shownScreens, type Login } from "./screens";
import { clientSecret, cookieSecret, secretPath } from "./secrets";

/** Where oauth2-proxy listens, and where the requests of people who are signed in go. */
export interface SessionPlace {
  /** `host:port`. */
  readonly listen: string;
  /** Address of the proxy that knows the roles. */
  readonly upstream: string;
}

/** Start of the paths at which people sign in and out. */
export const signInPath = "/oauth2";

/** Path that oauth2-proxy answers when it runs. */
export const pingPath = "/ping";

/** Seconds that a screen may take to answer: a search over many days takes long. */
export const longestAnswer = 120;

/** Whether cookies are for https only. On loopback, browsers take no such cookies from http. */
export const hasSecureCookies = ({ url }: Login): boolean => url.startsWith("https:");

/** Name of the session's cookie. With the prefix, browsers take it over https only, and from this very host. */
export const cookieName = (login: Login): string => (hasSecureCookies(login) ? "__Host-tracing" : "tracing-login");

/** File with the certificates to trust for the issuer. */
export const authorityPath = `${paths.config}/${files.loginAuthority}`;

const seconds = (value: number): string => `${value}s`;

/** Paths of programs, not of pages: without a session they get 401 in place of the provider's page. */
const apiRoutes = (login: Login): string[] =>
  shownScreens(login).flatMap((name) => [
    `^${screens[name].path}/api/`,
    ...(name === "dashboards" ? [`^${screens[name].path}/proxy/`] : []),
  ]);

/** Text of `oauth2-proxy.cfg`. */
export function oauth2ProxyConfig(login: Login, { listen, upstream }: SessionPlace): string {
  const keys = {
    provider: "oidc",
    oidc_issuer_url: login.issuer,
    provider_ca_files: login.authority === undefined ? undefined : [authorityPath],
    use_system_trust_store: login.authority === undefined ? undefined : true,
    client_id: login.clientId,
    // Read at each login: a new secret needs no restart.
    client_secret_file: secretPath(clientSecret),
    redirect_url: `${login.url}${signInPath}/callback`,
    scope: login.scopes.join(" "),
    oidc_groups_claim: login.groupsClaim,
    email_domains: login.emailDomains.length > 0 ? login.emailDomains : ["*"],
    // People are not asked for their consent again and again.
    approval_prompt: "auto",
    code_challenge_method: "S256",
    http_address: listen,
    upstreams: [upstream],
    upstream_timeout: seconds(longestAnswer),
    proxy_websockets: false,
    // Who it is, in headers that no client can set. No token goes further.
    pass_user_headers: true,
    pass_basic_auth: false,
    pass_access_token: false,
    pass_authorization_header: false,
    set_xauthrequest: false,
    cookie_name: cookieName(login),
    cookie_secret_file: secretPath(cookieSecret),
    cookie_secure: hasSecureCookies(login),
    cookie_httponly: true,
    cookie_samesite: "lax",
    cookie_expire: seconds(login.session),
    cookie_refresh: seconds(login.refresh),
    // Several tabs may sign in at the same time.
    cookie_csrf_per_request: true,
    cookie_csrf_expire: "15m",
    session_store_type: "cookie",
    skip_provider_button: true,
    api_routes: apiRoutes(login),
    // It has the provider's codes in it. The proxy behind logs who asked what.
    request_logging: false,
    auth_logging: true,
    silence_ping_logging: true,
  };
  return [
    generatedNotice,
    // The secret of the cookies is read at the start only, and this line changes with it.
    `# sessions: ${login.sessionVersion}`,
    ...Object.entries(keys).flatMap(([key, value]) => (value === undefined ? [] : [`${key} = ${JSON.stringify(value)}`])),
    "",
  ].join("\n");
}
