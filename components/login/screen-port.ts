/** The port of a screen: published on the host, unless people come to it by the login. */
import { onlyByLogin, type LoginSettings } from "../../configs/login/screens";
import type { PublishedPort } from "../../configs/topology/ports";
import type { WorkloadPort } from "../platform/workload";

/** A port that the Docker host has where there is no login, or where stack config wants it beside the login. */
export const screenPort = (
  settings: LoginSettings,
  { name, port, publish }: { readonly name: string; readonly port: number; readonly publish: PublishedPort },
): WorkloadPort => (onlyByLogin(settings) ? { name, port, exposure: "cluster" } : { name, port, exposure: "host", publish });
