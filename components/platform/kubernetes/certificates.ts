/** The certificate of a service. cert-manager issues it, and renews it before it expires. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { podsService } from "../../../configs/topology/kubernetes";
import type { ServiceName } from "../../../configs/topology/topology";
import type { Issuer } from "../workload";

/** The certificate to request. */
export interface CertificatesArgs {
  /** The certificate covers the names of this service and of its pods. */
  readonly service: ServiceName;
  /** Name of the Secret that cert-manager writes. */
  readonly secret: string;
  readonly issuer: Issuer | "own";
  readonly namespace: string;
}

/** Renewed 30 days before its end. Elasticsearch and its clients reread the renewed files. */
const certificateLife = { duration: "2160h0m0s", renewBefore: "720h0m0s" };

/** Ten years, renewed a year before. */
const authorityLife = { duration: "87600h0m0s", renewBefore: "8760h0m0s" };

/** Requests the certificate from the given issuer, or from a CA created for the stack. */
export class Certificates extends pulumi.ComponentResource {
  private readonly args: CertificatesArgs;
  private readonly name: string;
  private readonly options: pulumi.CustomResourceOptions;

  constructor(name: string, args: CertificatesArgs, options: pulumi.CustomResourceOptions) {
    super("tracing:platform:Certificates", name, {}, { parent: options.parent });
    this.args = args;
    this.name = name;
    this.options = { ...options, parent: this };
    const { service, secret, namespace } = args;
    const { issuerRef, signer } = args.issuer === "own" ? this.authority() : { issuerRef: { ...args.issuer }, signer: undefined };
    const hosts = [namespace, `${namespace}.svc`, `${namespace}.svc.cluster.local`];
    const named = (host: string) => [host, ...hosts.map((domain) => `${host}.${domain}`)];
    this.make(
      service,
      service,
      "Certificate",
      {
        secretName: secret,
        commonName: service,
        dnsNames: ["localhost", ...named(service), ...named(`*.${podsService(service)}`)],
        // A node is a server to clients and to other nodes, and a client of these.
        usages: ["digital signature", "key encipherment", "server auth", "client auth"],
        privateKey,
        ...certificateLife,
        issuerRef,
      },
      signer,
    );
    this.registerOutputs({});
  }

  /** A self-signed CA, and the issuer that uses it. */
  private authority() {
    const objectName = (part: string) => `${this.args.service}-${part}`;
    const secret = objectName("authority");
    const self = this.make("self", objectName("self"), "Issuer", { selfSigned: {} });
    const authority = this.make(
      "authority",
      objectName("authority"),
      "Certificate",
      {
        isCA: true,
        commonName: "tracing",
        secretName: secret,
        privateKey,
        ...authorityLife,
        issuerRef: { name: objectName("self"), kind: "Issuer" },
      },
      self,
    );
    const signer = this.make("issuer", objectName("issuer"), "Issuer", { ca: { secretName: secret } }, authority);
    return { issuerRef: { name: objectName("issuer"), kind: "Issuer" as const }, signer };
  }

  private make(part: string, objectName: string, kind: string, spec: object, after?: pulumi.Resource): k8s.apiextensions.CustomResource {
    const metadata = { name: objectName, namespace: this.args.namespace };
    return new k8s.apiextensions.CustomResource(
      `${this.name}-${part}`,
      { apiVersion: "cert-manager.io/v1", kind, metadata, spec },
      { ...this.options, dependsOn: after ? [after] : undefined },
    );
  }
}

/** Elasticsearch reads keys in PKCS #8. */
const privateKey = { algorithm: "RSA", size: 2048, encoding: "PKCS8", rotationPolicy: "Always" };
