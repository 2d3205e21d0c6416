import { TracingStack } from "tracing";

const stack = new TracingStack("tracing", {
  platform: "kubernetes",
  environment: "staging",
  prometheus: { mode: "operator", operator: { namespace: "monitoring", labels: { release: "kube-prometheus-stack" } } },
});

export const { endpoints } = stack.outputs;
