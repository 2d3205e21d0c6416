/** The commands behind `make`, as one program: `npx tsx cli/main.ts <command> [words]`. Each is a file in commands/, loaded when it is asked for. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { distance } from "fastest-levenshtein";

const commands = readdirSync(join(__dirname, "commands")).map((file) => file.replace(/\.ts$/, ""));
const [asked = ""] = process.argv.splice(2, 1);

if (commands.includes(asked)) {
  // What is left of the command line is the command's own.
  void import(`./commands/${asked}`);
} else {
  const [nearest = ""] = [...commands].sort((one, other) => distance(one, asked) - distance(other, asked));
  const help = ["", "--help", "-h", "help"].includes(asked);
  const usage = `usage: npx tsx cli/main.ts COMMAND [WORDS]; commands: ${commands.join(", ")}\n\`make\` lists what they do`;
  (help ? console.log : console.error)(help ? usage : `error: no command ${JSON.stringify(asked)}; did you mean ${nearest}?\n${usage}`);
  process.exitCode = help ? 0 : 1;
}
