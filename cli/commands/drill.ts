/**
 * `make alerts-drill`: provokes the alerts of the running stack, one fault after the other, and prints when each fired and when it ended.
 * Spans that are sent meanwhile may be lost: one drill is a loss. It takes about an hour; words behind the command choose alerts.
 */
import { stackAlerts } from "../../configs/prometheus/rules";
import { carryOut, type Fired } from "../drill/drill";
import { drills, possible } from "../drill/drills";
import { Messages } from "../drill/messages";
import { anySettings } from "../stack/stack";
import { confirm } from "../terminal/confirm";
import { options } from "../terminal/options";
import { command } from "../terminal/command";
import { note, UserError, step, table } from "../terminal/output";

const drill = command("Provoke alerts of the running stack, and measure when they fire").argument(
  "[alerts...]",
  "alerts to provoke (default: all)",
);

export default drill.action(async (wanted: readonly string[]) => {
  const known = drills.flatMap(({ alerts }) => alerts);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new UserError(`found ${unknown.join(", ")}; drills provoke ${known.join(", ")}`);
  const chosen = drills.filter(({ alerts }) => wanted.length === 0 || alerts.some((name) => wanted.includes(name)));
  const settings = anySettings();
  const has = new Set(stackAlerts(settings).map(({ name }) => name));
  const isOfStack = ({ alerts }: (typeof drills)[number]) => alerts.every((name) => has.has(name));
  const { can, cannot } = possible(settings.platform, chosen.filter(isOfStack));
  step(`Drill of ${can.flatMap(({ alerts }) => alerts).join(", ") || "no alert"}`);
  for (const { alerts, what, dockerOnly } of cannot) note(`left out on Kubernetes: ${alerts.join(", ")} (${what}): ${dockerOnly}`);
  for (const { alerts, what } of chosen.filter((one) => !isOfStack(one)))
    note(`left out, as the stack has no such alert: ${alerts.join(", ")} (${what})`);
  if (can.length === 0) throw new UserError(`none of these drills can be done on the stack ${settings.stack}`);
  // Others may rely on a stack on a cluster.
  if (settings.platform === "kubernetes") {
    note("services of the stack are stopped, and spans that are sent meanwhile may be lost");
    await confirm(
      "Continue? Type the name of the stack",
      settings.stack,
      `a drill on a cluster wants a yes: make alerts-drill ENV=${settings.stack} YES=1`,
    );
  }

  // An interrupt ends the drill, and what it did is undone; a second one is an interrupt like any other.
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const others = process.listeners(signal);
    process.removeAllListeners(signal).once(signal, () => {
      interruption.abort();
      for (const other of others) process.on(signal, other);
    });
  }
  const time = () => new Date().toISOString().slice(11, 19);
  const messages = options.listen === undefined ? undefined : await Messages.listen(options.listen);
  const rows = await carryOut(settings, can, (text) => note(`${time()} ${text}`), interruption.signal, messages);
  messages?.close();
  console.log(`\n${table(tableOf(rows, messages !== undefined))}`);
  const provoked = new Set(can.flatMap(({ alerts }) => alerts));
  const others = new Set(messages?.all.map(({ alert }) => alert).filter((alert) => !provoked.has(alert)));
  if (others.size > 0) note(`messages about other alerts, which these drills do not provoke: ${[...others].join(", ")}`);
  if (rows.some(({ firedAfter, resolvedAfter }) => firedAfter === undefined || resolvedAfter === undefined)) process.exitCode = 1;
});

const seconds = (value: number | undefined, otherwise = "not in time") => (value === undefined ? otherwise : `${value} s`);

/** Columns for each alert. Those on messages only if a webhook listened. */
function tableOf(rows: readonly Fired[], listened: boolean): string[][] {
  const columns: readonly (readonly [title: string, cell: (row: Fired) => string, ofMessages?: boolean])[] = [
    ["ALERT", ({ alert }) => alert],
    ["PROVOKED BY", ({ what }) => what],
    ["FIRES AFTER", ({ firedAfter }) => seconds(firedAfter)],
    ["TOLD AFTER", ({ told }) => seconds(told?.firedAfter, "not told"), true],
    ["ENDS AFTER", ({ resolvedAfter }) => seconds(resolvedAfter)],
    ["END TOLD AFTER", ({ told }) => seconds(told?.resolvedAfter, "not told"), true],
    ["MESSAGES", ({ told }) => String(told?.messages ?? 0), true],
  ];
  const shown = columns.filter(([, , ofMessages]) => listened || !ofMessages);
  return [shown.map(([title]) => title), ...rows.map((row) => shown.map(([, cell]) => cell(row)))];
}
