/** Rung: unit. What `make open` prints for an application. */
import { clusterEnvironmentLines, environmentLines } from "../../../cli/stack/addresses";
import { settingsWith } from "../../support/settings";

const services = [{ service: "batch", default: 1, operations: [{ operation: "POST /jobs", percent: 25 }] }];
const sampling = { default: 10, services, decide: "app" };

test.each([
  ["on Docker", environmentLines, settingsWith({ sampling })],
  ["on Kubernetes", clusterEnvironmentLines, settingsWith({ sampling, platform: "kubernetes", environment: "staging" })],
] as const)("the rates %s are those of the service that is named", (_where, lines, settings) => {
  const example = lines(settings);
  expect(example).toContain("OTEL_SERVICE_NAME=thebot-platform\n");
  expect(example).toContain("initialSamplingRate=0.1\n");
  const batch = lines(settings, { service: "batch" });
  expect(batch).toContain("OTEL_SERVICE_NAME=batch\n");
  expect(batch).toContain("initialSamplingRate=0.01\n");
  expect(batch).toContain("TRACING_SAMPLE_PERCENTAGE=1\n");
  expect(batch).toContain(`TRACING_SAMPLING_RULES='{"default":1,"errors":100,"operations":[{"operation":"POST /jobs","percent":25}]}'`);
});

test("a shell reads each value back as it is", () => {
  const lines = environmentLines(settingsWith(), { service: "the bot's API; $HOME" });
  expect(lines).toContain(String.raw`OTEL_SERVICE_NAME='the bot'\''s API; $HOME'`);
  expect(lines).toContain("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318\n");
});
