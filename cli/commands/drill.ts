/**
 * `make alerts-drill`: provokes the alerts of the running stack, one fault after the other, and prints when each fired and when it ended.
 * Spans that are sent meanwhile may be lost: one drill is a loss. It takes about an hour; words behind the command choose alerts.
 */
import { stackAlerts } from "../../configs/prometheus/rules";
import { carryOut } from "../drill/drill";
import { drills, possible } from "../drill/drills";
import { anySettings } from "../stack/stack";
import { confirm } from "../terminal/confirm";
import { main, note, UserError, step, table } from "../terminal/output";

main(async () => {
  const wanted = process.argv.slice(2);
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
      "Go on? Type the name of the stack",
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
  const rows = await carryOut(settings, can, (text) => note(`${time()} ${text}`), interruption.signal);
  const seconds = (value: number | undefined) => (value === undefined ? "not in time" : `${value} s`);
  const cells = rows.map(({ alert, what, firedAfter, resolvedAfter }) => [alert, what, seconds(firedAfter), seconds(resolvedAfter)]);
  console.log(`\n${table([["ALERT", "PROVOKED BY", "FIRES AFTER", "ENDS AFTER"], ...cells])}`);
  if (rows.some(({ firedAfter, resolvedAfter }) => firedAfter === undefined || resolvedAfter === undefined)) process.exitCode = 1;
});
