/** What workloads need for TLS between the tiers that spans pass. */
import { compact } from "../configs/compact";
import type { CommonSettings } from "../configs/stack/schema";
import { files, paths } from "../configs/topology/ports";
import { tierCertificateSecret } from "../configs/topology/kubernetes";
import { listensBy, type TierPorts } from "../configs/topology/tls";
import type { ServiceName } from "../configs/topology/topology";
import type { CertificateFolder, CertificateRequest, WorkloadPort } from "./platform/workload";

/** The ports at which a service takes the spans of the tier before it: plain, TLS, or both. */
export const spanPorts = (settings: CommonSettings, { otlpGrpc, otlpGrpcTls }: TierPorts): WorkloadPort[] =>
  compact([
    listensBy(settings, "plain") && { name: "otlp-grpc", port: otlpGrpc, exposure: "cluster" },
    listensBy(settings, "tls") && { name: "otlp-grpc-tls", port: otlpGrpcTls, exposure: "cluster" },
  ]);

/** The certificate of a service of the tiers; none where there is no TLS between them. */
export function tierCertificate(settings: CommonSettings, service: ServiceName, uses: CertificateRequest["uses"]): CertificateFolder[] {
  if (!listensBy(settings, "tls")) return [];
  const { certificates, issuer = "own" } = settings.kubernetes.tls;
  const secret = tierCertificateSecret(service);
  const keys = [files.certificate, files.certificateKey, files.authority];
  const request: CertificateRequest | undefined = certificates === "cert-manager" ? { name: secret, issuer, uses } : undefined;
  return [{ path: paths.certificates, secret, keys, request }];
}
