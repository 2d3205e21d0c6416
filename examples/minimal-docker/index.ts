import { TracingStack } from "tracing";

const stack = new TracingStack("tracing", { platform: "docker", environment: "development" });

export const { endpoints } = stack.outputs;
