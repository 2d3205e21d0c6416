/**
 * Rung: real systems end to end. A stack of its own begins to ask senders for tokens, and their tokens are replaced, under load; then everybody
 * else is refused. Tokens are in encrypted config, so it needs the Pulumi CLI; without it, these tests are skipped.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listStackResources, serviceContainers } from "../../../cli/engine/docker";
import { sleep } from "../../../cli/machine/run";
import { eventually } from "../../support/waiting";
import { Checkout, scratch } from "../lib/checkout";
import { containerIds, inspectText } from "../lib/inspect";
import { Ledger } from "../lib/ledger";
import { hasPulumi } from "../lib/pulumi";
import { Clients } from "../lib/send";
import { askEveryPort, countedAs, refused, taken, Tokens } from "../lib/senders";
import { Systems } from "../lib/systems";
import { testStacks } from "../lib/test-stacks";

jest.setTimeout(20 * 60_000);

const newToken = () => randomBytes(24).toString("hex");
const [first, second, expired, wrong] = [newToken(), newToken(), newToken(), newToken()];
const copy = Checkout.copy(testStacks.senders, { "tracing:ingest": { mode: "report" } });
const systems = new Systems(copy);
const tokenFile = join(scratch, "sender-token");
const ledger = new Ledger(copy, tokenFile);

/** Has the stack ask for tokens, with the config that it has otherwise. */
async function deploy(mode: "report" | "require"): Promise<string> {
  const senders = [{ name: "shop" }, { name: "old", expires: "2020-01-01" }];
  copy.writeConfig({ ...copy.config, "tracing:ingest": { mode, senders } });
  return copy.makes("up", "WAY=pulumi");
}

(hasPulumi ? describe : describe.skip)("a stack that begins to ask senders for tokens", () => {
  /** Containers that spans pass, and others that nothing of this is about. Prometheus has one alert more in require. */
  const lasting = async () =>
    serviceContainers((await listStackResources(copy.stack)).containers)
      .filter(([name]) => name !== "prometheus")
      .map(([name, { Id }]) => [name, Id] as const);
  let services: Awaited<ReturnType<typeof lasting>> = [];
  beforeAll(async () => {
    await copy.make("destroy", "YES=1");
    await copy.makes("up", "WAY=pulumi");
    services = await lasting();
  });
  afterAll(async () => {
    await copy.make("destroy", "YES=1");
    rmSync(scratch, { recursive: true, force: true });
  });

  it("loses and refuses nothing of 500 spans/s on the way to require, nor when a token is replaced", async () => {
    const shop = new Tokens(copy, "shop");
    writeFileSync(tokenFile, first, { mode: 0o600 });
    const file = await ledger.sendWhile("senders", ["--rate", "500", "--retry-for", "60s"], async () => {
      await shop.set(0, first);
      await new Tokens(copy, "old").set(0, expired);
      await deploy("report");
      await deploy("require");
      // The old token and the new one are valid while clients change.
      await shop.set(1, second);
      await deploy("require");
      writeFileSync(tokenFile, second);
      await sleep(5000);
      await shop.remove(0);
      await deploy("require");
      await sleep(5000);
    });
    const verdict = await ledger.verify(file, undefined, "--settle", "20s", "--wait", "2m");
    expect(verdict).toMatchObject({ lost: 0, refused: 0, unacknowledged: 0, duplicated: 0 });
    expect(verdict.acknowledged).toBeGreaterThan(10_000);
    console.log(`${verdict.acknowledged} spans acknowledged and stored while the mode and the tokens changed`);
  });

  it("replaces no service for it but Prometheus, and has nothing to change afterwards", async () => {
    expect(services.map(([name]) => name)).toEqual(expect.arrayContaining(["ingest", "otel-collector", "canary"]));
    expect(await lasting()).toEqual(services);
    expect(await copy.makes("preview")).toContain("resources: no change");
  });

  it("refuses a missing, wrong, expired or revoked token on every port, and counts it", async () => {
    expect(await askEveryPort(copy)).toEqual(refused("a bearer token is required"));
    expect(await askEveryPort(copy, wrong)).toEqual(refused("unknown bearer token"));
    expect(await askEveryPort(copy, first)).toEqual(refused("unknown bearer token"));
    expect(await askEveryPort(copy, expired)).toEqual(refused("this token has expired"));
    expect(await askEveryPort(copy, second)).toEqual(taken);
    for (const [what, requests] of [["anonymous", 4], ["unknown", 8], ["expired:old", 4]] as const)
      await eventually(`${requests} requests as ${what}`, 60, async () =>
        (await countedAs(systems, what)) === requests ? true : undefined,
      ); // prettier-ignore
  });

  it("shows in make status whom it refuses, and who has expired", async () => {
    const status = await eventually("whom it refuses", 90, async () => {
      const { output } = await copy.make("status");
      return output.includes("REFUSED") ? output : undefined;
    });
    expect(status).toMatch(/^senders +require: only shop, old may send; REFUSED in 5 minutes, about: .* with a token that nobody has/m);
    expect(status).toMatch(/^expiring +old EXPIRED on 2020-01-01; next: docs\/SETUP/m);
  });

  it("gives applications their token on request only, and real clients send it", async () => {
    const shown = await copy.makes("--silent", "open");
    expect(shown).toContain("OTEL_EXPORTER_OTLP_HEADERS='authorization=Bearer%20<token of a sender in tracing:ingest>'");
    expect(shown).not.toContain(second);
    const asked = await copy.makes("--silent", "open", "SENDER=shop", "TOKEN=1");
    const [, headers = ""] = /^OTEL_EXPORTER_OTLP_HEADERS=(\S+)$/m.exec(asked) ?? [];
    expect(headers).toBe(`authorization=Bearer%20${second}`);
    const clients = new Clients(copy, { OTEL_EXPORTER_OTLP_HEADERS: headers });
    for (const protocol of ["grpc", "http"] as const)
      expect((await systems.trace(await clients.otel(protocol, { service: "shop", name: `token by ${protocol}` })))[0]?.name).toBe(
        `token by ${protocol}`,
      );
    await expect(
      new Clients(copy).otel("http", { service: "shop", name: "no token" }).then((id) => systems.trace(id, 15)),
    ).rejects.toThrow();
  });

  it("lets its own commands send", async () => {
    expect(await copy.makes("smoke")).toMatch(/3 spans sent, stored and found/);
  });

  it("keeps tokens out of inspection and logs", async () => {
    const inspected = await inspectText(copy.stack);
    const logs = [...(await containerIds(copy.stack, "service")), ...(await containerIds(copy.stack, "helper"))]
      .map((id) => execFileSync("docker", ["logs", id], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }))
      .join("\n");
    for (const token of [first, second, expired]) {
      expect(inspected).not.toContain(token);
      expect(logs).not.toContain(token);
    }
  });
});
