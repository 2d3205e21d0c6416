/** What workloads need for TLS between the services of the stack. */
import { compact } from "../configs/compact";
import type { CommonSettings } from "../configs/stack/schema";
import { authorityFolder, files, paths } from "../configs/topology/ports";
import { tierCertificateSecret } from "../configs/topology/kubernetes";
import { listensBy, sendsByTls, type TierPorts } from "../configs/topology/tls";
import type { ServiceName } from "../configs/topology/topology";
import type { CertificateFolder, CertificateRequest, WorkloadPort } from "./platform/workload";

/** The ports at which a service takes the spans of the tier before it: plain, TLS, or both. */
export const spanPorts = (settings: CommonSettings, { otlpGrpc, otlpGrpcTls }: TierPorts): WorkloadPort[] =>
  compact([
    listensBy(settings, "plain") && { name: "otlp-grpc", port: otlpGrpc, exposure: "cluster" },
    listensBy(settings, "tls") && { name: "otlp-grpc-tls", port: otlpGrpcTls, exposure: "cluster" },
  ]);

/** Names of the ports at which other services reach Jaeger's UI and API: plain, TLS, or both. */
export const uiPorts = (settings: CommonSettings): string[] =>
  compact([listensBy(settings, "plain") && "query", listensBy(settings, "tls") && "query-tls"]);

/** The authority of a server of the stack, for a client that shows no certificate of its own; none if clients do not use TLS. */
export const serverAuthority = (settings: CommonSettings, server: ServiceName): CertificateFolder[] =>
  sendsByTls(settings) ? [{ path: authorityFolder(server), secret: tierCertificateSecret(server), keys: [files.authority] }] : [];

/** The certificate of a service; none where there is no TLS between the services. */
export function tierCertificate(settings: CommonSettings, service: ServiceName, uses: CertificateRequest["uses"]): CertificateFolder[] {
  if (!listensBy(settings, "tls")) return [];
  const { certificates, issuer = "own" } = settings.kubernetes.tls;
  const secret = tierCertificateSecret(service);
  const keys = [files.certificate, files.certificateKey, files.authority];
  const request: CertificateRequest | undefined = certificates === "cert-manager" ? { name: secret, issuer, uses } : undefined;
  return [{ path: paths.certificates, secret, keys, request }];
}
