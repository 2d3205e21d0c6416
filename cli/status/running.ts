/** A stack that runs on a container engine, for what breaks it on purpose: its containers and volumes. */
import type { Settings } from "../../configs/stack/schema";
import { dockerName } from "../../configs/topology/docker";
import type { ServiceName } from "../../configs/topology/topology";
import { Target } from "../drill/target";
import { listStackResources, docker, serviceContainers, type Container } from "../engine/docker";
import { DockerStack } from "../running/docker-stack";

/** A running stack, as drills on Docker and chaos handle it. */
export class Running extends Target {
  private constructor(
    settings: Settings,
    private readonly services: ReadonlyMap<ServiceName, Container>,
    /** Id of the image that helpers run. */
    private readonly helper: string,
  ) {
    super(new DockerStack(settings));
  }

  static async find(settings: Settings): Promise<Running | undefined> {
    const { containers } = await listStackResources(settings.stack);
    const helper = containers.find(({ Name }) => Name === `/${dockerName(settings.stack, "prepare")}`);
    return helper && new Running(settings, new Map(serviceContainers(containers)), helper.Image);
  }

  /** Id of a service's container. */
  id(service: ServiceName): string {
    return this.services.get(service)?.Id ?? dockerName(this.settings.stack, service);
  }

  /** Ids of the services' containers. */
  ids(): string[] {
    return [...this.services.values()].map(({ Id }) => Id);
  }

  /** The name of the image that a service runs. */
  async image(service: ServiceName): Promise<string> {
    const id = await docker("inspect", "--format", "{{.Image}}", this.id(service));
    return (await docker("image", "inspect", "--format", "{{index .RepoTags 0}}", id.trim())).trim();
  }

  /** A script on the folder of one of the stack's volumes. */
  async inVolume(volume: readonly string[], script: string): Promise<void> {
    const mount = `${dockerName(this.settings.stack, ...volume)}:/volume`;
    await docker("run", "--rm", "--network", "none", "--workdir", "/volume", "--volume", mount, this.helper, "sh", "-c", script);
  }

  /** A script on a service's own network, as root of it; what it prints. */
  inNetworkOf(service: ServiceName, script: string): Promise<string> {
    const rights = ["--cap-drop", "ALL", "--cap-add", "NET_ADMIN", "--user", "0:0"];
    return docker("run", "--rm", "--network", `container:${this.id(service)}`, ...rights, this.helper, "sh", "-c", script);
  }

  async stop(service: ServiceName): Promise<void> {
    await docker("stop", this.id(service));
  }

  async start(service: ServiceName): Promise<void> {
    await docker("start", this.id(service));
  }
}

/** A docker command on the container of a service. */
const command =
  (...words: string[]) =>
  (service: ServiceName) =>
  async (stack: Running): Promise<void> => {
    await docker(...words, stack.id(service));
  };

export const start = (service: ServiceName) => (stack: Target) => stack.start(service);
/** By SIGTERM; nothing starts it again. */
export const stop = (service: ServiceName) => (stack: Target) => stack.stop(service);
/** By SIGKILL; the engine does not start what was killed by hand. */
export const kill = command("kill", "--signal", "KILL");
export const pause = command("pause");
export const unpause = command("unpause");
export const restart = command("restart");
