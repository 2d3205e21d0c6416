/** `make sbom`: what is inside the packages and the images, as CycloneDX files. */
import { resolve } from "node:path";
import { subjectsNamed, writeSboms } from "../supply-chain/sbom";
import { command, repeated } from "../terminal/command";
import { options } from "../terminal/options";
import { note } from "../terminal/output";

const sbom = command("Write SBOMs of the packages and the images, as CycloneDX files")
  .option(
    "--only <word>",
    "stack (its npm package), thebot-tracing, images, or an image's name; may be repeated (default: all)",
    repeated,
    [],
  )
  .option("--out <folder>", "output folder", "sbom")
  .addHelpText(
    "after",
    "\nIMAGES=local takes the images that `make images` built; otherwise the official ones are read from their registries.",
  );

export default sbom.action(async ({ only, out }: { readonly only: readonly string[]; readonly out: string }) => {
  await writeSboms(subjectsNamed(only), options.images ?? "official", resolve(out));
  note(`${out}/ has the SBOMs`);
});
