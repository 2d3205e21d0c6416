/** Composition root: stack config to settings, settings to the stack, its outputs to whoever asks. */
import * as pulumi from "@pulumi/pulumi";
import { parseSettings } from "./configs/settings";
import { TracingStack } from "./components/tracing-stack";

const stack = new TracingStack("tracing", parseSettings(pulumi.getStack(), pulumi.runtime.allConfig()));

export const { endpoints, ingestNetwork, samplingRates, retentionDays } = stack.outputs;
export const { samplingStrategy, samplingLosses, applicationEnvironment } = stack.outputs;
export const elasticsearchPassword = stack.elasticsearchPassword;
