/** Rung: unit. The Docker platform's shell scripts, run by real shells in a temporary folder with a clock of their own. */
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cronScript, prepareScript, toolsFolder, toolsScript } from "../../../components/platform/docker/scripts";
import { temporaryFolder } from "../../support/temporary-folder";
import { run, shells } from "../support/shell";

const folder = temporaryFolder();
const path = (...parts: string[]) => join(folder(), ...parts);
const read = (name: string) => (existsSync(path(name)) ? readFileSync(path(name), "utf8") : "");
const lines = (name: string) =>
  read(name)
    .split("\n")
    .filter((line) => line !== "");

/** A day's first second, UTC. */
const midnight = 1_800_000_000 - (1_800_000_000 % 86_400);
const at = (day: number, hour: number, minute = 0) => midnight + day * 86_400 + hour * 3600 + minute * 60;

/**
 * The clock is a file. Sleeping moves it: half an hour for each of the many short pauses, so that days pass quickly, and else as long as
 * was asked for. At the end of the time it stops the script as an engine does.
 */
const clock = `
date() { [ "$*" = +%s ] || return 9; cat clock; }
sleep() {
  echo "$1" >> sleeps
  read now < clock
  if [ "$1" -eq 30 ]; then now=$((now + 1800)); else now=$((now + $1)); fi
  echo "$now" > clock
  [ "$now" -lt "$END" ] || kill -TERM $$
}
job() ( # A subshell, as a program is: it has no part in the script's variables.
  read now < clock
  echo "$now" >> runs
  now=$((now + \${TAKES:-0})); echo "$now" > clock
  read result rest < results || exit 0
  echo "$rest" > results
  exit "\${result:-0}"
)
report() { cat clock >> reports; return "$REPORT_RESULT"; }
`;

describe.each(shells)("cronScript in %s", (_name, shell) => {
  interface Given {
    readonly hour?: number;
    /** Time of the last good run, as the state has it. */
    readonly last?: string;
    readonly start: number;
    readonly end: number;
    /** Exit codes of the runs; 0 where there is none. */
    readonly results?: string;
    readonly takes?: number;
    readonly report?: boolean;
    readonly reportResult?: number;
  }

  /** Lets the script live from start to end; the times of its runs. */
  function live({ hour = 3, last, start, end, results = "", takes = 0, report = false, reportResult = 0 }: Given) {
    if (!existsSync(path("state"))) mkdirSync(path("state"));
    if (last !== undefined) writeFileSync(path("state/last-success"), last);
    writeFileSync(path("clock"), `${start}\n`);
    writeFileSync(path("results"), `${results}\n`);
    const script = cronScript("job", hour, "state", report ? "report" : undefined);
    const env = { END: String(end), TAKES: String(takes), REPORT_RESULT: String(reportResult) };
    const outcome = run(shell, `cd ${folder()}\n${clock}\n${script}`, env);
    return { ...outcome, runs: lines("runs").map(Number), reports: lines("reports").map(Number) };
  }

  test("runs at once without a known last run, then each day at its hour", () => {
    const { runs, code } = live({ start: at(0, 10), end: at(3, 4) });
    expect(runs).toEqual([at(0, 10), at(1, 3), at(2, 3), at(3, 3)]);
    expect(code).toBe(0);
    expect(new Set(lines("sleeps"))).toEqual(new Set(["30"]));
  });

  test("runs at once where the last run that was due is missing", () => {
    expect(live({ last: `${at(-1, 3)}\n`, start: at(0, 3, 1), end: at(0, 12) }).runs).toEqual([at(0, 3, 1)]);
  });

  test("waits for its hour where the last run that was due is done", () => {
    expect(live({ last: `${at(0, 3)}\n`, start: at(0, 10), end: at(1, 4) }).runs).toEqual([at(1, 3)]);
    expect(lines("state/last-success")).toEqual([String(at(1, 3))]);
  });

  test("does not run twice a day when it is started again", () => {
    const first = live({ start: at(0, 10), end: at(0, 12) });
    const second = live({ start: at(0, 12), end: at(0, 20) });
    expect(first.runs).toEqual([at(0, 10)]);
    expect(second.runs).toEqual([at(0, 10)]);
  });

  test("is due from the first second of its hour, not one before", () => {
    const last = `${at(-1, 3)}\n`;
    expect(live({ last, start: at(0, 3) - 1, end: at(0, 3) }).runs).toEqual([]);
    expect(live({ last, start: at(0, 3), end: at(0, 4) }).runs).toEqual([at(0, 3)]);
  });

  test("runs again where a run began before the hour and ended after it", () => {
    expect(live({ start: at(0, 2, 59), end: at(0, 5), takes: 120 }).runs).toEqual([at(0, 2, 59), at(0, 3, 1)]);
  });

  test("tries a failed run again after ten minutes, until it is done", () => {
    const { runs, err, out } = live({ start: at(0, 10), end: at(0, 12), results: "1 7" });
    expect(runs).toEqual([at(0, 10), at(0, 10, 10), at(0, 10, 20)]);
    expect(err.match(/failed; trying again in 10 minutes/g)).toHaveLength(2);
    expect(out).toBe(`${[420, 430, 440].map((n) => `running, due since ${n} minutes\n`).join("")}done; next run at 03:00 UTC\n`);
  });

  test("says how long a missed run has been due", () => {
    expect(live({ last: `${at(-1, 3)}\n`, start: at(0, 12), end: at(0, 13) }).out).toContain("running, due since 540 minutes\n");
    expect(live({ last: `${at(-1, 3)}\n`, start: at(0, 3), end: at(0, 3, 31) }).out).toContain("running, due since 0 minutes\n");
  });

  test("reports at once after a start and a run, and then every five minutes", () => {
    // A pause takes half an hour by this clock.
    const { reports } = live({ last: `${at(0, 3)}\n`, start: at(0, 10), end: at(0, 11, 59), report: true });
    expect(reports).toEqual([at(0, 10), at(0, 10, 30), at(0, 11), at(0, 11, 30)]);
    expect(live({ start: at(2, 2, 50), end: at(2, 4), report: true }).reports.slice(4)).toEqual([at(2, 2, 50), at(2, 3, 20), at(2, 3, 50)]);
  });

  test("goes on where a report fails, and reports again after the next pause", () => {
    const { reports, code } = live({ last: `${at(0, 3)}\n`, start: at(0, 10), end: at(0, 11), report: true, reportResult: 1 });
    expect(reports).toEqual([at(0, 10), at(0, 10, 30)]);
    expect(code).toBe(0);
  });

  test("does not remember a failed run as a good one", () => {
    live({ start: at(0, 10), end: at(0, 10, 5), results: "1" });
    expect(existsSync(path("state/last-success"))).toBe(false);
  });

  test.each(["", "rubbish\n", "12 34\n"])("runs where the state is %j", (last) => {
    expect(live({ last, start: at(0, 10), end: at(0, 12) }).runs).toEqual([at(0, 10)]);
    expect(read("state/last-success")).toBe(`${at(0, 10)}\n`);
  });

  test.each([0, 8, 23])("knows the hour %d", (hour) => {
    const { runs, out } = live({ hour, last: `${at(0, hour)}\n`, start: at(0, hour), end: at(2, hour, 1) });
    expect(runs).toEqual([at(1, hour), at(2, hour)]);
    expect(out).toContain(`next run at ${hour < 10 ? "0" : ""}${hour}:00 UTC`);
  });

  test("ends with 0 when it is told to stop, in either pause", () => {
    expect(live({ last: `${at(0, 3)}\n`, start: at(0, 10), end: at(0, 10, 1) }).code).toBe(0);
    expect(live({ last: "0\n", start: at(0, 10), end: at(0, 10, 1), results: "1" }).code).toBe(0);
  });
});

describe.each(shells)("prepareScript in %s", (_name, shell) => {
  /** Changing owners needs rights that a test has not: it is written down, with the mode that the file has at that time. */
  const chown = `chown() { echo "$1 $(stat -c %a "$2") $2" >> "$OWNERS"; }`;

  /** Prepares data and secrets of two users. */
  function prepare() {
    const script = prepareScript(
      [{ path: path("data"), uid: 10, gid: 20 }],
      [
        { source: path("secrets/one"), path: path("for-a"), name: "password", uid: 10, gid: 20 },
        { source: path("secrets/one"), path: path("for-b"), name: "copy", uid: 30, gid: 0 },
      ],
    );
    return run(shell, `${chown}\n${script}`, { OWNERS: path("owners") });
  }

  beforeEach(() => {
    for (const name of ["secrets", "data", "for-a", "for-b"]) mkdirSync(path(name));
    writeFileSync(path("secrets/one"), "s3cret");
    writeFileSync(path("data/trace"), "data", { mode: 0o640 });
  });

  test("gives each consumer a copy that its user alone can read", () => {
    expect(prepare()).toEqual({ code: 0, out: "prepared\n", err: "" });
    for (const file of ["for-a/password", "for-b/copy"]) {
      expect(read(file)).toBe("s3cret");
      expect((statSync(path(file)).mode & 0o777).toString(8)).toBe("400");
    }
    expect([readdirSync(path("for-a")), readdirSync(path("for-b"))]).toEqual([["password"], ["copy"]]);
    expect((statSync(path("for-a")).mode & 0o777).toString(8)).toBe("755");
  });

  test("gives data folders to their users, and touches nothing in them", () => {
    prepare();
    const mode = (statSync(path("data")).mode & 0o777).toString(8);
    expect(lines("owners")[0]).toBe(`10:20 ${mode} ${path("data")}`);
    expect(lines("owners").filter((line) => line.includes("/data/"))).toEqual([]);
    expect((statSync(path("data/trace")).mode & 0o777).toString(8)).toBe("640");
  });

  test("sets a secret's mode before it gives the secret away, and away from its place", () => {
    prepare();
    expect(lines("owners").slice(1)).toEqual([`10:20 400 ${path("for-a/.password")}`, `30:0 400 ${path("for-b/.copy")}`]);
  });

  test("may run again, with the same secret or a new one", () => {
    prepare();
    expect(prepare().code).toBe(0);
    writeFileSync(path("secrets/one"), "newer");
    expect(prepare().code).toBe(0);
    expect([read("for-a/password"), read("for-b/copy")]).toEqual(["newer", "newer"]);
  });

  test("fails where a secret is missing, and leaves the old copy in its place", () => {
    prepare();
    writeFileSync(path("secrets/other"), "");
    run(shell, `rm ${path("secrets/one")}`);
    const { code, out } = prepare();
    expect(code).not.toBe(0);
    expect(out).not.toContain("prepared");
    expect(read("for-a/password")).toBe("s3cret");
  });

  test("leaves a copy of what it began and did not end out of every consumer's sight", () => {
    writeFileSync(path("for-a/.password"), "half");
    prepare();
    expect(readdirSync(path("for-a"))).toEqual(["password"]);
  });
});

describe.each(shells)("toolsScript in %s", (_name, shell) => {
  const prepare = () => run(shell, toolsScript.replaceAll(toolsFolder, path("tools")).replaceAll("/bin/busybox", path("busybox")));

  beforeEach(() => {
    mkdirSync(path("tools"));
    writeFileSync(path("busybox"), "the tools", { mode: 0o755 });
  });

  test("runs while the tools are in use, as probes use them all the time", () => {
    copyFileSync("/bin/sleep", path("tools/busybox"));
    const probe = spawn(path("tools/busybox"), ["60"]);
    try {
      expect(prepare()).toEqual({ code: 0, out: "prepared\n", err: "" });
    } finally {
      probe.kill();
    }
    expect([read("tools/busybox"), readlinkSync(path("tools/nc"))]).toEqual(["the tools", "busybox"]);
  });

  test("lets every tool be found", () => {
    prepare();
    const tools = readdirSync(path("tools")).filter((name) => name !== "busybox");
    expect(tools).toEqual(expect.arrayContaining(["sh", "wget", "nc", "base64", "head", "grep", "cat", "env"]));
    expect(new Set(tools.map((name) => readlinkSync(path("tools", name))))).toEqual(new Set(["busybox"]));
    expect(read("tools/sh")).toBe("the tools");
  });

  test("may run again", () => {
    prepare();
    expect(prepare()).toEqual({ code: 0, out: "prepared\n", err: "" });
  });
});
