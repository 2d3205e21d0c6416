/** Staging by the modes of TLS between the tiers. */
import { parseSettings } from "../../../configs/stack/parse";
import { stackConfig } from "../../../render/record";

/** A mode of `kubernetes.tls`. */
export type Mode = "off" | "accept" | "both" | "on";

/** Staging's settings with a mode; `groups` replace those of its stack file. */
export const stagingWith = (mode: Mode, groups: Readonly<Record<string, object>>) => {
  const changed = Object.entries({ ...groups, kubernetes: { tls: { mode } } });
  return parseSettings("staging", {
    ...stackConfig("staging"),
    ...Object.fromEntries(changed.map(([name, group]) => [`tracing:${name}`, JSON.stringify(group)])),
  });
};
