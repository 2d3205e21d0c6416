/** Elasticsearch's certificate, by cert-manager: it makes it, and renews it before it ends. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../../../configs/stack/schema";
import { podsService } from "../../../configs/topology/kubernetes";

/** What the certificates need besides the settings. */
export interface CertificatesArgs {
  readonly settings: Settings;
  readonly provider: k8s.Provider;
  /** The namespace that they are in. */
  readonly namespace: k8s.core.v1.Namespace;
}

/** Renewed 30 days before its end. Elasticsearch and its clients reread the renewed files. */
const certificateLife = { duration: "2160h0m0s", renewBefore: "720h0m0s" };

/** Ten years, renewed a year before. */
const authorityLife = { duration: "87600h0m0s", renewBefore: "8760h0m0s" };

/** The certificate from the issuer that stack config names, else from an authority of the stack's own. */
export class Certificates extends pulumi.ComponentResource {
  private readonly args: CertificatesArgs;
  private readonly name: string;

  constructor(name: string, args: CertificatesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tracing:platform:Certificates", name, {}, opts);
    this.args = args;
    this.name = name;
    const { issuer, certificateSecret } = args.settings.elasticsearch;
    const { issuerRef, signer } = issuer ? { issuerRef: issuer, signer: args.namespace } : this.authority();
    const { namespace } = args.settings.kubernetes;
    const hosts = [namespace, `${namespace}.svc`, `${namespace}.svc.cluster.local`];
    const named = (service: string) => [service, ...hosts.map((domain) => `${service}.${domain}`)];
    this.make(
      "elasticsearch",
      "Certificate",
      {
        secretName: certificateSecret,
        commonName: "elasticsearch",
        dnsNames: ["localhost", ...named("elasticsearch"), ...named(`*.${podsService("elasticsearch")}`)],
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

  /** An authority that signs itself, and the issuer that signs by it. */
  private authority() {
    const secret = "elasticsearch-authority";
    const self = this.make("self", "Issuer", { selfSigned: {} }, this.args.namespace);
    const authority = this.make(
      "authority",
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
    const signer = this.make("issuer", "Issuer", { ca: { secretName: secret } }, authority);
    return { issuerRef: { name: objectName("issuer"), kind: "Issuer" }, signer };
  }

  private make(part: string, kind: string, spec: object, after: pulumi.Resource): k8s.apiextensions.CustomResource {
    const metadata = { name: objectName(part), namespace: this.args.settings.kubernetes.namespace };
    return new k8s.apiextensions.CustomResource(
      `${this.name}-${part}`,
      { apiVersion: "cert-manager.io/v1", kind, metadata, spec },
      { parent: this, provider: this.args.provider, dependsOn: [after] },
    );
  }
}

/** Elasticsearch reads keys in PKCS #8. */
const privateKey = { algorithm: "RSA", size: 2048, encoding: "PKCS8", rotationPolicy: "Always" };

const objectName = (part: string): string => (part === "elasticsearch" ? part : `elasticsearch-${part}`);
