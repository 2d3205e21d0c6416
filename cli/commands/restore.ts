/** `make restore`: lists a stack's snapshots; with SNAPSHOT it restores one. On Docker, and by kubectl on Kubernetes. */
import { hasSnapshots } from "../../configs/elasticsearch/users";
import { files, paths } from "../../configs/topology/ports";
import { inside } from "../stack/inside";
import { anySettings } from "../stack/stack";
import { options } from "../terminal/options";
import { main, note, UserError } from "../terminal/output";

main(async () => {
  const settings = anySettings();
  if (!hasSnapshots(settings))
    throw new UserError(`stack ${settings.stack} makes no snapshots: tracing:elasticsearch.snapshots.store is off`);
  const { snapshot } = options;
  await inside(settings, "elasticsearch-setup", ["/bin/bash", `${paths.config}/${files.restore}`, ...(snapshot ? [snapshot] : [])]);
  if (!snapshot) note("make restore SNAPSHOT=name, or SNAPSHOT=latest, brings one back; it deletes nothing");
});
