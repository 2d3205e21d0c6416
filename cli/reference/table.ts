/** A table in Markdown. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows]
    .map((cells) => `|${cells.map((cell) => ` ${cell.replaceAll("|", "\\|").replaceAll("\n", " ")} `.replace(/^ +$/, " ")).join("|")}|`)
    .join("\n");
