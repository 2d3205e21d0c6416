/** The screens behind the login: where each is, and what may be asked of it. */
import type { Settings } from "../stack/schema";
import { ports, type PublishedPort } from "../topology/ports";
import type { ServiceName } from "../topology/topology";

/** A kind of request beyond reading that a screen needs. */
export interface Write {
  readonly methods: readonly string[];
  /** Path behind the screen's own, as a regular expression of the whole of it. */
  readonly path: string;
  /** A role that is needed for it, besides that of the screen. */
  readonly role?: "silences";
}

export interface Screen {
  readonly service: ServiceName;
  readonly port: number;
  /** The same with TLS, if the program has it. */
  readonly tlsPort?: number;
  /** The program's name, for people. */
  readonly title: string;
  /** Path of the screen; empty for the one that has what no other has. */
  readonly path: string;
  /** Whether the program expects the path of the screen in front of its own. */
  readonly prefixed?: boolean;
  /** Requests other than GET and HEAD that people may make. All others are refused. */
  readonly writes: readonly Write[];
  /** Starts of paths, behind the screen's own, that nobody needs: the program's own administration. */
  readonly closed: readonly string[];
  /** Starts of paths, behind the screen's own, of scripts, fonts and pictures: they are not logged. */
  readonly assets: readonly string[];
}

/** Prometheus' questions that may be too long for a URL. */
const queries = "/api/v1/(query|query_range|query_exemplars|series|labels|format_query|parse_query)";

/**
 * By role. Jaeger has no path: links to traces, in logs and alerts, stay as they are.
 */
export const screens = {
  traces: {
    service: "jaeger",
    port: ports.jaeger.query,
    tlsPort: ports.jaeger.queryTls,
    title: "Jaeger",
    path: "",
    // It turns an uploaded file into what the page shows, and stores nothing.
    writes: [{ methods: ["POST"], path: "/api/transform" }],
    closed: [],
    assets: ["/static/"],
  },
  metrics: {
    service: "prometheus",
    port: ports.prometheus.http,
    tlsPort: ports.prometheus.httpTls,
    title: "Prometheus",
    path: "/prometheus",
    writes: [{ methods: ["POST"], path: queries }],
    closed: ["/-/", "/api/v1/admin/", "/debug/"],
    assets: ["/assets/"],
  },
  dashboards: {
    service: "perses",
    port: ports.perses.http,
    title: "Perses",
    path: "/dashboards",
    prefixed: true,
    // Perses has a list of its own of what its data source passes on.
    writes: [{ methods: ["POST"], path: `/proxy/projects/[^/]+/datasources/[^/]+${queries}` }],
    closed: [],
    assets: ["/static/", "/plugins/"],
  },
  alerts: {
    service: "alertmanager",
    port: ports.alertmanager.http,
    tlsPort: ports.alertmanager.httpTls,
    title: "Alertmanager",
    path: "/alertmanager",
    writes: [
      { methods: ["POST"], path: "/api/v2/silences", role: "silences" },
      { methods: ["DELETE"], path: "/api/v2/silence/[^/]+", role: "silences" },
    ],
    closed: ["/-/", "/debug/"],
    assets: ["/assets/", "/lib/"],
  },
} as const satisfies Record<string, Screen>;

/** The name of a screen: that of the role that shows it. */
export type ScreenName = keyof typeof screens;

export const screenNames = Object.keys(screens) as readonly ScreenName[];

/** Settings that the login depends on. */
export type LoginSettings = Pick<Settings, "login">;

/** The login of a stack that has one. */
export type Login = NonNullable<Settings["login"]>;

/** The screens that anybody sees, in the order of {@link screens}. */
export const shownScreens = ({ roles }: Login): ScreenName[] => screenNames.filter((name) => roles[name] !== undefined);

/** Whether the login asks a screen by TLS, if the stack's services use it. */
export const hasTls = (name: ScreenName): boolean => (screens[name] as Screen).tlsPort !== undefined;

/** The ports of a screen: for plain text, and with TLS, which is the same if the program has none. */
export function portsOf(name: ScreenName): { readonly plain: number; readonly tls: number } {
  const { port, tlsPort = port }: Screen = screens[name];
  return { plain: port, tls: tlsPort };
}

/** Whether a screen is behind the login: somebody may see it there. */
export const isShown = ({ login }: LoginSettings, name: ScreenName): boolean => login?.roles[name] !== undefined;

/** Whether the login is the only way to the screens from outside of the stack. */
export const onlyByLogin = ({ login }: LoginSettings): boolean => login !== undefined && !login.direct;

/** The published ports that screens have where there is no login. */
const screenPorts: readonly PublishedPort[] = ["jaeger-ui", "prometheus", "perses", "alertmanager"];

/** Whether a port is published on the host, where its service runs. */
export const isPublished = (settings: LoginSettings, port: PublishedPort): boolean =>
  port === "login" ? settings.login !== undefined : !screenPorts.includes(port) || !onlyByLogin(settings);

/** Address of a screen behind the login; undefined where nobody sees it there. */
export const screenUrl = ({ login }: LoginSettings, name: ScreenName): string | undefined =>
  login?.roles[name] === undefined ? undefined : login.url + screens[name].path;

/**
 * Arguments of Prometheus and Alertmanager for a screen behind the login: links lead there, and their own paths stay as they are, for the stack's
 * services.
 */
export function behindLogin(settings: LoginSettings, name: ScreenName): string[] {
  const url = screenUrl(settings, name);
  return url === undefined ? [] : [`--web.external-url=${url}`, "--web.route-prefix=/"];
}
