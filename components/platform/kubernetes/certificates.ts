/** The certificates of a stack's services. cert-manager issues them, and renews them before they expire. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { authoritySecret, podsService } from "../../../configs/topology/kubernetes";
import type { ServiceName } from "../../../configs/topology/topology";
import type { CertificateRequest, Issuer } from "../workload";

/** Renewed 30 days before its end. Its program and the clients reread the renewed files. */
const certificateLife = { duration: "2160h0m0s", renewBefore: "720h0m0s" };

/** Ten years, renewed a year before. */
const authorityLife = { duration: "87600h0m0s", renewBefore: "8760h0m0s" };

/** Elasticsearch reads keys in PKCS #8. */
const privateKey = { algorithm: "RSA", size: 2048, encoding: "PKCS8", rotationPolicy: "Always" };

/** The key stays when the authority is renewed: who trusts the certificate before also trusts what the renewed one signs. */
const authorityKey = { ...privateKey, rotationPolicy: "Never" };

/**
 * The authority's objects are called after Elasticsearch, whose authority it was before other services had certificates. Under another name it
 * would be another authority, which the nodes that run do not trust.
 */
const authorityOwner = "elasticsearch" satisfies ServiceName;

/** Requests certificates from the issuers that they name, or from one CA created for the stack. */
export class Certificates extends pulumi.ComponentResource {
  private readonly options: pulumi.CustomResourceOptions;
  /** The issuer that uses the stack's CA, once a certificate wants it. */
  private signer?: pulumi.Resource;

  constructor(
    private readonly name: string,
    private readonly namespace: string,
    options: pulumi.CustomResourceOptions,
  ) {
    super("tracing:platform:Certificates", name, {}, { parent: options.parent });
    this.options = { ...options, parent: this };
    this.registerOutputs({});
  }

  /**
   * Requests a certificate.
   *
   * @param service The certificate covers the names of this service and of its pods.
   * @param secret Name of the Secret that cert-manager writes.
   */
  request(service: ServiceName, secret: string, { name, issuer, uses, names = [] }: CertificateRequest): pulumi.Resource {
    const hosts = [this.namespace, `${this.namespace}.svc`, `${this.namespace}.svc.cluster.local`];
    const named = (host: string) => [host, ...hosts.map((domain) => `${host}.${domain}`)];
    const signer = issuer === "own" ? (this.signer ??= this.authority()) : undefined;
    const issuerRef: Issuer = issuer === "own" ? { name: objectName("issuer"), kind: "Issuer" } : { ...issuer };
    return this.make(
      name,
      name,
      "Certificate",
      {
        secretName: secret,
        commonName: service,
        dnsNames: ["localhost", ...named(service), ...named(`*.${podsService(service)}`), ...names],
        usages: ["digital signature", "key encipherment", ...uses.map((use) => `${use} auth`)],
        privateKey,
        ...certificateLife,
        issuerRef,
      },
      signer,
    );
  }

  /** A self-signed CA, and the issuer that uses it. */
  private authority(): pulumi.Resource {
    const secretName = authoritySecret;
    const self = this.make("self", objectName("self"), "Issuer", { selfSigned: {} });
    const authority = this.make(
      "authority",
      objectName("authority"),
      "Certificate",
      {
        isCA: true,
        commonName: "tracing",
        secretName,
        privateKey: authorityKey,
        ...authorityLife,
        issuerRef: { name: objectName("self"), kind: "Issuer" },
      },
      self,
    );
    return this.make("issuer", objectName("issuer"), "Issuer", { ca: { secretName } }, authority);
  }

  private make(part: string, name: string, kind: string, spec: object, after?: pulumi.Resource): k8s.apiextensions.CustomResource {
    const metadata = { name, namespace: this.namespace };
    return new k8s.apiextensions.CustomResource(
      `${this.name}-${part}`,
      { apiVersion: "cert-manager.io/v1", kind, metadata, spec },
      { ...this.options, dependsOn: after ? [after] : undefined },
    );
  }
}

/** The name of an object of the authority. */
const objectName = (part: string): string => `${authorityOwner}-${part}`;
