/** Kubernetes' own descriptions of its objects, from published Go modules: nothing is asked of the internet but Go's module proxy. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { publishedModule } from "../../cli/machine/go-tools";

/** The oldest and the newest Kubernetes that the manifests are checked against. */
export const kubernetesVersions = {
  "1.31.13": "h1:c/YugS3TqG6YQMNRclrcWVabgIuqyap++lM5AuCtD5M=",
  "1.35.0": "h1:PUOojD8c8E3csMP5NX+nLLne6SGqZjrYCscptyBfWMY=",
} as const;

export type KubernetesVersion = keyof typeof kubernetesVersions;

/** A schema of JSON, as far as it is read here. */
export type Schema = Readonly<Record<string, unknown>>;

/** Kubernetes' OpenAPI document. */
export async function openApi(version: KubernetesVersion): Promise<{ readonly definitions: Readonly<Record<string, Schema>> }> {
  const folder = await publishedModule({ path: "k8s.io/kubernetes", version: `v${version}`, sum: kubernetesVersions[version] });
  return JSON.parse(readFileSync(join(folder, "api", "openapi-spec", "swagger.json"), "utf8")) as { definitions: Record<string, Schema> };
}

/** A definition of a kind that Kubernetes itself does not have, such as cert-manager's Certificate. */
export interface CustomResource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

const certManager = {
  path: "github.com/cert-manager/cert-manager",
  version: "v1.18.2",
  sum: "h1:H2P75ycGcTMauV3gvpkDqLdS3RSXonWF2S49QGA1PZE=",
};
const prometheusOperator = {
  path: "github.com/prometheus-operator/prometheus-operator",
  version: "v0.85.0",
  sum: "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
};

/** The kinds of cert-manager and of the Prometheus operator that stacks may use. */
export async function customResources(): Promise<CustomResource[]> {
  const [certificates, operator] = await Promise.all([publishedModule(certManager), publishedModule(prometheusOperator)]);
  const files = [
    ...["certificates", "issuers"].map((name) => join(certificates, "deploy", "crds", `crd-${name}.yaml`)),
    ...["servicemonitors", "prometheusrules"].map((name) =>
      join(operator, "example", "prometheus-operator-crd", `monitoring.coreos.com_${name}.yaml`),
    ),
  ];
  return files.map((file) => {
    const { apiVersion, kind, metadata, spec } = parse(readFileSync(file, "utf8")) as CustomResource;
    // cert-manager's labels are templates of its chart.
    return { apiVersion, kind, metadata: { name: metadata.name }, spec };
  });
}
