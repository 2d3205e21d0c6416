/** How Perses holds its pages: each compressed, and named in a file of Go that its own build writes. */

/** Where the pages are in the module. */
export const pagesFolder = "ui/app/dist";

/** The Go file, by its path in the module, that embeds pages of these names. */
export const embedding = (names: readonly string[]): Readonly<Record<string, string>> => ({
  "ui/embed.go": [
    "package ui",
    "",
    'import "embed"',
    "",
    ...names.map((name) => `//go:embed app/dist/${name}.gz`),
    "var embedFS embed.FS",
    "",
  ].join("\n"),
});

/** What the program for this host shows in place of its pages. */
export const persesPages = {
  [`${pagesFolder}/index.html`]: `<!doctype html>
<meta charset="utf-8">
<title>Perses</title>
<h1>Perses</h1>
<p>This program was built without its pages. Its API is whole: <a href="api/v1/projects">projects</a>.</p>
`,
};
