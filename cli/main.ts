/** The commands behind `make`, as one program: `npx tsx cli/main.ts <command> [words]`. Each is a file in commands/, loaded when it is asked for. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { command, program, runCommand } from "./terminal/command";
import { reportError } from "./terminal/output";

async function main(words: readonly string[]): Promise<void> {
  const all = program(join("cli", "main.ts"), "`make` lists what the commands do.").enablePositionalOptions();
  for (const file of readdirSync(join(__dirname, "commands"))) {
    const name = file.replace(/\.ts$/, "");
    const loaded = name === words[0] ? ((await import(`./commands/${name}`)) as { default: Command }).default : command("");
    all.addCommand(loaded.name(name));
  }
  runCommand(all, words.length > 0 ? words : ["--help"]);
}

main(process.argv.slice(2)).catch(reportError);
