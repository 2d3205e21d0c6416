/** The stack that chaos runs on: one of its own, beside any other stack of the engine, brought up as a row wants it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { imageOrigin, imageReference } from "../../configs/images";
import { dockerName } from "../../configs/topology/docker";
import { stackLabels } from "../../configs/topology/ports";
import { watermarks, watermarkSetting, type Watermark } from "../../configs/elasticsearch/watermarks";
import { Checkout, scratch } from "../e2e/lib/checkout";
import { fakeClock, fakeClockEnvironment, fakeClockMount } from "../e2e/lib/fake-clock";
import { testStacks } from "../e2e/lib/test-stacks";
import { composeCommand, render } from "../../cli/engine/compose";
import { listStackResources } from "../../cli/engine/docker";
import { explain, waitHealthy } from "../../cli/engine/health";
import { chooseSource, ensureImages, overridesFor } from "../../cli/stack/images";
import { removeByLabel } from "../../cli/engine/remove";
import { execOrThrow } from "../../cli/machine/run";
import { heartbeat, note } from "../../cli/terminal/output";
import { runningStack } from "../../cli/running";
import { smokeTest } from "../../cli/smoke/smoke";
import { clock } from "./faults";
import type { Row, StackKind } from "./row";

/** The smallest queue: it holds a minute and a half of the load, more than every fault but the one that fills it brings. */
const queue = 256;
const config = { "tracing:collector": { queue: `${queue}Mi` } };

const clockFolder = "/clock";

/** MiB of a confined stack's disks: the queue's as large as it is to be. Elasticsearch's marks of a full disk, by default gigabytes, are set to fit. */
const disks = { elasticsearch: 512, "otel-collector": queue } as const;
const marks = { low: "150mb", high: "100mb", flood_stage: "50mb" } as const satisfies Record<Watermark, string>;

/**
 * What a confined stack has on top of the rendered compose file. Memory disks count as memory of the container that writes to them, and are gone
 * when no container has them: a keeper has them all the time.
 */
function confinement(stack: string, busybox: string): object {
  const volume = (...parts: string[]) => ({ name: dockerName(stack, ...parts), labels: { [stackLabels.stack]: stack } });
  const memoryDisk = (service: keyof typeof disks, owner: string) => ({
    ...volume(service, "data"),
    driver: "local",
    driver_opts: { type: "tmpfs", device: "tmpfs", o: `size=${disks[service]}m,mode=0770,${owner}` },
  });
  const environment = Object.fromEntries(watermarks.map((mark) => [watermarkSetting(mark), marks[mark]]));
  const library = fakeClock();
  const elasticsearch = {
    mem_limit: "2048m",
    memswap_limit: "2048m",
    environment: { ...environment, ...(library ? fakeClockEnvironment(`${clockFolder}/${clock.file}`) : {}) },
    volumes: [`tracing-clock:${clockFolder}:ro`, ...(library ? [`${library}:${fakeClockMount}:ro`] : [])],
  };
  const keeper = {
    image: busybox,
    command: ["sh", "-c", "trap exit TERM; while sleep 1; do :; done"],
    network_mode: "none",
    labels: { [stackLabels.stack]: stack },
    volumes: Object.keys(disks).map((service) => `tracing-${service}-data:/${service}`),
  };
  return {
    services: { elasticsearch, "otel-collector": { mem_limit: "640m", memswap_limit: "640m" }, "tracing-keeper": keeper },
    volumes: {
      "tracing-clock": volume(clock.volume),
      "tracing-elasticsearch-data": memoryDisk("elasticsearch", "uid=1000,gid=0"),
      "tracing-otel-collector-data": memoryDisk("otel-collector", "uid=10001,gid=10001"),
    },
  };
}

/** Why a row cannot be carried out on this machine; undefined where it can. */
export function impossible(row: Row): string | undefined {
  if (row.id !== "shifted-clock" || fakeClock()) return undefined;
  return "libfaketime is not installed: apt-get install faketime";
}

/** The stack, as one kind at a time. */
export class ChaosStack {
  readonly checkout = Checkout.copy(testStacks.chaos, config);
  private kind: StackKind | undefined;

  /** Has the stack up as that kind, and well. One that is not what it was, or not well, is made anew. */
  async be(kind: StackKind): Promise<void> {
    const { stack } = this.checkout;
    const isWell = async () =>
      this.kind === kind &&
      (await waitHealthy(stack).then(
        () => true,
        () => false,
      ));
    if (await isWell()) return;
    if (this.kind !== undefined) note(`the stack is made anew${this.kind === kind ? ", as it does not recover" : ""}`);
    this.kind = undefined;
    await removeByLabel(stack);
    await this.up(kind);
    this.kind = kind;
  }

  private async up(kind: StackKind): Promise<void> {
    const { stack, settings, folder } = this.checkout;
    const choice = await chooseSource(settings, await listStackResources(stack));
    const source = await ensureImages(settings, choice);
    const rendered = join(scratch, `chaos-${kind}`);
    mkdirSync(rendered, { recursive: true });
    await render(stack, overridesFor(settings, source), rendered, folder);
    const overlay = join(rendered, "confined.yml");
    const busybox = imageReference("busybox", { ...imageOrigin(settings), source });
    if (kind === "confined") writeFileSync(overlay, stringify(confinement(stack, busybox)));
    const files = [join(rendered, "docker-compose.tracing.yml"), ...(kind === "confined" ? [overlay] : [])];
    const [program, ...plugin] = await composeCommand();
    const words = ["--project-name", `tracing-${stack}`, "--project-directory", rendered, ...files.flatMap((file) => ["--file", file])];
    const up = execOrThrow(program, [...plugin, ...words, "up", "--detach"]);
    await heartbeat("compose up", up).catch(async (error: unknown) => {
      note(await explain(stack));
      throw error;
    });
    await waitHealthy(stack);
    note(await smokeTest(runningStack(settings)));
  }
}
