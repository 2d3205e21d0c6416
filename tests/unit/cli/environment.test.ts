/** Rung: unit. Environment variables: the reference says all of them, and the commands know what they are told. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { environmentReference } from "../../../cli/reference/environment";
import { projectFolder } from "../../../render/record";
import { commandVariables, machineVariables } from "../../../cli/terminal/variables";

const text = (...path: string[]) => readFileSync(join(projectFolder, ...path), "utf8");
const reference = environmentReference();

test("docs/environment.md is what the code says", () => {
  expect(text("docs", "environment.md")).toBe(reference);
});

test("it names every variable of the commands and of the machine", () => {
  for (const name of Object.keys({ ...commandVariables, ...machineVariables })) expect(reference).toContain(`| \`${name}\` |`);
});

test("make hands over every variable that a command reads, and no other", () => {
  const exported = /^export (.*)$/m.exec(text("Makefile"))?.[1]?.split(" ").sort();
  expect(exported).toEqual(Object.keys(commandVariables).sort());
});

test("it names what the brief asks of the environment", () => {
  for (const name of ["TRACING_SAMPLE_PERCENTAGE", "OTEL_EXPORTER_OTLP_ENDPOINT", "TRACING_ENVIRONMENT", "ES_JAVA_OPTS"]) {
    expect(reference).toContain(`\`${name}\``);
  }
});

test("no secret stands in the environment of a container", () => {
  const containers = reference.slice(reference.indexOf("## Variables in the stack's containers"));
  expect(containers).not.toMatch(/PASSWORD`|TOKEN|SECRET/);
  expect(containers).toContain("`ELASTIC_PASSWORD_FILE`");
});
