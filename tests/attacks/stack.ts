/** The stack that is attacked: one of its own, whose proxy requires a token, and all of whose ports are open. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { haproxyConfig } from "../../configs/ingest/haproxy";
import { ingestPlace } from "../../configs/ingest/place";
import { tokenSecret } from "../../configs/ingest/senders";
import { parseSettings } from "../../configs/stack/parse";
import type { Settings } from "../../configs/stack/schema";
import { addressesOf } from "../../configs/topology";
import { networksOf } from "../../configs/topology/docker";
import { files, ports } from "../../configs/topology/ports";
import { serviceNames, type ServiceName } from "../../configs/topology/topology";
import { docker, listStackResources, serviceContainers } from "../../cli/engine/docker";
import { eventually } from "../support/waiting";
import { stackConfig } from "../../render/record";
import { Running } from "../../cli/status/running";
import { Checkout, scratch } from "../e2e/lib/checkout";
import { testStacks } from "../e2e/lib/test-stacks";
import type { Victim } from "./row";
import { exchange, request, type Address } from "./wire";
import { sound } from "./payloads";

/** Limits of the sender that attacks, in requests and MiB a second. Those of its neighbour are the default. */
export const attackerLimits = { requestsPerSecond: 50, mebibytesPerSecond: 2 } as const;

/** The senders and their tokens. */
const tokens = { neighbour: "n".repeat(40), attacker: "a".repeat(40) } as const;

const senders = [
  { name: "neighbour" },
  {
    name: "attacker",
    limits: { requestsPerSecond: attackerLimits.requestsPerSecond, bytesPerSecond: `${attackerLimits.mebibytesPerSecond}Mi` },
  },
];

/**
 * Its config. A compose file holds no secret that somebody gave, so the stack comes up with the mode `report` and no senders; then the proxy gets
 * its other config and the tokens live, as it always does.
 */
const config = { "tracing:ingest": { mode: "report" }, "tracing:alerts": { delivery: "own" } };

/** The stack. */
export class AttackedStack implements Victim {
  readonly checkout = Checkout.copy(testStacks.attacks, config);
  readonly token = tokens.attacker;
  private addresses: ReadonlyMap<string, string> = new Map();

  private get name(): string {
    return this.checkout.stack;
  }

  /** Brings it up, with the two senders. */
  async up(): Promise<void> {
    await this.checkout.makes("up", "WAY=compose");
    await this.requireTokens();
    await this.find();
    const answer = () => exchange(this.at("ingest", ports.collector.otlpHttp), this.send(sound("neighbour"), tokens.neighbour));
    await eventually("the proxy takes the neighbour's token", 30, async () => ((await answer()).includes("200") ? true : undefined));
  }

  /** Where a service listens: the proxy and remote sampling on the applications' network, all else on the backend's. */
  at(service: ServiceName, port: number): Address {
    const network = service === "ingest" || port === ports.jaeger.samplingHttp ? "ingest" : "backend";
    const host = this.addresses.get(`${service} ${network}`);
    if (host === undefined) throw new Error(`${service} has no address on ${network}`);
    return { host, port };
  }

  /** A request of OTLP/HTTP. */
  private send(body: Buffer, token: string): Buffer {
    return request("POST", "/v1/traces", [`Authorization: Bearer ${token}`, "Content-Type: application/x-protobuf"], body);
  }

  /** Path of a file with a sender's token. */
  tokenFile(sender: keyof typeof tokens): string {
    const folder = join(scratch, "tokens");
    mkdirSync(folder, { recursive: true });
    const file = join(folder, sender);
    writeFileSync(file, tokens[sender], { mode: 0o644 });
    return file;
  }

  /** Finds out where services are: a container that was restarted may have another address. */
  async find(): Promise<void> {
    const { containers } = await listStackResources(this.name);
    const found = new Map<string, string>();
    const networks = networksOf(this.name);
    for (const [service, { Id }] of serviceContainers(containers)) {
      const text = await docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", Id);
      const all = JSON.parse(text) as Record<string, { IPAddress: string }>;
      for (const part of ["ingest", "backend"] as const) {
        const address = all[networks[part]]?.IPAddress;
        if (address) found.set(`${service} ${part}`, address);
      }
    }
    this.addresses = found;
  }

  private async requireTokens(): Promise<void> {
    const running = await Running.find(this.checkout.settings);
    if (!running) throw new Error(`stack ${this.name} does not run`);
    // The image that runs need not be that of the settings: what cannot be pulled is built.
    const settings = { ...this.requiring(), otherImages: { haproxy: await running.image("ingest") } };
    const text = haproxyConfig(settings, ingestPlace(addressesOf(settings)));
    const put = (volume: "live" | "secrets", file: string, content: string, mode: string) => {
      const encoded = Buffer.from(content).toString("base64");
      const script = `umask 077; echo '${encoded}' | base64 -d > .new && chown 99:99 .new && chmod ${mode} .new && mv .new ${file}`;
      return running.inVolume(["ingest", volume], script);
    };
    for (const [name, token] of Object.entries(tokens)) await put("secrets", tokenSecret(name), `${token}\n`, "400");
    await put("live", files.ingestConfig, text, "444");
  }

  /** The settings, with the senders. */
  private requiring(): Settings {
    const { folder, stack } = this.checkout;
    return parseSettings(stack, { ...stackConfig(stack, folder), "tracing:ingest": JSON.stringify({ mode: "require", senders }) });
  }
}

/** Containers that were restarted, or made anew, since they were looked at. */
export async function startsOf(stack: string): Promise<ReadonlyMap<ServiceName, string>> {
  const { containers } = await listStackResources(stack);
  const starts = new Map<ServiceName, string>();
  for (const [service, { Id, RestartCount }] of serviceContainers(containers)) {
    const started = await docker("inspect", "--format", "{{.State.StartedAt}}", Id);
    starts.set(service, `${Id} ${RestartCount} ${started.trim()}`);
  }
  return starts;
}

export const restartedSince = (before: ReadonlyMap<ServiceName, string>, after: ReadonlyMap<ServiceName, string>): ServiceName[] =>
  serviceNames.filter((service) => before.get(service) !== after.get(service));
