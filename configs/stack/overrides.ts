/** The group of settings that reaches past all others: what a service's pods and program need that the stack has no setting for. */
import * as z from "zod";
import { serviceNames, type ServiceName } from "../topology/topology";
import { isGroup, kubernetesName, leaf, text, texts } from "./units";

/** A part of a pod's spec or of a program's config, as its own reference describes it. */
const group = (allowed: string) => leaf(allowed, (input) => (isGroup(input) ? input : undefined), { editor: { type: "object" } });

/** A label's or annotation's key: a name, behind a prefix if any. */
const key = /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

const labels = () => texts("texts by label, such as { team: observability }", key);

const override = z
  .strictObject({
    nodeSelector: labels().optional().describe("Labels that a node must have to run its pods."),
    tolerations: z
      .array(group("a toleration, such as { key: dedicated, operator: Equal, value: tracing, effect: NoSchedule }"))
      .optional()
      .describe("Node taints that its pods tolerate."),
    affinity: group("an affinity as Kubernetes has it, such as { nodeAffinity: … }")
      .optional()
      .describe("Affinity of its pods, merged with that of `kubernetes.nodes`."),
    priorityClass: kubernetesName("PriorityClass").optional().describe("Priority class of its pods."),
    annotations: texts("texts by annotation, such as { example.com/owner: platform }", key).optional().describe("Annotations of its pods."),
    labels: labels()
      .optional()
      .describe("Labels of its pods, or of its container on Docker. Labels that the stack sets cannot be changed."),
    env: texts("texts by variable, such as { HTTPS_PROXY: http://proxy:3128 }", /^[A-Za-z_][A-Za-z0-9_.]*$/)
      .optional()
      .describe(
        "Environment variables of its program. Variables that the stack sets cannot be changed. Never use it for secrets: many tools show environments.",
      ),
    volumes: z
      .array(
        z.strictObject({
          name: text("a name: lower-case letters, digits and dashes", /^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$/).describe(
            "Name of the volume.",
          ),
          path: text("an absolute path", /^\/[^\s:]+$/).describe("Folder at which it is mounted, read-only."),
          configMap: kubernetesName("ConfigMap").optional().describe("ConfigMap with the files."),
          secret: kubernetesName("Secret").optional().describe("Secret with the files, instead of a ConfigMap."),
        }),
      )
      .optional()
      .describe("Folders with files from ConfigMaps and Secrets in the stack's namespace."),
    config: group("settings of the program, as its own reference has them")
      .optional()
      .describe(
        "Merged into the program's config file: maps are merged, lists and values replaced, null removes a key. In a list, `...` stands for the stack's " +
          "own items. Values that the stack's guarantees rest on cannot be changed.",
      ),
  })
  .prefault({});

/** What a service's pods and program are given besides. */
export type Override = z.output<typeof override>;

/** What `tracing:overrides` may hold. */
export const overridesSchema = z
  .strictObject(Object.fromEntries(serviceNames.map((name) => [name, override])) as Record<ServiceName, typeof override>)
  .prefault({})
  .describe(`What a single service needs beyond the other settings, by its name: ${serviceNames.join(", ")}.`);
