/** Composition root: stack config to the stack, its outputs to whoever asks. */
import * as pulumi from "@pulumi/pulumi";
import { checkedOptions, SettingsError } from "./configs/stack/parse";
import { TracingStack } from "./components/tracing-stack";

const stack = refusing(() => new TracingStack("tracing", checkedOptions(pulumi.getStack(), pulumi.runtime.allConfig())));

export const { endpoints, ingestNetwork, samplingRates, retentionDays } = stack.outputs;
export const { samplingStrategy, samplingLosses, applicationEnvironment } = stack.outputs;
export const elasticsearchPassword = stack.elasticsearchPassword;

/** Invalid config becomes a RunError: of such an error the CLI prints the message alone, without a stack trace. */
function refusing<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof SettingsError ? new pulumi.RunError(error.message) : error;
  }
}
