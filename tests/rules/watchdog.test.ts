/** Rung: rules. The watchdog fires from the first look on, whatever the stack does. */
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { firing, holds } from "./support/promtool";
import { healthy } from "./support/series";

const folder = temporaryFolder();
const own = settingsWith({ alerts: { delivery: "own" } });

test("fires on a healthy stack, from the start on, and alone", async () => {
  await holds(folder(), healthy(10), [firing(0, ["Watchdog"]), firing(9, ["Watchdog"])], [], own);
});

test("fires where Prometheus sees nothing of the stack", async () => {
  const watchdog = firing(5, ["Watchdog"]);
  await holds(folder(), {}, [{ ...watchdog, expr: 'count by (alertname) (ALERTS{alertstate="firing", alertname="Watchdog"})' }], [], own);
});

test("is not there where the stack delivers no alerts", async () => {
  await holds(folder(), healthy(10), [firing(9, [])], [], settingsWith());
});
