/** `make restore`: lists a stack's snapshots; with SNAPSHOT it restores one. On Docker, and by kubectl on Kubernetes. */
import { files, paths } from "../../configs/topology/ports";
import { inside, settingsWithSnapshots } from "../stack/inside";
import { options } from "../terminal/options";
import { main, note } from "../terminal/output";

main(async () => {
  const settings = settingsWithSnapshots();
  const { snapshot } = options;
  await inside(settings, "elasticsearch-setup", ["/bin/bash", `${paths.config}/${files.restore}`, ...(snapshot ? [snapshot] : [])]);
  if (!snapshot) note("make restore SNAPSHOT=name, or SNAPSHOT=latest, brings one back; it deletes nothing");
});
