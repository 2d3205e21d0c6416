/** The reference of environment variables, from the code that reads and sets them: docs/environment.md. */
import { workloadsOf } from "../../components/workloads";
import { applicationEnvironment } from "../../configs/sampling";
import { parseSettings } from "../../configs/stack/parse";
import { dockerTopology } from "../../configs/topology/docker";
import { commandVariables, machineVariables, type Variable } from "../terminal/variables";
import { stackConfig } from "../../render/record";
import { table } from "./table";

/** What an application's variables mean; each that the stack hands out stands here. */
const applicationMeaning: Readonly<Record<string, string>> = {
  OTEL_EXPORTER_OTLP_ENDPOINT: "Where the application sends its spans and metrics: the Collector.",
  OTEL_EXPORTER_OTLP_PROTOCOL: "OTLP over HTTP, which survives a fork; gRPC channels do not.",
  OTEL_RESOURCE_ATTRIBUTES: "Attributes of every span of the application: where it comes from.",
  OTEL_SERVICE_NAME: "The service's name in Jaeger, different for each service.",
  OTEL_TRACES_SAMPLER:
    "Who decides: `always_on` sends every span, and the Collector decides; `parentbased_jaeger_remote` decides by the rates that Jaeger serves.",
  OTEL_TRACES_SAMPLER_ARG: "Where those rates are served, how often they are polled, and the rate until the first answer.",
  TRACING_SAMPLE_PERCENTAGE: "Percentage of traces that the application keeps if it decides itself, 0 to 100.",
  TRACING_SAMPLING_RULES: "The sampling model as JSON. The package thebot-tracing takes rates and excluded URLs from it.",
};

/** Text of docs/environment.md. */
export function environmentReference(): string {
  return `# Environment variables

This page is generated from the code by \`make render\`.

Stack config ([settings](settings.md)) decides what a stack runs, not the environment: two people who
deploy the same commit get the same stack.

## Variables of the commands

For example \`make sampling ENV=prod\`. \`up\`, \`down\`, \`destroy\` and \`bench\` work with stacks on
Docker only; use \`pulumi\` to change stacks on Kubernetes. All other commands work with every stack.

${table(["variable", "meaning", "allowed", "default"], described(commandVariables))}

## Variables of the machine

${table(["variable", "meaning", "allowed", "default"], described(machineVariables))}

## Variables of an application

\`make open\` prints them with the stack's values. In Pulumi they are the output
\`applicationEnvironment\`. The values below are those of a container on the network of the dev stack,
with the default \`decide: collector\` and with \`decide: app\`.

${table(["variable", "meaning", "dev", "\`decide: app\`"], applicationRows())}

## Variables in the stack's containers

They are set from stack config; to change one, change the setting. None is a secret. Those that start
with \`TRACING_\` are for information only.

${table(["service", "variable", "dev"], containerRows())}
`;
}

const described = (variables: Readonly<Record<string, Variable>>) =>
  Object.entries(variables).map(([name, { meaning, allowed, fallback }]) => [code(name), meaning, allowed, fallback]);

function applicationRows(): string[][] {
  const base = { "tracing:platform": "docker", "tracing:environment": "development" };
  const of = (sampling: object) =>
    applicationEnvironment(parseSettings("dev", { ...base, "tracing:sampling": JSON.stringify(sampling) }), dockerTopology("dev"));
  const [collector, app] = [of({}), of({ decide: "app" })];
  return [...new Set([...Object.keys(collector), ...Object.keys(app)])].map((name) => {
    const meaning = applicationMeaning[name];
    if (meaning === undefined) throw new Error(`cli/reference/environment.ts does not say what ${name} means`);
    const shown = (value: string | undefined) => (value === undefined ? "not set" : code(value));
    return [code(name), meaning, shown(collector[name]), app[name] === collector[name] ? "the same" : shown(app[name])];
  });
}

/** The variables that the dev stack's services are given. */
function containerRows(): string[][] {
  const settings = parseSettings("dev", stackConfig("dev"));
  return workloadsOf(settings).flatMap(({ name, env }) => Object.entries(env).map(([key, value]) => [name, code(key), code(value)]));
}

const code = (text: string) => `\`${text}\``;
