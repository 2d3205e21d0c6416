/** `make sbom`: what is inside the packages and the images, as CycloneDX files. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { subjectsNamed, writeSboms } from "../supply-chain/sbom";
import { options } from "../terminal/options";
import { main, note } from "../terminal/output";

const help = `Usage: npx tsx cli/main.ts sbom [--only WORD]... [--out FOLDER]

  --only WORD   stack (its npm package), thebot-tracing, images, or an image's name (default: all)
  --out FOLDER  where to (default: sbom)

IMAGES=local takes the images that \`make images\` built, else the official ones are read from their registries.`;

main(async () => {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [] },
      out: { type: "string", default: "sbom" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  await writeSboms(subjectsNamed(values.only), options.images ?? "official", resolve(values.out));
  note(`${values.out}/ has the SBOMs`);
});
