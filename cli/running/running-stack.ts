/** A running stack as the commands use it, on any platform. */
import type { Settings } from "../../configs/stack/schema";
import type { PublishedPort } from "../../configs/topology/ports";
import type { ServiceName } from "../../configs/topology/topology";
import type { Outcome, RunOptions } from "../machine/run";

/** How a service is. */
export interface ServiceState {
  readonly service: ServiceName;
  /** `healthy`, `running` or `scheduled`, or what is wrong, in a few words. */
  readonly state: string;
  /** `degraded`: some of it works. */
  readonly condition: "well" | "degraded" | "down";
  /** Instances that are ready, and how many there should be; where a service may have several. */
  readonly instances?: { readonly ready: number; readonly wanted: number };
  /** Of all its instances. */
  readonly restarts: number;
  /** True if one of them was last OOM-killed. */
  readonly outOfMemory: boolean;
  /** Bytes in use by all its instances; undefined where that is not known. */
  readonly memoryUsed?: number | undefined;
  /** Bytes that they may use together. */
  readonly memoryLimit?: number | undefined;
  readonly image: string;
  /** The command that shows more or mends it; set where it is not well. */
  readonly next?: string;
}

/** The last runs of a daily service. */
export interface LastRuns {
  /** Start of the last good run, seconds since 1970; undefined if none is known. */
  readonly success?: number | undefined;
  /** Exit code of the last run; `failed` if only that is known. */
  readonly result?: number | "failed" | undefined;
  /** Since when the service has been there, seconds since 1970: no earlier run is missed. */
  readonly since?: number | undefined;
}

/** An answer of Elasticsearch's. */
export interface ElasticsearchAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly body: string;
}

/** Which lines of a log. */
export interface LogLines {
  /** Go on as lines come. */
  readonly follow: boolean;
  /** Called with each line and what it is of: a service, or one of its pods. */
  readonly onLine: (source: string, line: string) => void;
}

/** Whose ports can be reached from here. */
export interface Reachable {
  readonly settings: Settings;
  /** The URL at which a port is reached from this machine until {@link RunningStack.close}, without a slash at its end. */
  reach(port: PublishedPort): Promise<string>;
}

/** A running stack. Methods throw a UserError that says what to do if the platform does not answer. */
export interface RunningStack extends Reachable {
  /** Its platform, such as `docker` or `kubernetes, namespace tracing`. */
  readonly where: string;
  /** All services of the settings; empty if the stack is not deployed. */
  services(): Promise<readonly ServiceState[]>;
  /** Prints logs. Without a service, the last lines of all. */
  logs(service: ServiceName | undefined, lines: LogLines): Promise<void>;
  /** Runs a command in a service's container, or in one of its pods. */
  run(service: ServiceName, words: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** The password of the user that the setup logs in to Elasticsearch as. */
  password(): Promise<string>;
  /** The token that the stack itself sends spans with; undefined if it has no proxy that asks for one. */
  stackToken(): Promise<string | undefined>;
  /** Sends a request to Elasticsearch as that user. `path` begins with a slash. */
  elasticsearch(
    path: string,
    request?: { readonly method?: string; readonly body?: object; readonly timeout?: number },
  ): Promise<ElasticsearchAnswer>;
  lastRuns(service: ServiceName): Promise<LastRuns>;
  /** Ends what {@link Reachable.reach} has started. */
  close(): void;
}

/** Milliseconds that one part of a stack may take to answer a command that only looks. */
export const patience = 5000;
