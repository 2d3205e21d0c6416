/** Composition root: stack config to the stack, its outputs to whoever asks. */
import * as pulumi from "@pulumi/pulumi";
import { checkedOptions } from "./configs/stack/parse";
import { TracingStack } from "./components/tracing-stack";

const stack = new TracingStack("tracing", checkedOptions(pulumi.getStack(), pulumi.runtime.allConfig()));

export const { endpoints, ingestNetwork, samplingRates, retentionDays } = stack.outputs;
export const { samplingStrategy, samplingLosses, sizing, applicationEnvironment } = stack.outputs;
export const elasticsearchPassword = stack.elasticsearchPassword;
