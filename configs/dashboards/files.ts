/** The dashboards of a stack as files. */
import type { StackSettings } from "../stack/schema";
import { dashboards } from ".";
import { grafanaText } from "./grafana";
import { persesText } from "./perses";

/** Grafana's files, by name. */
export const grafanaFiles = (settings: StackSettings): Record<string, string> =>
  Object.fromEntries(dashboards(settings).map((dashboard) => [`${dashboard.name}.json`, grafanaText(dashboard, settings.stack)]));

/** Perses' files, by name. */
export const persesFiles = (settings: StackSettings): Record<string, string> =>
  Object.fromEntries(dashboards(settings).map((dashboard) => [`${dashboard.name}.yaml`, persesText(dashboard)]));

/** All of them, by path in the folder of a rendered stack. */
export const dashboardFiles = (settings: StackSettings): Record<string, string> => ({
  ...within("dashboards/grafana", grafanaFiles(settings)),
  ...within("dashboards/perses", persesFiles(settings)),
});

const within = (folder: string, files: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
