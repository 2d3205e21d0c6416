/** Rung: unit. What `make status` says of retention and of the queue. */
import { cleaningState, oldestIndex, queueState } from "../../../cli/status/measures";
import { settingsWith } from "../../support/settings";

const settings = settingsWith();
const at = (text: string) => Date.parse(`${text}Z`);
const seconds = (text: string) => at(text) / 1000;

describe("cleaning", () => {
  const now = at("2026-11-22T12:00");

  test.each<[string, number | undefined, number | "failed" | undefined, string]>([
    ["a good run of today", seconds("2026-11-22T03:00:07"), 0, "last 2026-11-22 03:00 UTC, next 2026-11-23 03:00 UTC; 7 days are kept"],
    [
      "a run at the start, later than the hour",
      seconds("2026-11-22T11:00"),
      0,
      "last 2026-11-22 11:00 UTC, next 2026-11-23 03:00 UTC; 7 days are kept",
    ],
    ["a missed run", seconds("2026-11-21T03:00"), 0, "last 2026-11-21 03:00 UTC, OVERDUE since 2026-11-22 03:00 UTC; 7 days are kept"],
    [
      "a run that fails",
      seconds("2026-11-21T03:00"),
      1,
      "last 2026-11-21 03:00 UTC, THE LAST TRY FAILED with code 1, OVERDUE since 2026-11-22 03:00 UTC; 7 days are kept",
    ],
    ["no run", undefined, undefined, "no good run known, OVERDUE since 2026-11-22 03:00 UTC; 7 days are kept"],
    [
      "a run that failed, nobody knows how",
      seconds("2026-11-22T03:00"),
      "failed",
      "last 2026-11-22 03:00 UTC, THE LAST TRY FAILED, next 2026-11-23 03:00 UTC; 7 days are kept",
    ],
  ])("tells of %s", (_what, success, result, text) => {
    expect(cleaningState(settings, { success, result }, now)).toBe(text);
  });

  test("misses no run that was due before the cleaner was there", () => {
    expect(cleaningState(settings, { since: seconds("2026-11-22T03:01") }, now)).toBe(
      "no good run known, next 2026-11-23 03:00 UTC; 7 days are kept",
    );
    expect(cleaningState(settings, { since: seconds("2026-11-22T02:59") }, now)).toContain("OVERDUE since 2026-11-22 03:00 UTC");
  });

  test.each([
    ["2026-11-22T02:59", "2026-11-22 03:00"],
    ["2026-11-22T03:00", "2026-11-23 03:00"],
  ])("knows at %s that the next run is at %s", (time, next) => {
    expect(cleaningState(settings, { success: at(time) / 1000, result: 0 }, at(time))).toContain(`next ${next} UTC`);
  });
});

describe("the oldest index", () => {
  const made = at("2026-11-15T00:00");
  const index = { index: "jaeger-span-2026-11-15", "creation.date": String(made) };
  const after = (hours: number) => oldestIndex(settings, index, made + hours * 3_600_000);

  test("has its age in hours, then in days", () => {
    expect(after(1.5)).toBe("the oldest, jaeger-span-2026-11-15, is 1.5 hours old");
    expect(after(60)).toBe("the oldest, jaeger-span-2026-11-15, is 2.5 days old");
  });

  test("is marked where the cleaner should have deleted it", () => {
    expect(after(218.9)).not.toContain("DELETED");
    expect(after(219)).toBe("the oldest, jaeger-span-2026-11-15, is 9.1 days old, AND SHOULD BE DELETED");
  });
});

describe("queue", () => {
  const [waiting, room] = [24 * 1024 * 1024, 97 * 1024 * 1024];
  const fill = "24 MiB of 97 MiB of spans wait for Jaeger";

  test.each<[string, number | undefined, number | undefined, number | undefined, string]>([
    ["none has reported", undefined, undefined, undefined, "not known yet"],
    ["it does not grow", waiting, room, undefined, fill],
    ["it grows slowly", waiting, room, 86_401, fill],
    ["it is full within minutes", waiting, room, 61, `${fill}; full in about 2 min at the rate of the last 10 minutes`],
    ["it is full within hours", waiting, room, 7200, `${fill}; full in about 2 hours at the rate of the last 10 minutes`],
  ])("where %s", (_what, waits, holds, fullIn, text) => expect(queueState(waits, holds, fullIn)).toBe(text));
});
