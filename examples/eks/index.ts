import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { TracingStack } from "tracing";

// As another program's output, or an `eks.Cluster` of this one, would give it: known only once the cluster is there.
const kubeconfig = new pulumi.Config().requireSecret("kubeconfig");

const cluster = new k8s.Provider("cluster", {
  kubeconfig,
  // A changed file of a fixed name is changed in place: never a moment without it.
  enableConfigMapMutable: true,
  enableSecretMutable: true,
});

const stack = new TracingStack(
  "tracing",
  {
    platform: "kubernetes",
    environment: "production",
    sampling: { default: 10, operations: [{ operation: "POST /api/payments/**", percent: 100 }] },
    elasticsearch: { memory: "4Gi", cpu: 2, storage: "100Gi" },
    kubernetes: { storageClass: "gp3" },
  },
  { provider: cluster },
);

export const { endpoints } = stack.outputs;
