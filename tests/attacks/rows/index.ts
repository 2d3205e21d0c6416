/** The attacks, in their order. */
import { UserError } from "../../../cli/terminal/output";
import type { Row } from "../row";
import { connectionRows } from "./connections";
import { http2Rows } from "./http2";
import { otlpRows } from "./otlp";
import { readerRows } from "./readers";
import { requestRows } from "./requests";

/** All attacks; what is known to bring a service down comes last. */
export const rows: readonly Row[] = [...otlpRows, ...requestRows, ...http2Rows, ...connectionRows, ...readerRows].sort(
  (one, other) => Number(one.known !== undefined) - Number(other.known !== undefined),
);

/** The attacks of these names; all if there are none. */
export function chosen(names: readonly string[]): readonly Row[] {
  const unknown = names.filter((name) => !rows.some(({ id }) => id === name));
  if (unknown.length > 0) throw new UserError(`ROWS: found ${unknown.join(", ")}; there are ${rows.map(({ id }) => id).join(", ")}`);
  return names.length === 0 ? rows : rows.filter(({ id }) => names.includes(id));
}
