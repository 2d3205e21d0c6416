/** Peers, certificates and secrets of a workload that queries the stack's metrics. */
import { compact } from "../../configs/compact";
import type { CommonSettings } from "../../configs/stack/schema";
import { portOf } from "../../configs/topology/kubernetes";
import { files, paths } from "../../configs/topology/ports";
import { serverAuthority } from "../tier-tls";
import { apiOf } from "./tls-proxy";
import type { CertificateFolder, Connection, Workload } from "../platform/workload";

/** How a workload reaches Prometheus. */
interface Client {
  readonly connects: readonly Connection[];
  readonly outside: NonNullable<Workload["outside"]>;
  readonly certificates: readonly CertificateFolder[];
}

/** The namespace of a Service's name in the cluster, such as `monitoring` of `prometheus.monitoring.svc`. */
const namespaceOf = (url: string): string | undefined => /^[a-z0-9-]+\.([a-z0-9-]+)\.svc(\.|$)/.exec(new URL(url).hostname)?.[1];

/** A connection within the stack, or to the cluster's Prometheus with what that asks for; nothing unless the workload asks any. */
export function prometheusClient(settings: CommonSettings, asks: boolean): Client {
  const { mode, operator } = settings.prometheus;
  const none = { connects: [], outside: [], certificates: [] };
  if (!asks) return none;
  if (mode === "own") return { ...none, connects: [apiOf(settings, "prometheus")], certificates: serverAuthority(settings, "prometheus") };
  const { address, tokenSecret, authoritySecret } = operator;
  if (address === undefined) return none;
  const namespace = namespaceOf(address);
  return {
    connects: [],
    outside: [{ port: portOf(address), namespace }],
    certificates: compact([
      tokenSecret !== undefined && { path: paths.prometheusToken, secret: tokenSecret, keys: [files.token] },
      authoritySecret !== undefined && { path: paths.prometheusAuthority, secret: authoritySecret, keys: [files.authority] },
    ]),
  };
}
