/** Rung: unit. One command at a time changes a stack. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { alone, inTurn } from "../../../cli/machine/lock";
import { statusOf } from "../../../cli/machine/processes";
import { sleep } from "../../../cli/machine/run";
import { temporaryFolder } from "../../support/temporary-folder";

const home = temporaryFolder();
const file = () => join(home(), "dev", "lock");
const before = process.env.TRACING_HOME;

beforeEach(() => {
  process.env.TRACING_HOME = home();
  mkdirSync(join(home(), "dev"));
});
afterAll(() => {
  if (before === undefined) delete process.env.TRACING_HOME;
  else process.env.TRACING_HOME = before;
});

const work = () => Promise.resolve("done");

test("the lock is removed after the work", async () => {
  await expect(alone("dev", work)).resolves.toBe("done");
  expect(existsSync(file())).toBe(false);
});

test("the lock is removed after a failure", async () => {
  await expect(alone("dev", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(existsSync(file())).toBe(false);
});

test("a second command is refused, and names the process of the first", async () => {
  await alone("dev", async () => {
    await expect(alone("dev", work)).rejects.toThrow(`stack dev is being changed by process ${process.pid}; try again when it has ended`);
    await expect(alone("staging", work)).resolves.toBe("done");
    expect(readFileSync(file(), "utf8")).toBe(String(process.pid));
  });
});

test("the lock of an ended process does not apply", async () => {
  writeFileSync(file(), String(spawnSync("true").pid));
  await expect(alone("dev", work)).resolves.toBe("done");
});

const onLinux = existsSync("/proc/self/stat") ? test : test.skip;

onLinux("the lock of a zombie process does not apply", async () => {
  // The shell becomes a program that never asks after its child.
  const parent = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 60"]);
  try {
    const [said] = (await once(parent.stdout, "data")) as [Buffer];
    const zombie = Number(said.toString());
    while (statusOf(zombie)?.state !== "Z") await sleep(20);
    writeFileSync(file(), String(zombie));
    await expect(alone("dev", work)).resolves.toBe("done");
  } finally {
    parent.kill();
  }
});

test("the lock of a running process applies, unless it is stale: the process id was reused", async () => {
  const other = spawn("sleep", ["60"]);
  try {
    writeFileSync(file(), String(other.pid));
    await expect(alone("dev", work)).rejects.toThrow(`process ${other.pid}`);
    const longAgo = new Date(Date.now() - 61_000);
    utimesSync(file(), longAgo, longAgo);
    await expect(alone("dev", work)).resolves.toBe("done");
  } finally {
    other.kill();
  }
});

test("a second worker waits for its turn, and knows whose turn it is", async () => {
  const [order, owners]: [string[], number[]] = [[], []];
  const lock = join(home(), "cache.lock");
  const wait = async (owner: number, turn: Promise<void>) => {
    owners.push(owner);
    await turn;
  };
  const worker = (name: string) => () => {
    order.push(`${name} begins`);
    return sleep(50).then(() => order.push(`${name} ends`));
  };
  await Promise.all([inTurn(lock, wait, worker("first")), inTurn(lock, wait, worker("second"))]);
  expect(order).toEqual(["first begins", "first ends", "second begins", "second ends"]);
  expect(owners).toEqual([process.pid]);
  expect(existsSync(lock)).toBe(false);
});
