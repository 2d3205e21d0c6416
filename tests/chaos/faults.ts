/** What is done to a running stack, and undone. */
import { queueCapacity, queueSize } from "../../configs/prometheus/promql";
import { publishedUrl } from "../../configs/topology/docker";
import type { ServiceName } from "../../configs/topology/topology";
import { docker } from "../../cli/engine/docker";
import { waitHealthy } from "../../cli/engine/health";
import { query } from "../../cli/status/prometheus";
import { holds } from "../../cli/machine/retry";
import { sleep } from "../../cli/machine/run";
import { kill, pause, start, stop, unpause, type Running } from "../../cli/status/running";
import { UserError } from "../../cli/terminal/output";
import type { Row } from "./row";

/** How a fault comes and goes. */
export type Fault = Pick<Row, "begin" | "end">;

export const killed = (service: ServiceName): Fault => ({ begin: kill(service), end: start(service) });
export const stopped = (service: ServiceName): Fault => ({ begin: stop(service), end: start(service) });
export const paused = (service: ServiceName): Fault => ({ begin: pause(service), end: unpause(service) });

/**
 * Packets from and to the service get lost, as where a cable is pulled. Its addresses stay: programs listen on them. (The engine's own
 * `network disconnect` would give it others.) The kernel forgets the way out of an interface that is down, so it is noted and laid again.
 */
export function cutOff(service: ServiceName): Fault {
  const all = (state: "up" | "down") => `for link in /sys/class/net/eth*; do ip link set "\${link##*/}" ${state}; done`;
  let wayOut: string | undefined;
  return {
    begin: async (stack) => {
      const routes = await stack.inNetworkOf(service, `ip route && ${all("down")}`);
      wayOut = routes.split("\n").find((route) => route.startsWith("default "));
    },
    end: (stack) => stack.inNetworkOf(service, [all("up"), ...(wayOut ? [`ip route add ${wayOut}`] : [])].join("; ")),
  };
}

/** Every container at the same time, each as `docker restart` does it. */
export const restarted: Fault = {
  begin: (stack) => Promise.all(stack.ids().map((id) => docker("restart", id))),
  end: () => Promise.resolve(),
};

/** Elasticsearch answers each document with 403. */
export const readOnly: Fault = {
  begin: (stack) => stack.blockWrites(true),
  end: (stack) => stack.blockWrites(false),
};

/**
 * Elasticsearch answers each document with 429, as it does where its disk is nearly full. It takes the block away by itself where it finds
 * that the disk is not; so it is told to look once an hour.
 */
export const tooManyRequests: Fault = {
  begin: async (stack) => {
    await stack.elasticsearch("PUT", "/_cluster/settings", { persistent: { "cluster.info.update.interval": "1h" } });
    await stack.elasticsearch("PUT", "/jaeger-*/_settings", { "index.blocks.read_only_allow_delete": true });
  },
  end: async (stack) => {
    await stack.elasticsearch("PUT", "/jaeger-*/_settings", { "index.blocks.read_only_allow_delete": null });
    await stack.elasticsearch("PUT", "/_cluster/settings", { persistent: { "cluster.info.update.interval": null } });
  },
};

/** Longest time until the load fills the queue. */
const longestFill = 6 * 60_000;

/** Share of the queue from which on it counts as full: what a batch more would not fit into. */
const full = 0.98;

/** Jaeger is away until the Collector's queue is full. */
export const fullQueue: Fault = {
  begin: async (stack) => {
    await stop("jaeger")(stack);
    const deadline = Date.now() + longestFill;
    const share = () => query(stack, `sum(${queueSize}) / sum(${queueCapacity})`).catch(() => undefined);
    while (((await share()) ?? 0) < full) {
      if (Date.now() > deadline) throw new UserError(`the load does not fill the Collector's queue within ${longestFill / 60_000} minutes`);
      await sleep(2000);
    }
  },
  end: start("jaeger"),
};

/** Longest time for the Collector to come up by itself, ms. */
const comesUp = 15_000;

/**
 * All of the queue's file but its first two pages, which say where to begin, becomes zeros while the Collector is down. Where it does not come up on
 * that, the file is moved away by hand, as docs/TROUBLESHOOTING.md says.
 */
export const corruptQueue: Fault = {
  begin: async (stack) => {
    await kill("otel-collector")(stack);
    const zeros = 'dd if=/dev/zero of="$file" bs=4096 seek=2 count=$(($(stat -c %s "$file") / 4096 - 2)) conv=notrunc';
    await stack.inVolume(queueVolume, `set -e; for file in exporter_*; do ${zeros}; done`);
  },
  end: async (stack) => {
    await start("otel-collector")(stack);
    if (await holds(() => isUp(stack), { within: comesUp })) return;
    await stop("otel-collector")(stack);
    await stack.inVolume(queueVolume, 'for file in exporter_*; do mv "$file" "damaged-$file"; done');
    await start("otel-collector")(stack);
  },
};

const queueVolume = ["otel-collector", "data"];

async function isUp({ settings }: Running): Promise<boolean> {
  const url = `${publishedUrl(settings, "collector-health")}/healthz`;
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** A file takes all that is left of a volume. */
const filled = (service: ServiceName): Fault => ({
  begin: (stack) => stack.inVolume([service, "data"], "dd if=/dev/zero of=ballast bs=64k 2>/dev/null; sync; true"),
  end: (stack) => stack.inVolume([service, "data"], "rm -f ballast"),
});

export const fullElasticsearchDisk = filled("elasticsearch");

/** Jaeger is away too: without spans that wait, the queue's file need not grow. */
export const fullQueueDisk: Fault = {
  begin: async (stack) => {
    await stop("jaeger")(stack);
    await filled("otel-collector").begin(stack);
  },
  end: async (stack) => {
    await filled("otel-collector").end(stack);
    await start("jaeger")(stack);
  },
};

/** Nothing is done: it is the spans that are odd. */
export const nothing: Fault = { begin: () => Promise.resolve(), end: () => Promise.resolve() };

/** The volume and the file that a confined stack's Elasticsearch takes its time from: seconds that its clock is off. */
export const clock = { volume: "clock", file: "offset" } as const;

/**
 * Elasticsearch runs with a clock that is so many seconds off. It is restarted for it: the library shifts what counts the time between two events
 * as well, which no clock that is set does, and timers of a running JVM would wait for hours.
 */
export function shifted(seconds: number): Fault {
  const set = async (stack: Running, off: number) => {
    await stop("elasticsearch")(stack);
    await stack.inVolume([clock.volume], `echo '${off < 0 ? "" : "+"}${off}' > ${clock.file}`);
    await start("elasticsearch")(stack);
    await waitHealthy(stack.settings.stack);
  };
  return { begin: (stack) => set(stack, seconds), end: (stack) => set(stack, 0) };
}
