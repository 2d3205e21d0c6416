/** Command lines: what they take, what they say about it, and how a command ends that cannot go on. */
import { Command, InvalidArgumentError } from "commander";
import { reportError } from "./output";

/** A command. What its action throws ends it with a message; see {@link reportError}. */
export const command = (description: string): Command => new Command().description(description);

/** A program of one command, called as `npx tsx <file>`. */
export const program = (file: string, description: string): Command => command(description).name(`npx tsx ${file}`);

/** Reads the command line and runs the command, which goes on if nobody reads its output any more. */
export function runCommand(line: Command, words: readonly string[] = process.argv.slice(2)): void {
  process.stdout.on("error", () => undefined);
  line.parseAsync(words, { from: "user" }).catch(reportError);
}

/** Reads an option's whole number. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Allowed: a whole number.");
  return Number(text);
}

/** Adds a value of an option that may be repeated to those before it. */
export const repeated = (value: string, before: readonly string[]): string[] => [...before, value];

/** Reads an option's names, with commas between them. */
export const namesOf =
  <T extends string>(known: readonly T[]) =>
  (text: string): T[] => {
    const names = text.split(",").filter(Boolean);
    const unknown = names.filter((name) => !(known as readonly string[]).includes(name));
    if (unknown.length > 0) throw new InvalidArgumentError(`Allowed: ${known.join(", ")}.`);
    return names as T[];
  };
