/**
 * The dashboards: each is a function of the settings, in a file of its own. To add one, write its file and name it here; both programs then draw
 * it, and the tests take it in.
 */
import type { StackSettings } from "../stack/schema";
import type { Dashboard } from "./dashboard";
import { pipeline } from "./pipeline";
import { sampling } from "./sampling";
import { servicesDashboard } from "./services";
import { storage } from "./storage";

export type { Dashboard, Panel, Query } from "./dashboard";

/** All dashboards of a stack. */
export const dashboards = (settings: StackSettings): readonly Dashboard[] =>
  [pipeline, sampling, storage, servicesDashboard].map((dashboard) => dashboard(settings));
