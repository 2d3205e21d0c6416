/** TLS for a program with one port, which speaks plain text: a proxy beside it in its pod. docs/decisions/0041-tls-between-tiers.md says why. */
import { compact } from "../../configs/compact";
import { haproxyScript } from "../../configs/haproxy/script";
import type { CommonSettings } from "../../configs/stack/schema";
import { healthPath, tlsProxyConfig, tlsProxyMemory } from "../../configs/tls-proxy/haproxy";
import { files, paths, ports } from "../../configs/topology/ports";
import { listensBy, openPorts } from "../../configs/topology/tls";
import { tierCertificate } from "../tier-tls";
import { defineWorkload, httpProbe, httpsProbe, type Connection, type Probe, type Workload } from "../platform/workload";

/** The programs that have such a proxy. */
type Proxied = "prometheus" | "alertmanager";

/** The proxy in front of a program; undefined if the program's API takes plain text only. */
export function tlsProxy(settings: CommonSettings, service: Proxied): Workload | undefined {
  if (!listensBy(settings, "tls")) return undefined;
  const { http, httpTls } = ports[service];
  const at = (file: string) => `${paths.certificates}/${file}`;
  const config = `${paths.config}/${files.tlsProxyConfig}`;
  const script = `${paths.config}/${files.tlsProxy}`;
  const certificates = [files.certificate, files.certificateKey].map(at);
  const place = { listen: `0.0.0.0:${httpTls}`, certificate: at(files.certificate), service, upstream: `127.0.0.1:${http}` };
  return defineWorkload({
    name: "tls-proxy",
    image: "haproxy",
    command: ["/bin/sh", script],
    files: [
      { path: script, content: haproxyScript({ config, watched: certificates, what: "certificates" }), onChange: "restart" },
      { path: config, content: tlsProxyConfig(place), onChange: "restart" },
    ],
    certificates: tierCertificate(settings, service, ["server"]),
    ports: [{ name: "http-tls", port: httpTls, exposure: "cluster" }],
    // Its own health: it goes on while the program starts, and is not restarted for it.
    probe: httpsProbe(httpTls, healthPath, 30),
    resources: { memory: tlsProxyMemory, cpu: 250 },
    stopGrace: 15,
  });
}

/** Names of the ports at which other services reach the program's API: plain, TLS, or both. */
export const apiPorts = (settings: CommonSettings): string[] =>
  compact([listensBy(settings, "plain") && "http", listensBy(settings, "tls") && "http-tls"]);

/** A connection to the program's API: at both ports if both are open, so that a client works while the other side is rolled. */
export const apiOf = (settings: CommonSettings, service: Proxied): Connection => ({
  to: service,
  ports: openPorts(settings, ports[service].http, ports[service].httpTls),
});

/** The probe of the program: through the proxy if it listens on loopback only, where the kubelet does not come. */
export function apiProbe(settings: CommonSettings, service: Proxied, startPeriod: number): Probe {
  const { http, httpTls } = ports[service];
  const [ready, alive] = ["/-/ready", "/-/healthy"];
  return listensBy(settings, "plain") ? httpProbe(http, ready, startPeriod, alive) : httpsProbe(httpTls, ready, startPeriod, alive);
}
