/** Rung: binaries. The programs themselves accept the config files: those of the dev stack as rendered, and those of other settings. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectorConfig } from "../../configs/collector/config";
import { jaegerConfig } from "../../configs/jaeger/config";
import { prometheusArgs, prometheusConfig } from "../../configs/prometheus/config";
import { rulesFile } from "../../configs/prometheus/rules";
import type { Settings } from "../../configs/stack/schema";
import { dockerTopology } from "../../configs/topology/docker";
import { files, paths } from "../../configs/topology/ports";
import { projectFolder } from "../../render/record";
import { models } from "./support/models";
import { temporaryFolder } from "../support/temporary-folder";
import { forOlderJaeger } from "./support/older-jaeger";
import { collectorArgs, freePorts, program, run, type Outcome } from "./support/programs";

const folder = temporaryFolder();
const topology = dockerTopology("dev");
const rendered = (name: string) => readFileSync(join(projectFolder, "rendered/dev", name), "utf8");
const [, defaults] = models[0]!;
const accepted: Outcome = { code: 0, output: expect.any(String) as string };

function written(name: string, text: string): string {
  const path = join(folder(), name);
  writeFileSync(path, text);
  return path;
}

describe("the Collector", () => {
  /** The queue's folder is a volume in the container; here it is a folder of the test. */
  function local(text: string): string {
    const queue = join(folder(), "queue");
    mkdirSync(queue, { recursive: true });
    return text.replaceAll(paths.collectorQueue, queue);
  }
  const validate = (text: string) => run(program("otelcol-contrib"), ["validate", ...collectorArgs(written("config.yml", local(text)))]);

  /** Starts it with its policies, on free ports of this host in place of the container's. `validate` does not look into policies. */
  async function start(text: string): Promise<Outcome> {
    const free = await freePorts(10);
    const here = local(text)
      .replaceAll(/(?:0\.0\.0\.0|otel-collector\.tracing-backend):\d+/g, () => `127.0.0.1:${free.pop()!}`)
      .replace(
        /host: otel-collector\.tracing-backend\n(\s+)port: \d+/,
        (_all, indent: string) => `host: 127.0.0.1\n${indent}port: ${free.pop()!}`,
      );
    const config = written("config.yml", here);
    return run(program("otelcol-contrib"), collectorArgs(config), { until: /Everything is ready/ });
  }
  const started: Outcome = { code: 0, output: expect.stringContaining("Everything is ready") as string };

  test("accepts the rendered file", async () => {
    expect(await validate(rendered(files.collector))).toEqual(accepted);
    expect(await start(rendered(files.collector))).toEqual(started);
  });

  test.each(models)("accepts its file with %s, and starts with these policies", async (_what, settings) => {
    const text = collectorConfig(settings, topology);
    expect(await validate(text)).toEqual(accepted);
    expect(await start(text)).toEqual(started);
  });

  test("has no word in its log of a name that is deprecated, or of a policy that it could not read", async () => {
    const [, settings] = models[2]!;
    const { output } = await start(collectorConfig(settings, topology));
    const complaints = output.split("\n").filter((line) => /deprecat|"level":"error"/i.test(line) && !line.includes("otel-collector:8888"));
    expect(complaints).toEqual([]);
  });

  const text = () => collectorConfig(defaults, topology);

  test("would refuse a setting that it does not know", async () => {
    const outcome = await validate(text().replace("queue_size:", "queue_sise:"));
    expect(outcome.code).not.toBe(0);
    expect(outcome.output).toContain("has invalid keys: queue_sise");
  });

  test("would refuse to start with a condition that it cannot read", async () => {
    const outcome = await start(text().replace("STATUS_CODE_ERROR", "STATUS_CODE_EROR"));
    expect(outcome.code).not.toBe(0);
    expect(outcome.output).toContain("STATUS_CODE_EROR");
  });

  test("would refuse to start where its queue's folder is missing", async () => {
    const outcome = await validate(text().replaceAll(paths.collectorQueue, join(folder(), "missing")));
    expect(outcome.code).not.toBe(0);
    expect(outcome.output).toContain("directory must exist");
  });
});

describe("Jaeger", () => {
  const validate = (text: string) => run(program("jaeger"), ["validate", `--config=${written("config.yml", text)}`]);

  /** Settings of a stack that runs the Jaeger that is tried here. */
  const own = (settings: Settings): Settings => ({ ...settings, images: "local" });

  test("knows all keys of the rendered file, which is for the newer official one, but those that it has for that", async () => {
    const { output } = await validate(rendered(files.jaeger));
    expect(output).toMatch(/has invalid keys: poison_pill_handling, write_mode(?![a-z_,])/);
    expect(await validate(forOlderJaeger(rendered(files.jaeger)))).toEqual(accepted);
  });

  test.each(models)("accepts its file with %s", async (_what, settings) => {
    expect(await validate(jaegerConfig(own(settings), topology))).toEqual(accepted);
  });

  test("would refuse a setting that it does not know", async () => {
    const outcome = await validate(jaegerConfig(own(defaults), topology).replace("max_span_age:", "max_span_aje:"));
    expect(outcome.code).not.toBe(0);
    expect(outcome.output).toContain("has invalid keys: max_span_aje");
  });
});

describe("Prometheus", () => {
  /** Writes its file and its rules, which lie in a folder of the test instead of the container's. */
  function local(text: string, rules: string): string {
    written(files.rules, rules);
    return written(files.prometheus, text.replaceAll(paths.config, folder()));
  }
  const localOf = (settings: Settings) => local(prometheusConfig(settings, topology), rulesFile(settings));
  const check = (config: string) => run(program("promtool"), ["check", "config", config]);

  test("accepts the rendered files", async () => {
    expect(await check(local(rendered(files.prometheus), rendered(files.rules)))).toEqual(accepted);
  });

  test.each(models)("accepts its files with %s", async (_what, settings) => {
    expect(await check(localOf(settings))).toEqual(accepted);
  });

  test.each(models)("starts with its command line with %s", async (_what, settings) => {
    const [port] = await freePorts(1);
    const args = [...prometheusArgs(settings, localOf(settings), join(folder(), "data")), `--web.listen-address=127.0.0.1:${port!}`];
    const { code, output } = await run(program("prometheus"), args, { until: /Server is ready to receive web requests/ });
    expect(output).toContain("Server is ready to receive web requests");
    expect(code).toBe(0);
  });

  test("would refuse a setting that it does not know", async () => {
    const text = prometheusConfig(defaults, topology).replace("scrape_interval:", "scrape_intervall:");
    const outcome = await check(local(text, rulesFile(defaults)));
    expect(outcome.code).not.toBe(0);
    expect(outcome.output).toContain("field scrape_intervall not found");
  });

  test("would refuse a rule that it cannot read", async () => {
    const outcome = await check(local(prometheusConfig(defaults, topology), rulesFile(defaults).replace("expr: ", "expr: 1 + + ) ")));
    expect(outcome.code).not.toBe(0);
    expect(outcome.output).toContain("could not parse expression");
  });
});
