/** `make engine`, `make engine-stop`: a container engine on a machine that has none running. */
import { ensureEngine, stopEngine } from "../engine/engine";
import { main, note, UserError, size, step } from "../terminal/output";

main(async () => {
  const [command] = process.argv.slice(2);
  step("Engine");
  if (command === "stop") return stopEngine();
  if (command !== "start") throw new UserError("usage: cli/main.ts engine start|stop");
  const info = await ensureEngine();
  note(`Docker ${info.ServerVersion}, ${info.NCPU} cores, ${size(info.MemTotal)}`);
});
