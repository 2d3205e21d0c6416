/** Objects that a cluster has from its first moment: names, and a class of storage. */
import { corefile } from "./files";
import { corednsImage } from "./images";
import { network } from "./layout";

/** The default class of storage; the agent makes its volumes. */
export const storageClass = { name: "tracing-local", provisioner: "tracing.local/folder" } as const;

const labels = { "k8s-app": "kube-dns" };
const inSystem = (name: string) => ({ name, namespace: "kube-system", labels });

/** For `kubectl apply`. */
export const firstObjects = {
  apiVersion: "v1",
  kind: "List",
  items: [
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: storageClass.name, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: storageClass.provisioner,
      reclaimPolicy: "Delete",
      volumeBindingMode: "Immediate",
    },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: inSystem("coredns") },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "system:coredns" },
      rules: [
        { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: ["list", "watch"] },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "system:coredns" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:coredns" },
      subjects: [{ kind: "ServiceAccount", name: "coredns", namespace: "kube-system" }],
    },
    { apiVersion: "v1", kind: "ConfigMap", metadata: inSystem("coredns"), data: { Corefile: corefile } },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: inSystem("kube-dns"),
      spec: {
        selector: labels,
        clusterIP: network.dns,
        ports: [
          { name: "dns", port: 53, protocol: "UDP" },
          { name: "dns-tcp", port: 53, protocol: "TCP" },
        ],
      },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: inSystem("coredns"),
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: "coredns",
            containers: [
              {
                name: "coredns",
                image: corednsImage,
                imagePullPolicy: "Never",
                args: ["-conf", "/etc/coredns/Corefile"],
                readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 2 },
                // A port below 1024.
                securityContext: { runAsUser: 0, capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] }, readOnlyRootFilesystem: true },
                volumeMounts: [{ name: "config", mountPath: "/etc/coredns" }],
              },
            ],
            volumes: [{ name: "config", configMap: { name: "coredns" } }],
          },
        },
      },
    },
  ],
};
