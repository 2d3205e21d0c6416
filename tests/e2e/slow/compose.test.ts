/**
 * Rung: real systems end to end. The committed compose file is run as the brief runs it: by itself, and over an application's own compose
 * file in another folder, by docker-compose 1.29 and by Compose v2.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { imageReference, images } from "../../../configs/images";
import { networksOf } from "../../../configs/topology/docker";
import { ports, stackLabels } from "../../../configs/topology/ports";
import { projectFolder } from "../../../render/record";
import { execOrThrow, run } from "../../../cli/machine/run";
import { composeV2 } from "../lib/compose-v2";
import { Checkout, scratch } from "../lib/checkout";
import { addressOf } from "../lib/networks";
import { Systems } from "../lib/systems";
import { testStacks } from "../lib/test-stacks";

jest.setTimeout(15 * 60_000);

const copy = Checkout.copy(testStacks.overlay);
const systems = new Systems(copy);
const { ingest } = networksOf(copy.stack);
const networkKey = "tracing-ingest";

const traceId = "5b8aa5a2d2c872e8321cf37308d69df2";

/** A span that the application sends from inside the ingress network. */
const span = JSON.stringify({
  resourceSpans: [
    {
      resource: { attributes: [{ key: "service.name", value: { stringValue: "overlay-app" } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId,
              spanId: "051581bf3cb55c13",
              name: "from-the-overlay",
              kind: 2,
              startTimeUnixNano: `${Date.now()}000000`,
              endTimeUnixNano: `${Date.now()}100000`,
            },
          ],
        },
      ],
    },
  ],
});

/** The application's compose file: it knows the network's name and the Collector's, no more. */
function application(image: string): string {
  const url = `http://${addressOf("otel-collector")}:${ports.collector.otlpHttp}/v1/traces`;
  const send = `wget -q -O /dev/null --header 'Content-Type: application/json' --post-data "$SPAN" ${url} && echo sent && sleep 600`;
  const app = {
    image,
    restart: "on-failure",
    environment: { SPAN: span },
    command: ["sh", "-c", send.replaceAll("$", "$$$$")],
    // The key in the compose files is the same for every stack; the network's name is the stack's.
    networks: [networkKey],
  };
  return stringify({ services: { app }, networks: { [networkKey]: { name: ingest } } });
}

const label = `label=${stackLabels.stack}=${copy.stack}`;
const folder = mkdtempSync(join(tmpdir(), "tracing-overlay-"));
const rendered = join(folder, "rendered");
const compose = (program: string, words: string[]) => run(program, words, { cwd: folder, timeout: 10 * 60_000 });

beforeAll(async () => {
  await copy.make("destroy", "YES=1");
  // The official images where the engine has them, else the ones built here.
  const source = (await run("docker", ["image", "inspect", imageReference("jaeger", { source: "official" })])).ok ? "official" : "local";
  const args = ["--stack", copy.stack, "--set", `tracing:images=${source}`, "--out", rendered];
  await execOrThrow("npx", ["tsx", "cli/main.ts", "render", ...args], { cwd: copy.folder });
  mkdirSync(join(folder, "app"));
  writeFileSync(join(folder, "app", "docker-compose.yml"), application(imageReference("busybox", { source })));
});
afterAll(async () => {
  await copy.make("destroy", "YES=1");
  rmSync(folder, { recursive: true, force: true });
  rmSync(scratch, { recursive: true, force: true });
});

describe.each([
  ["docker-compose 1.29", () => Promise.resolve("docker-compose")],
  ["Compose v2", composeV2],
])("%s", (_, program) => {
  const overlay = ["-p", "overlay", "-f", "app/docker-compose.yml", "-f", "rendered/docker-compose.tracing.yml"];
  let binary = "";
  beforeAll(async () => {
    binary = await program();
  });
  afterAll(() => compose(binary, [...overlay, "down", "-v"]));

  it("comes up as an overlay on an application in another folder, and takes its span", async () => {
    const { ok, output } = await compose(binary, [...overlay, "up", "-d"]);
    expect([ok, output]).toEqual([true, expect.anything()]);
    expect((await systems.trace(traceId, 120))[0]?.name).toBe("from-the-overlay");
  });

  it("shows a service's logs", async () => {
    const { output } = await compose(binary, [...overlay, "logs", "jaeger"]);
    expect(output).toContain("Everything is ready");
  });

  it("changes no service when it is brought up again", async () => {
    const ids = () =>
      execFileSync("docker", ["ps", "-q", "--no-trunc", "--filter", "label=tracing.role=service", "--filter", label]).toString();
    const before = ids();
    expect((await compose(binary, [...overlay, "up", "-d"])).ok).toBe(true);
    expect(ids()).toBe(before);
  });

  it("goes down, volumes and all", async () => {
    expect((await compose(binary, [...overlay, "down", "-v"])).ok).toBe(true);
    expect(execFileSync("docker", ["volume", "ls", "-q", "--filter", label]).toString()).toBe("");
  });
});

describe("the brief's commands on the files", () => {
  const file = (name: string) => join(projectFolder, "rendered", "dev", name);

  it("finds the sampling in the Collector's config", () => {
    expect(execFileSync("grep", ["-A", "5", "sampling:", file("otel-config.yml")]).toString()).toContain("tail_sampling:");
  });

  it("reads the strategies as JSON", () => {
    expect(JSON.parse(readFileSync(file("jaeger-sampling-strategies.json"), "utf8"))).toMatchObject({ default_strategy: { param: 1 } });
  });

  it("names every image with its tested version", () => {
    const text = readFileSync(file("docker-compose.tracing.yml"), "utf8");
    for (const name of ["elasticsearch", "otel-collector", "jaeger", "prometheus"] as const) expect(text).toContain(images[name].official);
  });
});
