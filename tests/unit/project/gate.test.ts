/** Rung: unit. The gate .ci/run: its last line and its exit status, whatever `make test` does. */
import { spawnSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../../../render/record";
import { temporaryFolder } from "../../support/temporary-folder";

const folder = temporaryFolder();

/** Runs the gate with stand-ins for programs, given as shell scripts, and the few that it calls itself. */
function gate(programs: Readonly<Record<string, string>>) {
  const tools = ["dirname", "mktemp", "grep", "tail", "tee", "rm", "id"].filter((tool) => !(tool in programs));
  for (const tool of tools) symlinkSync(join("/usr/bin", tool), join(folder(), tool));
  for (const [name, script] of Object.entries(programs)) writeFileSync(join(folder(), name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const { status, stdout, stderr } = spawnSync("/bin/bash", [join(projectFolder, ".ci", "run")], {
    env: { PATH: folder() },
    input: "a line that nobody must read",
    encoding: "utf8",
  });
  return { status, stderr, last: stdout.split("\n").slice(-2), stdout };
}

const node = { node: "", npm: "" };

test.each([
  ["passes", "echo '7 passed, 0 failed'", 0, "7 passed, 0 failed"],
  [
    "fails, which make reports after the sum",
    "echo '6 passed, 1 failed'; echo 'make: *** [test] Error 1'; exit 2",
    2,
    "6 passed, 1 failed",
  ],
  ["prints sums of its parts before its own", "echo '2 passed, 0 failed'; echo '9 passed, 0 failed'; echo done", 0, "9 passed, 0 failed"],
  ["ends before any sum", "echo 'error: 3 things are missing' >&2; exit 2", 2, "0 passed, 1 failed"],
  ["gets no input, and CI=true", '[ "$CI $(cat)" = "true " ] || exit 3; echo "1 passed, 0 failed"', 0, "1 passed, 0 failed"],
])("make test %s", (_, make, status, sum) => {
  expect(gate({ ...node, cat: 'read -r line; echo "$line"', make })).toMatchObject({ status, last: [sum, ""] });
});

test.each([
  ["make", node],
  ["node", { make: "exit 0", npm: "" }],
  ["npm", { make: "exit 0", node: "" }],
])("without %s it says so, and fails with a sum", (name, programs) => {
  expect(gate(programs)).toEqual({
    status: 1,
    stderr: `error: ${name} is not installed\n`,
    last: ["0 passed, 1 failed", ""],
    stdout: "0 passed, 1 failed\n",
  });
});

test("as root it installs make, waiting for whoever installs something else", () => {
  const make = `printf '#!/bin/sh\\necho "1 passed, 0 failed"\\n' > ${folder()}/make; chmod +x ${folder()}/make`;
  const apt = `case "$*" in *Lock::Timeout=*" install "*" make") ${make};; esac`;
  symlinkSync("/usr/bin/chmod", join(folder(), "chmod"));
  const { status, last } = gate({ ...node, id: "echo 0", "apt-get": apt });
  expect({ status, last }).toEqual({ status: 0, last: ["1 passed, 0 failed", ""] });
});
