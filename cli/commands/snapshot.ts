/** `make snapshot`: makes a snapshot of a stack's traces now. On Docker, and by kubectl on Kubernetes. */
import { hasSnapshots } from "../../configs/elasticsearch/users";
import { files, paths } from "../../configs/topology/ports";
import { inside, kubectl } from "../stack/inside";
import { anySettings } from "../stack/stack";
import { main, UserError } from "../terminal/output";

const service = "elasticsearch-snapshots";

main(async () => {
  const settings = anySettings();
  if (!hasSnapshots(settings))
    throw new UserError(`stack ${settings.stack} makes no snapshots: tracing:elasticsearch.snapshots.store is off`);
  if (settings.platform === "docker") return inside(settings, service, ["/bin/bash", `${paths.config}/${files.snapshots}`]);
  const job = `${service}-by-hand-${Math.floor(Date.now() / 1000)}`;
  await kubectl(settings, ["create", "job", `--from=cronjob/${service}`, job]);
  await kubectl(settings, ["wait", "--for=condition=complete", "--timeout=12h", `job/${job}`]);
  await kubectl(settings, ["logs", `job/${job}`]);
});
