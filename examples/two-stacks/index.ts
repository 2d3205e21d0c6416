import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { TracingStack } from "tracing";

const kubeconfig = new pulumi.Config().requireSecret("kubeconfig");

const stacks = ["blue", "green"].map((name) => {
  const provider = new k8s.Provider(`${name}-cluster`, { kubeconfig, enableConfigMapMutable: true, enableSecretMutable: true });
  return new TracingStack(
    name,
    { stack: name, platform: "kubernetes", environment: "staging", kubernetes: { namespace: `tracing-${name}` } },
    { provider },
  );
});

export const endpoints = stacks.map(({ outputs }) => outputs.endpoints);
