/**
 * Stand-ins for Alertmanager's pages. Its Go module holds their sources only, and the compiler needs files in their place. The older pages are in Elm,
 * whose packages no registry of this project has.
 */
const page = (api: string): string => `<!doctype html>
<meta charset="utf-8">
<title>Alertmanager</title>
<h1>Alertmanager</h1>
<p>This image was built without Alertmanager's pages. Its API is whole: <a href="${api}/alerts">alerts</a>, <a href="${api}/silences">silences</a>,
<a href="${api}/status">status</a>. In the container, <code>amtool --alertmanager.url=http://127.0.0.1:9093</code> makes silences.</p>
`;

/** Text of each page by its path in the module. */
export const alertmanagerPages = {
  "ui/app/dist/elm/index.html": page("api/v2"),
  "ui/app/dist/mantine/index.html": page("../api/v2"),
} as const;
