/** `make restore`: lists a stack's snapshots; with SNAPSHOT it restores one. On Docker, and by kubectl on Kubernetes. */
import { files, paths } from "../../configs/topology/ports";
import { inside, settingsWithSnapshots } from "../stack/inside";
import { options } from "../terminal/options";
import { command } from "../terminal/command";
import { note } from "../terminal/output";

export default command("List the snapshots, or restore one").action(async () => {
  const settings = settingsWithSnapshots();
  const { snapshot } = options;
  await inside(settings, "elasticsearch-setup", ["/bin/bash", `${paths.config}/${files.restore}`, ...(snapshot ? [snapshot] : [])]);
  if (!snapshot) note("make restore SNAPSHOT=name, or SNAPSHOT=latest, restores one; it deletes nothing");
});
