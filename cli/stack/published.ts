/** Ports that a command needs on this host. */
import { isPublished } from "../../configs/login/screens";
import type { Settings } from "../../configs/stack/schema";
import type { PublishedPort } from "../../configs/topology/ports";
import { UserError } from "../terminal/output";

/** @throws UserError if a login hides the port. */
export function requirePublished(settings: Settings, port: PublishedPort): void {
  if (!isPublished(settings, port))
    throw new UserError(
      `the stack ${settings.stack} has a login, and does not publish ${port}: set tracing:login.direct to true for this command`,
    );
}
