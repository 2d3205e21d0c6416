/** Composition root: stack config to settings, settings to the stack, its outputs to whoever asks. */
import * as pulumi from "@pulumi/pulumi";
import { parseSettings, SettingsError } from "./configs/stack/parse";
import type { Settings } from "./configs/stack/schema";
import { TracingStack } from "./components/tracing-stack";

const stack = new TracingStack("tracing", stackSettings());

export const { endpoints, ingestNetwork, samplingRates, retentionDays } = stack.outputs;
export const { samplingStrategy, samplingLosses, applicationEnvironment } = stack.outputs;
export const elasticsearchPassword = stack.elasticsearchPassword;

/** The stack's settings. Throws a RunError for invalid config: of such an error the CLI prints the message alone, without a stack trace. */
function stackSettings(): Settings {
  try {
    return parseSettings(pulumi.getStack(), pulumi.runtime.allConfig());
  } catch (error) {
    throw error instanceof SettingsError ? new pulumi.RunError(error.message) : error;
  }
}
