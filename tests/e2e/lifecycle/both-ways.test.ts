/**
 * Rung: real systems end to end. A stack comes up, is interrupted, edited, taken down and destroyed by the commands of the Makefile, once
 * each way, beside whatever other stack the engine has.
 *
 * The compose way runs everywhere. The Pulumi way needs the CLI on PATH with its docker and random plugins; without it those tests are
 * skipped, and the runner says so.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { eventually } from "../../support/waiting";
import { Checkout, scratch } from "../lib/checkout";
import { containerIds, inspectServices, inspectText } from "../lib/inspect";
import { Ledger } from "../lib/ledger";
import { hasPulumi } from "../lib/pulumi";
import { Clients } from "../lib/send";
import { askEveryPort, countedAs, refused, taken, Tokens } from "../lib/senders";
import { Systems } from "../lib/systems";
import { testStacks } from "../lib/test-stacks";

jest.setTimeout(15 * 60_000);

const copy = Checkout.copy(testStacks.lifecycle);
const { stack } = copy;
const systems = new Systems(copy);
const clients = new Clients(copy);
const ledger = new Ledger(copy);
console.log(hasPulumi ? "pulumi is on PATH: both ways are tested" : "pulumi is not on PATH: the Pulumi way is NOT tested");

const inspected: Record<string, Record<string, object>> = {};

async function destroyed(): Promise<void> {
  await copy.makes("destroy", "YES=1");
  const left = [...(await containerIds(stack, "service")), ...(await containerIds(stack, "helper"))];
  expect(left).toEqual([]);
}

beforeAll(() => copy.make("destroy", "YES=1"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("the stack by compose", () => {
  let upOutput = "";
  beforeAll(async () => {
    // Half-made: its Elasticsearch runs, the others are not there yet. The next one goes on from there.
    await copy.makeUntil("elasticsearch", "up", "WAY=compose");
    upOutput = await copy.makes("up", "WAY=compose");
  });
  afterAll(destroyed);

  it("tells the user where everything is, and no secret", async () => {
    for (const line of [copy.url("jaeger-ui"), copy.url("prometheus"), "OTEL_EXPORTER_OTLP_ENDPOINT", "make password"]) {
      expect(upOutput).toContain(line);
    }
    expect(upOutput).not.toContain(readFileSync(await copy.passwordFile(), "utf8"));
  });

  it("changes nothing when it is brought up again", async () => {
    const before = await containerIds(stack, "service");
    await copy.makes("up", "WAY=compose");
    expect(await containerIds(stack, "service")).toEqual(before);
    inspected.compose = await inspectServices(stack);
  });

  it("refuses the other way as long as it is there", async () => {
    const { ok, output } = await copy.make("up", "WAY=pulumi");
    expect(ok).toBe(false);
    expect(output).toMatch(/compose/);
    expect(output).toMatch(/make destroy/);
  });

  it("keeps the password out of inspection, logs and the rendered files", async () => {
    const password = readFileSync(await copy.passwordFile(), "utf8");
    expect(await inspectText(stack)).not.toContain(password);
    for (const id of [...(await containerIds(stack, "service")), ...(await containerIds(stack, "helper"))]) {
      expect(execFileSync("docker", ["logs", id], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })).not.toContain(password);
    }
    const found = spawnSync("grep", ["-rlF", "--exclude-dir=node_modules", "-e", password, copy.folder], { encoding: "utf8" });
    expect(found.stdout).toBe("");
  });

  it("keeps traces over down, an interrupted up, and up", async () => {
    const id = await clients.otel("http", { service: "thebot-platform", name: "before-down" });
    await systems.trace(id);
    await copy.makes("down");
    expect(execFileSync("docker", ["ps", "-q", "--filter", `label=tracing.stack=${stack}`]).toString()).toBe("");
    await copy.makeUntil("elasticsearch", "up", "WAY=compose");
    await copy.makes("up", "WAY=compose");
    expect((await systems.trace(id))[0]?.name).toBe("before-down");
  });
});

(hasPulumi ? describe : describe.skip)("the stack by Pulumi", () => {
  const own = readFileSync(copy.stackFile, "utf8");
  const up = () => copy.makes("up", "WAY=pulumi");
  // The summary, and then the CLI's own words on all that it would do.
  const preview = () => copy.makes("preview", "DIFF=1");
  let upOutput = "";
  const changes = /to (create|update|replace|delete)/;

  beforeAll(async () => {
    await copy.makeUntil("elasticsearch", "up", "WAY=pulumi");
    upOutput = await up();
  });
  afterAll(destroyed);

  it("goes on from an interrupted up", () => {
    expect(upOutput).toContain("the last run was interrupted");
  });

  it("has nothing to change in a second preview", async () => {
    const shown = await preview();
    expect(shown).toContain("resources: no change");
    expect(shown).toMatch(/\d+ unchanged/);
    expect(shown).not.toMatch(changes);
  });

  it("changes nothing when it is brought up again", async () => {
    const before = await containerIds(stack, "service");
    await up();
    expect(await containerIds(stack, "service")).toEqual(before);
  });

  it("runs the same containers as compose does", async () => {
    expect(await inspectServices(stack)).toEqual(inspected.compose);
  });

  it("leaves the stack file as it was", () => {
    expect(readFileSync(copy.stackFile, "utf8")).toBe(own);
  });

  it("keeps the password out of inspection", async () => {
    expect(await inspectText(stack)).not.toContain(readFileSync(await copy.passwordFile(), "utf8"));
  });

  it("names what a sampling edit changes, and then holds it", async () => {
    const before = await containerIds(stack, "service");
    writeFileSync(copy.stackFile, own.replace("default: 100", "default: 50"));
    const shown = await preview();
    expect(shown).toMatch(/any other: "100 %" => "50 % \(with an error 100 %\)"/);
    expect(shown).toMatch(/^ *otel-collector +0 +0 +2 +0$/m);
    // A dashboard shows the configured rate.
    expect(shown).toMatch(/^ *prometheus +0 +0 +1 +0$/m);
    expect(shown).toMatch(/3 to replace/);
    await up();
    const after = await containerIds(stack, "service");
    expect(after.filter((id) => !before.includes(id))).toHaveLength(1);
    expect(await preview()).not.toMatch(changes);
    const healthy = await ledger.run("half", "--traces", "400", "--spans-per-trace", "5", "--allow-sampling", "--settle", "30s");
    expect(healthy).toMatchObject({ lost: 0, splitTraces: 0, duplicated: 0 });
    // 400 fair coins: fewer than 140 or more than 260 heads come up once in 10^9 runs.
    expect(healthy.sampledOut).toBeGreaterThan(140);
    expect(healthy.sampledOut).toBeLessThan(260);
    expect(await ledger.run("errors", "--traces", "200", "--error-percent", "100")).toMatchObject({ lost: 0, stored: 2000 });
  });

  it("keeps traces over down, an interrupted up, and up", async () => {
    const id = await clients.otel("grpc", { service: "thebot-platform", name: "before-down", error: true });
    await systems.trace(id);
    await copy.makes("down");
    await copy.makeUntil("elasticsearch", "up", "WAY=pulumi");
    await up();
    expect((await systems.trace(id))[0]?.name).toBe("before-down");
  });

  it("asks senders for tokens from one update on, on every port, and counts whom it refuses", async () => {
    const [token, wrong] = ["right", "wrong"].map((word) => word.repeat(10)) as [string, string];
    await new Tokens(copy, "shop").set(0, token);
    copy.writeConfig({ ...copy.config, "tracing:ingest": { mode: "require", senders: [{ name: "shop" }] } });
    // It ends with a trace of the stack itself.
    expect(await up()).not.toContain(token);
    expect(await askEveryPort(copy)).toEqual(refused("a bearer token is required"));
    expect(await askEveryPort(copy, wrong)).toEqual(refused("unknown bearer token"));
    expect(await askEveryPort(copy, token)).toEqual(taken);
    for (const what of ["anonymous", "unknown", "accepted:shop"])
      await eventually(`requests as ${what}`, 60, async () => ((await countedAs(systems, what)) === 4 ? true : undefined));
  });
});
