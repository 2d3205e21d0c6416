/** Rung: unit. Files and secrets in a compose file: the tasks that write them, run by real shells. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compose } from "../../../render/compose";
import { secretMarker, type Recorded } from "../../../render/record";
import { temporaryFolder } from "../../support/temporary-folder";
import { uploader, type File } from "../support/recorded";
import { run, shells } from "../support/shell";

const composed = (...resources: Recorded[]) => compose("dev", resources).compose as File;

describe("files", () => {
  const folder = temporaryFolder();

  test("are carried, by name", () => {
    const { files } = compose("dev", [uploader("a", [{ file: "/etc/a.yml", content: "a: 1\n", permissions: "0444" }])]);
    expect(files).toEqual({ "a.yml": "a: 1\n" });
  });

  test("of two services cannot have one name", () => {
    const up = (name: string) => uploader(name, [{ file: `/${name}/config.yml`, content: name, permissions: "0444" }]);
    expect(() => composed(up("a"), up("b"))).toThrow("two files are called config.yml");
  });

  /** Runs the task that stands for an uploader, as the engine would: with Compose's dollars resolved. */
  function put(shell: readonly [string, ...string[]], uploads: readonly object[]) {
    const task = composed(uploader("up", uploads)).services["tracing-up"]!;
    const plain = (text: string) => text.replaceAll("$$", "$");
    const environment = Object.fromEntries(Object.entries(task.environment ?? {}).map(([key, value]) => [key, plain(value)]));
    return run(shell, plain(task.command[0]!), environment);
  }
  const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

  test.each(shells)("are written by %s exactly as they are, with their mode, and written again", (_name, shell) => {
    const [one, two] = [join(folder(), "one.yml"), join(folder(), "two.sh")];
    const content = "#!/bin/sh\n\n'single' \"double\" $HOME $$ `x` \\n %s é\n\n";
    const uploads = [
      { file: one, content, permissions: "0444" },
      { file: two, content: "no line end", permissions: "0400" },
    ];
    writeFileSync(one, "old");
    for (const turn of [1, 2]) expect([turn, put(shell, uploads)]).toEqual([turn, { code: 0, out: "", err: "" }]);
    expect([readFileSync(one, "utf8"), mode(one)]).toEqual([content, "444"]);
    expect([readFileSync(two, "utf8"), mode(two)]).toEqual(["no line end", "400"]);
  });

  test.each([
    ["a file", "text"],
    ["a generated secret", secretMarker(8)],
  ])("that cannot be written fail the task: %s, with another behind it that can", (_what, content) => {
    const uploads = [
      { file: join(folder(), "missing", "file"), content, permissions: "0444" },
      { file: join(folder(), "other"), content: "", permissions: "0444" },
    ];
    for (const [, shell] of shells) expect(put(shell, uploads).code).not.toBe(0);
  });

  describe("of a generated secret", () => {
    const secret = () => join(folder(), "password");
    const upload = () => [{ file: secret(), content: secretMarker(32), permissions: "0400" }];

    test.each(shells)("are made by %s once: letters and digits, for their owner only", (_name, shell) => {
      expect(put(shell, upload()).code).toBe(0);
      const first = readFileSync(secret(), "utf8");
      expect(first).toMatch(/^[A-Za-z0-9]{32}$/);
      expect(mode(secret())).toBe("400");
      expect(put(shell, upload()).code).toBe(0);
      expect(readFileSync(secret(), "utf8")).toBe(first);
    });

    test("are made where an empty one was left behind, and differ from place to place", () => {
      writeFileSync(secret(), "");
      put(shells[0]![1], upload());
      const other = join(folder(), "other");
      mkdirSync(other);
      put(shells[0]![1], [{ file: join(other, "password"), content: secretMarker(32), permissions: "0400" }]);
      expect(readFileSync(secret(), "utf8")).toHaveLength(32);
      expect(readFileSync(join(other, "password"), "utf8")).not.toBe(readFileSync(secret(), "utf8"));
    });

    test("are text nowhere: not in the compose file, not among the files", () => {
      const rendered = compose("dev", [uploader("up", upload())]);
      expect(rendered.files).toEqual({});
      expect(JSON.stringify(rendered.compose)).not.toContain("generated secret");
      expect((rendered.compose as File).services["tracing-up"]).not.toHaveProperty("environment");
    });
  });
});
