/** Rung: unit. Other programs: what is known of how they ended. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { attach, execOrThrow, run } from "../../../cli/machine/run";
import { temporaryFolder } from "../../support/temporary-folder";

const shell = (script: string, options = {}) => run("bash", ["-c", script], options);

it("keeps output and errors in the order in which they came", async () => {
  const outcome = await shell("echo a; sleep 0.05; echo b >&2; sleep 0.05; echo c");
  expect(outcome).toEqual({ ok: true, stdout: "a\nc", output: "a\nb\nc", why: "" });
});

it.each([
  ["exit 3", "exit code 3"],
  ["kill -KILL $$", "ended by SIGKILL"],
])("says how %s ended", async (script, why) => {
  expect(await shell(`echo said; ${script}`)).toEqual({ ok: false, stdout: "said", output: "said", why });
});

it("says that a program is not installed", async () => {
  expect(await run("no-such-program", [])).toEqual({ ok: false, stdout: "", output: "", why: "no-such-program is not installed" });
  await expect(attach("no-such-program", [])).rejects.toThrow("no-such-program is not installed");
});

it("stops a program at its limit, and waits until it has ended", async () => {
  const outcome = await shell("trap 'kill $!; sleep 0.1; echo cleared; exit 0' TERM; sleep 5 & wait", { timeout: 300 });
  expect(outcome).toMatchObject({ ok: false, stdout: "cleared", why: "not done within 0.3 s" });
});

it("hands over each line, also at a carriage return, but no empty lines", async () => {
  const lines: string[] = [];
  const outcome = await shell("printf 'a\\rb\\n\\nc\\n'; sleep 0.05; echo d >&2; exit 1", { onLine: (line: string) => lines.push(line) });
  expect(lines).toEqual(["a", "b", "c", "d"]);
  expect(outcome).toEqual({ ok: false, stdout: "", output: "a\nb\n\nc\nd", why: "exit code 1" });
});

it("keeps nothing of an endless program", async () => {
  const lines: string[] = [];
  expect(await shell("echo a", { endless: true, onLine: (line: string) => lines.push(line) })).toMatchObject({ ok: true, output: "" });
  expect(lines).toEqual(["a"]);
});

it("stops a program that says nothing, and lets one go on that has begun", async () => {
  const onLine = () => undefined;
  expect(await shell("sleep 5", { firstAnswer: 100, onLine })).toMatchObject({ ok: false, why: "no answer within 0.1 s" });
  expect(await shell("echo begun; sleep 1", { firstAnswer: 900, onLine })).toMatchObject({ ok: true });
});

it("throws with the program's last lines", async () => {
  await expect(execOrThrow("bash", ["-c", "echo no; exit 2"])).rejects.toThrow("bash -c echo no; exit 2 failed: exit code 2\n    no");
  expect(await execOrThrow("echo", ["  yes  "])).toBe("yes");
  expect(await attach("bash", ["-c", "exit 4"])).toBe(4);
});

describe("an interrupt", () => {
  const folder = temporaryFolder();

  /** Interrupts a program of ours that runs a shell script; what it printed, its exit code, and what the script wrote. */
  async function interrupted(patient: boolean): Promise<{ printed: string; code: unknown; written: string }> {
    const file = join(folder(), "written");
    const program = join(folder(), "program.ts");
    const script = `trap 'kill $!; sleep 0.2; echo ended >> ${file}; exit 0' TERM; echo $$ > ${file}; echo up; sleep 20 & wait`;
    const options = `{ patient: ${patient}, onLine: console.log }`;
    writeFileSync(
      program,
      `import { run } from ${JSON.stringify(resolve("cli/machine/run"))};
         void run("bash", ["-c", ${JSON.stringify(script)}], ${options}).then(({ why }) => console.log(why));`,
    );
    const child = spawn(process.execPath, ["--import", "tsx", program], { stdio: ["ignore", "pipe", "inherit"] });
    let printed = "";
    for await (const data of child.stdout.setEncoding("utf8")) {
      if (printed === "") child.kill("SIGINT");
      printed += data as string;
    }
    const code: unknown = child.exitCode ?? ((await once(child, "close")) as unknown[])[0];
    await new Promise((done) => setTimeout(done, 600));
    return { printed, code, written: readFileSync(file, "utf8").replace(/^\d+\n/, "") };
  }

  it("ends what runs, and us at once", async () => {
    expect(await interrupted(false)).toEqual({ printed: "up\n", code: 130, written: "ended\n" });
  });

  it("waits for a program that needs its time", async () => {
    expect(await interrupted(true)).toEqual({ printed: "up\ninterrupted\n", code: 0, written: "ended\n" });
  });
});
