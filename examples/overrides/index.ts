import { TracingStack } from "tracing";

const stack = new TracingStack(
  "tracing",
  {
    platform: "kubernetes",
    environment: "staging",
    overrides: {
      elasticsearch: {
        nodeSelector: { "node.kubernetes.io/instance-type": "r7i.large" },
        annotations: { "example.com/owner": "platform" },
      },
      "otel-collector": {
        // Behind what the stack has in that pipeline: `...` stands for it.
        config: {
          processors: { "redaction/email": { allow_all_keys: true, blocked_values: ["[a-z0-9.]+@example[.]com"] } },
          service: { pipelines: { "traces/received": { processors: ["...", "redaction/email"] } } },
        },
      },
    },
  },
  {
    // Pulumi's own way in, for whatever there is no setting for.
    transforms: [
      ({ type, props, opts }) => {
        if (type !== "kubernetes:apps/v1:StatefulSet") return undefined;
        const metadata = props.metadata as { annotations?: Record<string, string> };
        const annotations = { ...metadata.annotations, "backup.example.com/schedule": "daily" };
        return { props: { ...props, metadata: { ...metadata, annotations } }, opts };
      },
    ],
  },
);

export const { endpoints } = stack.outputs;
