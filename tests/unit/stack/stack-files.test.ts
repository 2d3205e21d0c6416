/** Rung: unit. The project's own config files: what they declare is what settings know, and each stack's file is valid. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { alertSecretsKey } from "../../../configs/alertmanager/delivery";
import { ingestTokensKey } from "../../../configs/ingest/senders";
import { loginSecretKey } from "../../../configs/login/secrets";
import { samplingStrategy } from "../../../configs/sampling";
import { namespace, schema } from "../../../configs/stack/schema";
import { parseSettings } from "../../../configs/stack/parse";
import { projectFolder, stackConfig } from "../../../render/record";

interface Declaration {
  readonly type: string;
  readonly description?: string;
  readonly default?: unknown;
}

const project = parse(readFileSync(join(projectFolder, "Pulumi.yaml"), "utf8")) as { name: string; config: Record<string, Declaration> };

describe("Pulumi.yaml", () => {
  test("declares every setting and nothing else", () => {
    expect(Object.keys(project.config).sort()).toEqual(
      [...Object.keys(schema.shape), alertSecretsKey, ingestTokensKey, loginSecretKey].map((name) => `${namespace}:${name}`).sort(),
    );
  });

  test("says of every setting what it is, in a sentence", () => {
    const silent = Object.entries(project.config).filter(([, { description }]) => !/^[A-Z].{15,}\.$/.test(description ?? ""));
    expect(silent).toEqual([]);
  });

  test("is the project of the settings' namespace", () => {
    expect(project.name).toBe(namespace);
  });

  test("has empty defaults only: what is left out follows from configs/stack/schema.ts", () => {
    const defaults = Object.entries(project.config).flatMap(([, declaration]) => ("default" in declaration ? [declaration.default] : []));
    expect(defaults.filter((value) => value !== "" && JSON.stringify(value) !== "{}")).toEqual([]);
  });

  test("gives a default to whatever a stack may leave out, and none to what it must say", () => {
    const required = Object.keys(project.config).filter((key) => !("default" in (project.config[key] ?? {})));
    expect(() => parseSettings("dev", {})).toThrow(new RegExp(required.map((key) => `${key}: missing`).join("[^]*")));
    expect(required).toEqual(["tracing:platform", "tracing:environment"]);
  });
});

describe("the file of stack", () => {
  const settingsOf = (stack: string) => parseSettings(stack, stackConfig(stack));

  test.each([
    ["dev", "docker", "development", 100],
    ["staging", "kubernetes", "staging", 50],
    ["prod", "kubernetes", "production", 10],
  ])("%s runs on %s, is of %s, and keeps %d %% of traces for 7 days, all errors among them", (stack, platform, environment, percent) => {
    expect(settingsOf(stack)).toMatchObject({ platform, environment, retention: 7, sampling: { default: percent, errors: 100 } });
  });

  test.each(["dev", "staging", "prod"])("%s lets the Collector decide as spans arrive, which loses least", (stack) => {
    expect(samplingStrategy(settingsOf(stack).sampling)).toBe("span-ingest");
  });
});
