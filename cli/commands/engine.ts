/** `make engine`, `make engine-stop`: a container engine on a machine that has none running. */
import { ensureEngine, stopEngine } from "../engine/engine";
import { command } from "../terminal/command";
import { note, size, step } from "../terminal/output";

const start = command("Install and start a container engine if none is running").action(async () => {
  step("Engine");
  const info = await ensureEngine();
  note(`Docker ${info.ServerVersion}, ${info.NCPU} cores, ${size(info.MemTotal)}`);
});

const stop = command("Stop the engine that `start` started").action(() => {
  step("Engine");
  return stopEngine();
});

export default command("Start or stop a container engine").addCommand(start.name("start")).addCommand(stop.name("stop"));
