/** Checks whether a container engine can run a stack, before anything changes. */
import type { Settings } from "../../configs/stack/schema";
import { leastFreeDisk as leastDisk } from "../../configs/elasticsearch/watermarks";
import { size } from "../terminal/output";

/** Properties that the check uses. */
export interface Room {
  /** The engine's version, such as 20.10.24. */
  readonly version: string;
  /** Memory of its machine, bytes. */
  readonly memory: number;
  /** Free disk where it keeps its data, bytes; undefined where that disk cannot be seen from here. */
  readonly disk?: number;
  /** True for an existing stack: a full disk must not prevent its repair. */
  readonly exists: boolean;
}

/** Result: problems stop the command, warnings do not. */
export interface Findings {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** The oldest engine that the stack was tried on. */
const oldestEngine = [20, 10] as const;

const gibibyte = 2 ** 30;

/** The watermark, seven days of the brief's 100 MB, metrics, the Collector's queue, and images where they are still to come. */
const goodDisk = 6 * gibibyte;

/** Memory limits of the services that stay up, bytes. The index cleaner's 64 MiB are little beside them. */
export const memoryLimits = ({ elasticsearch, jaeger, collector, prometheus }: Settings): number =>
  [elasticsearch, jaeger, collector, prometheus].reduce((sum, { memory }) => sum + memory, 0) * 2 ** 20;

/** Judges an engine. */
export function checkEngine(settings: Settings, room: Room): Findings {
  const problems: string[] = [];
  const warnings: string[] = [];
  const [major = 0, minor = 0] = room.version.split(".").map(Number);
  if (major < oldestEngine[0] || (major === oldestEngine[0] && minor < oldestEngine[1])) {
    problems.push(
      `engine: found Docker ${room.version}; needed: ${oldestEngine.join(".")} or newer. ` +
        "Update it: https://docs.docker.com/engine/install/",
    );
  }
  const limits = memoryLimits(settings);
  // Elasticsearch takes its heap at start; the others stay far below their limits until load comes.
  const elasticsearch = settings.elasticsearch.memory * 2 ** 20;
  const least = elasticsearch + (limits - elasticsearch) / 2;
  if (room.memory < least) {
    problems.push(
      `memory: found ${size(room.memory)}; needed: ${size(least)}, for services that may take ${size(limits)} together. ` +
        `Give the engine more, or take less of it in Pulumi.${settings.stack}.yaml: tracing:elasticsearch.memory, tracing:jaeger.memory`,
    );
  } else if (room.memory < limits) {
    warnings.push(`memory: the services may take ${size(limits)}, the engine has ${size(room.memory)}: some may be killed under load`);
  }
  if (room.disk !== undefined && room.disk < goodDisk) {
    const found = `disk: found ${size(room.disk)} free where the engine keeps its data`;
    if (room.disk >= leastDisk || room.exists)
      warnings.push(`${found}; with less than ${size(leastDisk)} Elasticsearch takes no new spans`);
    else
      problems.push(
        `${found}; needed: ${size(goodDisk)}, and Elasticsearch takes no spans below ${size(leastDisk)}. ` +
          "`docker system df` shows what takes the room",
      );
  }
  return { problems, warnings };
}
