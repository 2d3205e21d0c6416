/**
 * `make alerts-drill`: provokes the alerts of the running stack, one fault after the other, and prints when each fired and when it ended.
 * Spans that are sent meanwhile may be lost: one drill is a loss. It takes about an hour; words behind the command choose alerts.
 */
import { carryOut } from "../drill/drill";
import { drills } from "../drill/drills";
import { main, note, UserError, step, table } from "../terminal/output";
import { loadSettings } from "../stack/stack";

main(async () => {
  const wanted = process.argv.slice(2);
  const known = drills.flatMap(({ alerts }) => alerts);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new UserError(`found ${unknown.join(", ")}; drills provoke ${known.join(", ")}`);
  const chosen = drills.filter(({ alerts }) => wanted.length === 0 || alerts.some((name) => wanted.includes(name)));

  // An interrupt ends the drill, and what it did is undone; a second one is an interrupt like any other.
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const others = process.listeners(signal);
    process.removeAllListeners(signal).once(signal, () => {
      interruption.abort();
      for (const other of others) process.on(signal, other);
    });
  }
  step(`Drill of ${chosen.flatMap(({ alerts }) => alerts).join(", ")}`);
  const time = () => new Date().toISOString().slice(11, 19);
  const rows = await carryOut(loadSettings(), chosen, (text) => note(`${time()} ${text}`), interruption.signal);
  const seconds = (value: number | undefined) => (value === undefined ? "not in time" : `${value} s`);
  const cells = rows.map(({ alert, what, firedAfter, resolvedAfter }) => [alert, what, seconds(firedAfter), seconds(resolvedAfter)]);
  console.log(`\n${table([["ALERT", "PROVOKED BY", "FIRES AFTER", "ENDS AFTER"], ...cells])}`);
  if (rows.some(({ firedAfter, resolvedAfter }) => firedAfter === undefined || resolvedAfter === undefined)) process.exitCode = 1;
});
