/** Rung: unit. Command lines: what options may be, and how a command ends that cannot go on. */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { run } from "../../../cli/machine/run";
import { command, namesOf, wholeNumber } from "../../../cli/terminal/command";
import { temporaryFolder } from "../../support/temporary-folder";

jest.setTimeout(60_000);

const folder = temporaryFolder();

const cli = (...words: string[]) => run(process.execPath, ["--import", "tsx", resolve("cli/main.ts"), ...words]);

it.each(["0", "12"])("takes the whole number %s", (text) => expect(wholeNumber(text)).toBe(Number(text)));
it.each(["", "-1", "1.5", "1e3", "x"])("refuses %j as a whole number", (text) => expect(() => wholeNumber(text)).toThrow("a whole number"));

it("takes names from a list, and names those that there are", () => {
  const read = namesOf(["a", "b"]);
  expect(read("b,a")).toEqual(["b", "a"]);
  expect(() => read("a,c")).toThrow("Allowed: a, b.");
});

it("hands an action its options", async () => {
  const found: unknown[] = [];
  const line = command("Try").argument("<words...>").option("--count <n>", "how many", wholeNumber, 1);
  await line
    .action((words: string[], options: object) => void found.push(words, options))
    .parseAsync(["a", "b", "--count", "2"], { from: "user" });
  expect(found).toEqual([["a", "b"], { count: 2 }]);
});

it.each([
  [["dwon"], "error: unknown command 'dwon'\n(Did you mean down?)"],
  [["down", "now"], "error: too many arguments for 'down'. Expected 0 arguments but got 1."],
  [["bench-redaction", "--rounds", "-1"], "error: option '--rounds <times>' argument '-1' is invalid. Allowed: a whole number."],
  [["bench-compare", "--rate", "fast"], "error: option '--rate <spans>' argument 'fast' is invalid. Allowed: a whole number."],
  [["render", "--stack", "nowhere"], '\nerror: 1 error in the config of stack "nowhere":\n  - Pulumi.nowhere.yaml: there is no such file'],
])("ends %j with a message and exit code 1", async (words, output) => {
  expect(await cli(...words)).toEqual({ ok: false, stdout: "", output, why: "exit code 1" });
});

it("lists the commands where none is asked for", async () => {
  const { ok, stdout } = await cli();
  expect(ok).toBe(true);
  expect(stdout).toMatch(/^ {2}preview$/m);
});

describe("where nobody reads the output any more", () => {
  // The output is the process's own in each test file: what every import added would pile up.
  it("adds nothing to it by being imported", () => {
    const listeners = () => process.stdout.listenerCount("error");
    const before = listeners();
    jest.isolateModules(() => void require("../../../cli/terminal/command"));
    expect(listeners()).toBe(before);
  });

  it("goes on", async () => {
    const file = join(folder(), "program.ts");
    writeFileSync(
      file,
      `import { command, runCommand } from ${JSON.stringify(resolve("cli/terminal/command"))};
         const later = () => new Promise((resolve) => setTimeout(resolve, 200));
         runCommand(command("Print").action(async () => {
           console.log("first");
           await later();
           console.log("second");
           await later();
           console.error("done");
         }));`,
    );
    const { output } = await run("bash", ["-c", `"$0" --import tsx "$1" | head -n 1`, process.execPath, file]);
    expect(output).toBe("first\ndone");
  });
});
