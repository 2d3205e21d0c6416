/** Rules on single resources: pure functions from a resource's inputs to what is wrong with it. */
import { compact } from "../configs/compact";
import { dockerCapabilities } from "./bounds";
import { at, given, listAt, unknown, type Declared } from "./declared";
import { hasDigest, imagesOf, isDockerContainer } from "./images";
import { kubernetesKind, podContainers, podTemplate } from "./pods";
import type { ResourceRule } from "./rule";

/** Keeps the sentences whose condition holds. */
const when = (...findings: readonly (readonly [wrong: boolean, sentence: string])[]): string[] =>
  findings.filter(([wrong]) => wrong).map(([, sentence]) => sentence);

const is = (value: unknown, wanted: unknown): boolean => value === wanted || value === unknown;

const noPrivileges: ResourceRule = {
  name: "no-privileges",
  description: "A container has no privileges, no more capabilities than it needs, and nothing of its host.",
  check: (resource) => [...podPrivileges(resource), ...dockerPrivileges(resource)],
};

function podPrivileges(resource: Declared): string[] {
  const pod = at(podTemplate(resource), "spec");
  if (pod === undefined) return [];
  const host = ["hostNetwork", "hostPID", "hostIPC"].filter((field) => given(at(pod, field)) && at(pod, field) !== false);
  const hostVolumes = listAt(pod, "volumes").filter((volume) => given(at(volume, "hostPath")));
  return [
    ...host.map((field) => `the pod asks for ${field}`),
    ...hostVolumes.map((volume) => `volume ${String(at(volume, "name"))} is a folder of the host`),
    ...podContainers(resource).flatMap(({ title, spec }) => {
      const own = (...path: string[]) => at(spec, "securityContext", ...path);
      // What a container leaves out, its pod says.
      const either = (...path: string[]) => own(...path) ?? at(pod, "securityContext", ...path);
      const drops = own("capabilities", "drop");
      return when(
        [given(own("privileged")) && own("privileged") !== false, `${title} is privileged`],
        [!is(own("allowPrivilegeEscalation"), false), `${title} may gain privileges: allowPrivilegeEscalation is not false`],
        [!is(either("runAsNonRoot"), true), `${title} may run as root: runAsNonRoot is not true`],
        [drops !== unknown && !listAt(drops).includes("ALL"), `${title} does not drop ALL capabilities`],
        [listAt(own("capabilities", "add")).length > 0, `${title} adds capabilities`],
        [!["RuntimeDefault", "Localhost", unknown].includes(either("seccompProfile", "type") as string), `${title} has no seccomp profile`],
      );
    }),
  ];
}

function dockerPrivileges(resource: Declared): string[] {
  // A container that is never started only carries files into a volume.
  if (!isDockerContainer(resource) || resource.props.start === false) return [];
  const { props } = resource;
  const adds = listAt(props, "capabilities", "adds").filter((name) => name !== unknown && !dockerCapabilities.has(String(name)));
  const volumes = listAt(props, "volumes");
  const mounted = [
    ...volumes.map((volume) => at(volume, "hostPath")),
    // The engine takes a volume's name that is a path for a folder of the host.
    ...volumes.map((volume) => at(volume, "volumeName")).filter((name) => typeof name === "string" && name.startsWith("/")),
    // A mount of any other type is a place of the host.
    ...listAt(props, "mounts")
      .filter((mount) => !["volume", "tmpfs", unknown].includes(at(mount, "type") as string))
      .map((mount) => at(mount, "source") ?? "a path"),
    ...listAt(props, "devices").map((device) => at(device, "hostPath")),
  ].filter(given);
  return when(
    [given(props.privileged) && props.privileged !== false, "the container is privileged"],
    [!listAt(props, "capabilities", "drops").includes("ALL"), "the container does not drop ALL capabilities"],
    [adds.length > 0, `the container adds ${adds.map(String).join(", ")}`],
    [!listAt(props, "securityOpts").includes("no-new-privileges:true"), "the container may gain privileges: no-new-privileges is missing"],
    [props.networkMode === "host" || props.pidMode === "host" || props.ipcMode === "host", "the container shares a namespace of its host"],
    [mounted.length > 0, `the container mounts ${mounted.map(String).join(", ")} of its host`],
  );
}

const limitsSet: ResourceRule = {
  name: "limits-set",
  description: "A container has a memory limit; on Kubernetes it also requests memory and CPU.",
  check: (resource) =>
    compact([
      ...podContainers(resource).flatMap(({ title, spec }) =>
        [
          ["limits", "memory"],
          ["requests", "memory"],
          ["requests", "cpu"],
        ]
          .filter((path) => !given(at(spec, "resources", ...path)))
          .map((path) => `${title} has no resources.${path.join(".")}`),
      ),
      isDockerContainer(resource) && !given(resource.props.memory) && "the container has no memory limit",
    ]),
};

const noLatest: ResourceRule = {
  name: "no-latest",
  description: "An image is named by a version or a digest, never latest and never without either.",
  check: (resource) =>
    imagesOf(resource)
      .filter(({ image }) => image !== unknown && !isPinned(image))
      .map(({ title, image }) => `${title} is ${String(image)}, which has no fixed version`),
};

/** An image with a digest or a tag that stays. The last colon may belong to the registry's port. */
function isPinned(image: unknown): boolean {
  if (typeof image !== "string") return false;
  const tag = /:([^:/@]+)$/.exec(image)?.[1];
  return hasDigest(image) || (tag !== undefined && tag !== "latest");
}

/** Annotations by which clouds keep a load balancer inside. */
const internalBalancers: Readonly<Record<string, string>> = {
  "networking.gke.io/load-balancer-type": "Internal",
  "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
  "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
};

const noPublicBalancer: ResourceRule = {
  name: "no-public-load-balancer",
  description: "No Service opens the stack to the internet: no node ports, and load balancers only where an annotation keeps them inside.",
  check: (resource) => {
    if (kubernetesKind(resource) !== "core/v1:Service") return [];
    const type = at(resource.props, "spec", "type");
    const annotations = at(resource.props, "metadata", "annotations");
    const inside = Object.entries(internalBalancers).some(([key, value]) => is(at(annotations, key), value));
    return when(
      [type === "NodePort", "the Service opens a port on every node"],
      [type === "LoadBalancer" && !inside, "the Service is a load balancer that no annotation keeps inside"],
      [listAt(resource.props, "spec", "externalIPs").length > 0, "the Service takes external addresses"],
    );
  },
};

/** All rules of this file. */
export const resourceRules: readonly ResourceRule[] = [noPrivileges, limitsSet, noLatest, noPublicBalancer];
