/**
 * Several nodes of Elasticsearch refuse to start where a process may not have 65,535 files open, and a machine for tests may allow fewer. There
 * the answer to that one question is made up (open-files.c), for Elasticsearch alone, by an overlay on the manifests as users make them.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { stringify } from "yaml";
import { projectFolder } from "../../../render/record";
import { execOrThrow } from "../../../cli/machine/run";

/** What Elasticsearch's bootstrap check asks for. */
export const wantedFiles = 65_535;

const library = "open-files.so";
const mounted = "/usr/lib/tracing-test";

/** Where the overlay on a folder of manifests is. */
export const overlayOf = (manifests: string): string => `${manifests}-open-files`;

/**
 * An overlay on a folder of manifests, beside it, in which Elasticsearch is told that it may have enough files open.
 *
 * @returns The overlay's folder, for `kubectl apply -k`.
 */
export async function overlayWithOpenFiles(manifests: string, namespace: string): Promise<string> {
  const folder = overlayOf(manifests);
  mkdirSync(folder, { recursive: true });
  const source = join(projectFolder, "tests", "cluster", "support", "open-files.c");
  await execOrThrow("cc", ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", join(folder, library), source, "-ldl"]);
  const patch = {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "elasticsearch", namespace },
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: "elasticsearch",
              env: [{ name: "LD_PRELOAD", value: `${mounted}/${library}` }],
              volumeMounts: [{ name: "open-files", mountPath: mounted, readOnly: true }],
            },
          ],
          volumes: [{ name: "open-files", configMap: { name: "open-files" } }],
        },
      },
    },
  };
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: [relative(folder, manifests)],
    configMapGenerator: [{ name: "open-files", namespace, files: [library] }],
    patches: [{ path: "patch.yaml" }],
  };
  writeFileSync(join(folder, "patch.yaml"), stringify(patch));
  writeFileSync(join(folder, "kustomization.yaml"), stringify(kustomization));
  return folder;
}
