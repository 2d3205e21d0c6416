/** A stand-in for kubectl: a program of that name before all others on PATH, which answers as a test says and writes down what it is asked. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { temporaryFolder } from "../../../support/temporary-folder";

/** Its behaviour for matching arguments, joined by blanks. The first match applies. */
export interface Answer {
  readonly words: RegExp;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly code?: number;
  /** Stays until it is ended, or so many milliseconds. */
  readonly stays?: true | number;
}

const program = `#!${process.execPath}
const { appendFileSync, readFileSync } = require("node:fs");
const words = process.argv.slice(2).join(" ");
appendFileSync(__dirname + "/asked", JSON.stringify(words) + "\\n");
const answers = JSON.parse(readFileSync(__dirname + "/answers.json", "utf8"));
const answer = answers.find(({ words: pattern }) => new RegExp(pattern, "s").test(words)) ?? { stderr: "unexpected: " + words, code: 97 };
process.stdout.write(answer.stdout ?? "");
process.stderr.write(answer.stderr ?? "");
process.exitCode = answer.code ?? 0;
if (answer.stays === true) setInterval(() => undefined, 1000);
else if (answer.stays) setTimeout(() => undefined, answer.stays);
`;

/** One for each test of a file. */
export function standInKubectl() {
  const folder = temporaryFolder();
  const path = process.env.PATH;
  beforeEach(() => {
    writeFileSync(join(folder(), "kubectl"), program, { mode: 0o755 });
    process.env.PATH = `${folder()}${delimiter}${path ?? ""}`;
  });
  afterEach(() => void (process.env.PATH = path));
  return {
    answers: (...answers: readonly Answer[]) => {
      const plain = answers.map(({ words, ...rest }) => ({ words: words.source, ...rest }));
      writeFileSync(join(folder(), "answers.json"), JSON.stringify(plain));
    },
    /** The words of each call, in order. */
    asked: (): string[] => {
      const file = join(folder(), "asked");
      if (!existsSync(file)) return [];
      return readFileSync(file, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as string);
    },
  };
}

/** A list as `kubectl get --output json` prints it. */
export const list = (items: readonly unknown[]): string => JSON.stringify({ apiVersion: "v1", kind: "List", items });
