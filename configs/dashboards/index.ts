/**
 * The dashboards: each is a function of the settings, in a file of its own. To add one, write its file and name it here; both programs then draw
 * it, and the tests take it in.
 */
import type { StackSettings } from "../stack/schema";
import { withStack } from "../make-command";
import { scopedQuery } from "../prometheus/scope";
import type { Dashboard, Query } from "./dashboard";
import { objectives } from "./objectives";
import { pipeline } from "./pipeline";
import { sampling } from "./sampling";
import { servicesDashboard } from "./services";
import { storage } from "./storage";

export type { Dashboard, Panel, Query } from "./dashboard";

/** All dashboards of a stack. */
export const dashboards = (settings: StackSettings): readonly Dashboard[] =>
  [pipeline, sampling, storage, objectives, servicesDashboard].map((dashboard) => inScope(settings, dashboard(settings)));

/** A dashboard that shows its own stack only, in a Prometheus that watches others too, and whose commands are for this stack. */
const inScope = (settings: StackSettings, dashboard: Dashboard): Dashboard => ({
  ...dashboard,
  variables: dashboard.variables?.map((variable) => ({ ...variable, of: scopedQuery(settings, variable.of) })),
  sections: dashboard.sections.map((section) => ({
    ...section,
    panels: section.panels.map((panel) => {
      const [first, ...others] = panel.queries;
      const own = (query: Query): Query => ({ ...query, expr: scopedQuery(settings, query.expr) });
      return { ...panel, description: withStack(settings.stack, panel.description), queries: [own(first), ...others.map(own)] };
    }),
  })),
});
