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
  OTEL_RESOURCE_ATTRIBUTES: "What every span of the application says of where it comes from.",
  OTEL_SERVICE_NAME: "Its name in Jaeger. Each service has its own.",
  OTEL_TRACES_SAMPLER:
    "Who decides: `always_on` sends every span, and the Collector decides; `parentbased_jaeger_remote` decides by the rates that Jaeger serves.",
  OTEL_TRACES_SAMPLER_ARG: "Where those rates are, how often they are asked for, and what holds until the first answer.",
  TRACING_SAMPLE_PERCENTAGE: "Percent of traces that the application keeps where it decides by itself, 0 to 100.",
  TRACING_SAMPLING_RULES: "The sampling model as JSON; the package thebot-tracing takes rates and left-out URLs from it.",
};

/** Text of docs/environment.md. */
export function environmentReference(): string {
  return `# Environment variables

Made from the code by \`make render\`. What a stack runs is decided by stack config ([settings](settings.md)), not by the environment: two people
who deploy the same commit get the same stack.

## Of the commands: \`make sampling ENV=prod\`

What runs on Kubernetes is changed with \`pulumi\`: \`up\`, \`down\`, \`destroy\` and \`bench\` take stacks on Docker, the other commands every stack.

${table(["variable", "meaning", "allowed", "default"], described(commandVariables))}

## Of the machine

${table(["variable", "meaning", "allowed", "default"], described(machineVariables))}

## Of an application

\`make open\` prints them with this stack's values; in Pulumi they are the output \`applicationEnvironment\`. The values here are those of a container
on the network of the dev stack, and, where they differ, those with \`decide: app\`.

${table(["variable", "meaning", "dev", "\`decide: app\`"], applicationRows())}

## In the stack's containers

Set from stack config; to change one, change the setting. No secret is among them. The \`TRACING_\` ones only tell whoever looks.

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
