/**
 * Rung: real systems end to end. The stack's cleaner on a real Elasticsearch whose clock was in the past when the indices were made: the
 * cleaner goes by the time at which an index was made, which nobody can set.
 */
import { cleanerGauges } from "../../../configs/jaeger/cleaner-metrics";
import { gaugeMetric } from "../../../configs/reported-gauges";
import { sleep } from "../../../cli/machine/run";
import { settingsWith } from "../../support/settings";
import { ClockedStore } from "../lib/clock";
import { eventually } from "../../support/waiting";

jest.setTimeout(15 * 60_000);

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const store = new ClockedStore(settingsWith());

/** The cleaner from Jaeger 2.20 on, which counts days back from now and not from midnight, is the official one. */
const countsFromNow = process.env.IMAGES === "official";

/** Indices, by what they are: their names, and when they are made. */
interface Made {
  readonly name: string;
  readonly at: number;
}
let made: Record<"tenDays" | "otherPrefix" | "beforeMidnight" | "afterMidnight" | "sevenDaysAndAnHour", Made>;

const dated = (prefix: string, at: number): Made => ({ name: `${prefix}-${new Date(at).toISOString().slice(0, 10)}`, at });

beforeAll(async () => {
  // All of the test is on one day, UTC.
  const left = day - (Date.now() % day);
  if (left < 10 * minute) await sleep(left + 1000);
  const now = Date.now();
  /** The midnight up to which a retention of seven days deletes. */
  const midnight = now - (now % day) - 7 * day;
  made = {
    tenDays: dated("jaeger-span", now - 10 * day),
    otherPrefix: dated("other-jaeger-span", now - 10 * day + minute),
    beforeMidnight: dated("jaeger-span", midnight - minute),
    afterMidnight: dated("jaeger-span", midnight + minute),
    // In the first hour of a day it would be of the day before, and all its spans older than seven days.
    sevenDaysAndAnHour: dated("jaeger-service", Math.max(now - 7 * day - hour, midnight + 2 * minute)),
  };
  await store.begin();
  await store.elasticsearch(now - made.tenDays.at);
  for (const { name, at } of Object.values(made).sort((a, b) => a.at - b.at)) {
    store.setClock(Date.now() - at);
    await sleep(2500);
    await store.ask(`/${name}`, "PUT");
  }
  // From here on its clock is the true one, and so is the cleaner's.
  await store.elasticsearch();
  await store.ask(`/${dated("jaeger-span", Date.now()).name}`, "PUT");
});
afterAll(() => store.end());

const today = () => dated("jaeger-span", Date.now()).name;
const oldest = gaugeMetric(cleanerGauges.oldestIndex);

test("the indices were made when they say, also around midnight", async () => {
  const indices = await store.indices();
  expect(Object.keys(indices).sort()).toEqual([...Object.values(made).map(({ name }) => name), today()].sort());
  for (const { name, at } of Object.values(made)) expect(Math.abs(indices[name]! - at)).toBeLessThan(0.9 * minute);
});

test("an index made 10 days ago is deleted, one of 7 days and an hour is kept; midnight, or now, divides", async () => {
  const { ok, output } = await store.clean();
  expect({ ok, output }).toEqual({ ok: true, output });
  expect(Object.keys(await store.indices()).sort()).toEqual(
    [made.otherPrefix, made.afterMidnight, made.sevenDaysAndAnHour, ...(countsFromNow ? [made.beforeMidnight] : [])]
      .map(({ name }) => name)
      .concat(today())
      .sort(),
  );
  // What the cleaner does not see is told: by the log, and by the metric that the alert goes by.
  expect(output).toContain("none should be older than 219 hours");
  const at = await eventually(oldest, 20, () => store.metric(oldest));
  expect(Math.abs(at * 1000 - made.otherPrefix.at)).toBeLessThan(minute);
  expect(await store.metric(gaugeMetric(cleanerGauges.lastRun))).toBe(1);
});

test("a second run deletes nothing more, and tells of the next oldest index", async () => {
  await store.ask(`/${made.otherPrefix.name}`, "DELETE");
  const before = await store.indices();
  const { ok, output } = await store.clean();
  expect(ok).toBe(true);
  expect(output).toContain("No indices to delete");
  expect(output).not.toContain("none should be older");
  expect(await store.indices()).toEqual(before);
  await eventually("the next oldest index", 20, async () => {
    const at = await store.metric(oldest);
    const next = countsFromNow ? made.beforeMidnight : made.afterMidnight;
    return at !== undefined && Math.abs(at * 1000 - next.at) < minute ? true : undefined;
  });
});
