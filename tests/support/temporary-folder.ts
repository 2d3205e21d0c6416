import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const make = () => mkdtempSync(join(tmpdir(), "tracing-test-"));
const remove = (folder: string) => rmSync(folder, { recursive: true, force: true });

/** A folder of its own for each test of a file, removed behind it. */
export function temporaryFolder(): () => string {
  let folder = "";
  beforeEach(() => {
    folder = make();
  });
  afterEach(() => remove(folder));
  return () => folder;
}

/** One folder for all tests of a file, removed behind them. */
export function sharedFolder(): string {
  const folder = make();
  afterAll(() => remove(folder));
  return folder;
}
