/** Debian's libfaketime: a library that answers for the system's clock. A static Go binary does not ask it, a JVM does. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const libraries = "/usr/lib";
const library = "libfaketime.so.1";

/** Where a container has the folder with it. */
export const fakeClockMount = "/faketime";

/** Its folder on this machine; undefined where it is not installed. */
export function fakeClock(): string | undefined {
  const folders = existsSync(libraries) ? readdirSync(libraries).map((triple) => join(libraries, triple, "faketime")) : [];
  return folders.find((folder) => existsSync(join(folder, library)));
}

/** The variables by which a program takes its time's offset, in seconds, from a file. It looks once a second. */
export const fakeClockEnvironment = (file: string): Record<string, string> => ({
  LD_PRELOAD: `${fakeClockMount}/${library}`,
  FAKETIME_TIMESTAMP_FILE: file,
  FAKETIME_CACHE_DURATION: "1",
});
