/** `make digests`: writes the digests of the official images into configs/images.ts, as Renovate does with each new version. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageNames, images } from "../../configs/images";
import { projectFolder } from "../stack/stack";
import { digestOf, withDigests } from "../supply-chain/digests";
import { command } from "../terminal/command";
import { note, UserError } from "../terminal/output";

const file = join("configs", "images.ts");

const digests = command("Write the digests of the official images into configs/images.ts").addHelpText(
  "after",
  "\nAsks each image's own registry what its tag leads to now, without a login. Whoever writes a digest for the first time trusts that answer.",
);

export default digests.action(async () => {
  const references = imageNames.map((name) => images[name].official.split("@", 1)[0] ?? "");
  const answers = await Promise.allSettled(references.map(async (reference) => [reference, await digestOf(reference)] as const));
  const problems = answers.flatMap((answer) => (answer.status === "rejected" ? [(answer.reason as Error).message] : []));
  if (problems.length > 0) throw new UserError(`nothing was written:\n  ${problems.join("\n  ")}`);
  const found = new Map(answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : [])));
  const path = join(projectFolder, file);
  const before = readFileSync(path, "utf8");
  const after = withDigests(before, found);
  for (const [reference, digest] of found) note(`${reference}@${digest}`);
  writeFileSync(path, after);
  note(after === before ? `${file} has them already` : `${file} has them now; next: make render ENV=dev, staging and prod`);
});
