/** Where the login is, on both platforms. */
import { authorityFolder, files, ports } from "../topology/ports";
import type { Addresses } from "../topology/topology";
import type { GatePlace } from "./haproxy";
import type { SessionPlace } from "./oauth2-proxy";
import { hasTls, portsOf, screenNames, screens, type ScreenName } from "./screens";

const { sessions, roles, ...own } = ports.login;

/**
 * Where the proxy listens, and where the programs are that it leads to.
 *
 * @param tls Whether those that have TLS are asked by it.
 */
export const gatePlace = ({ listen, loginUpstream }: Addresses, tls = false): GatePlace => ({
  listen: listen.anywhere,
  listenRoles: loginUpstream.listenRoles,
  ports: { ...own, roles },
  sessions: `${loginUpstream.sessions}:${sessions}`,
  upstream: Object.fromEntries(
    screenNames.map((name) => [name, `${screens[name].service}:${portsOf(name)[tls ? "tls" : "plain"]}`]),
  ) as Record<ScreenName, string>,
  authorities: Object.fromEntries(
    screenNames.filter((name) => tls && hasTls(name)).map((name) => [name, `${authorityFolder(screens[name].service)}/${files.authority}`]),
  ),
  resolver: loginUpstream.resolver,
});

/** Where oauth2-proxy listens, and where the requests of people who are signed in go. */
export const sessionPlace = ({ listen, loginUpstream }: Addresses): SessionPlace => ({
  // The kubelet asks it from outside of the pod. Whoever else does needs a session, too.
  listen: `${listen.anywhere}:${sessions}`,
  upstream: `http://${loginUpstream.roles}:${roles}/`,
});
