/** Composition root: stack config to the stack, its outputs to whoever asks. */
import * as pulumi from "@pulumi/pulumi";
import { alertSecretsFrom, checkedOptions, ingestTokensFrom, loginSecretFrom } from "./configs/stack/parse";
import { TracingStack } from "./components/tracing-stack";

const config = pulumi.runtime.allConfig();
const stack = new TracingStack("tracing", {
  ...checkedOptions(pulumi.getStack(), config),
  alertSecrets: alertSecretsFrom(pulumi.getStack(), config),
  ingestTokens: ingestTokensFrom(pulumi.getStack(), config),
  loginClientSecret: loginSecretFrom(config),
});

export const { endpoints, ingestNetwork, samplingRates, retentionDays, version } = stack.outputs;
export const { samplingStrategy, samplingLosses, sizing, alertDelivery, ingest, applicationEnvironment } = stack.outputs;
export const elasticsearchPassword = stack.elasticsearchPassword;
