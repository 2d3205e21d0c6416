/** Two kinds of plots, as SVG. Pure functions. */

const colors = ["#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#17becf", "#7f7f7f"];
const color = (i: number): string => colors[i % colors.length] ?? "#000";

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

const text = (x: number, y: number, content: string, anchor = "start"): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(content)}</text>`;

/** White behind it: it is read on dark pages, too. */
const drawing = (width: number, height: number, title: string, parts: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
${[text(10, 20, title), ...parts].join("\n")}
</svg>
`;

/** A bar of stacked parts for each row. */
export function bars(
  title: string,
  rows: readonly { readonly title: string; readonly parts: readonly { readonly name: string; readonly value: number }[] }[],
): string {
  const [left, width, step] = [330, 420, 26];
  const sum = (row: (typeof rows)[number]) => row.parts.reduce((total, { value }) => total + value, 0);
  const most = Math.max(1, ...rows.map(sum));
  const names = [...new Set(rows.flatMap(({ parts }) => parts.map(({ name }) => name)))];
  const drawn = rows.flatMap((row, i) => {
    const y = 36 + i * step;
    let x = left;
    const boxes = row.parts.map(({ name, value }) => {
      const w = (value / most) * width;
      const box = `<rect x="${x.toFixed(1)}" y="${y}" width="${w.toFixed(1)}" height="${step - 8}" fill="${color(names.indexOf(name))}"/>`;
      x += w;
      return box;
    });
    return [text(left - 8, y + 14, row.title, "end"), ...boxes, text(x + 6, y + 14, sum(row).toFixed(0))];
  });
  return drawing(left + width + 70, 36 + rows.length * step + 30, title, [...drawn, ...legend(names, left, 36 + rows.length * step + 14)]);
}

/** A line for each row, over the same numbers; these are drawn at even distances. */
export function lines(
  title: string,
  over: readonly number[],
  rows: readonly { readonly title: string; readonly values: readonly number[] }[],
): string {
  const [left, top, width, height] = [60, 40, 520, 220];
  const most = Math.max(1, ...rows.flatMap(({ values }) => values.filter(Number.isFinite)));
  const x = (i: number) => left + (over.length > 1 ? (i / (over.length - 1)) * width : width / 2);
  const y = (value: number) => top + height - (value / most) * height;
  const drawn = rows.map(({ values }, i) => {
    const points = values.flatMap((value, at) => (Number.isFinite(value) ? [`${x(at).toFixed(1)},${y(value).toFixed(1)}`] : []));
    return `<polyline points="${points.join(" ")}" fill="none" stroke="${color(i)}" stroke-width="2"/>`;
  });
  const axes = [
    `<path d="M${left} ${top}V${top + height}H${left + width}" fill="none" stroke="#999"/>`,
    ...[0, most / 2, most].map((value) => text(left - 6, y(value) + 4, value.toFixed(0), "end")),
    ...over.map((count, i) => text(x(i), top + height + 18, count.toLocaleString("en-US"), "middle")),
  ];
  const names = rows.map((row) => row.title);
  return drawing(left + width + 60, top + height + 50 + names.length * 18, title, [
    ...axes,
    ...drawn,
    ...legend(names, left, top + height + 44, true),
  ]);
}

function legend(names: readonly string[], x: number, y: number, below = false): string[] {
  let at = x;
  return names.flatMap((name, i) => {
    const [left, line] = below ? [x, y + i * 18] : [at, y];
    at += 30 + name.length * 7.5;
    return [`<rect x="${left}" y="${line - 10}" width="12" height="12" fill="${color(i)}"/>`, text(left + 18, line, name)];
  });
}
