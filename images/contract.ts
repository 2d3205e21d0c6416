/** Shows that the images which the engine has keep the contract that the stack relies on: see README.md. */
import { parseArgs } from "node:util";
import { imageNames, imageReference, type ImageName, type ImageOrigin } from "../configs/images";
import type { Contracts } from "./contract/contract";
import { elasticsearch } from "./contract/elasticsearch";
import { alertmanager, busybox, collector, elasticsearchExporter, indexCleaner, jaeger, perses, prometheus } from "./contract/small-images";
import { presentImage } from "./lib/docker";
import { interrupted } from "./lib/run";

const help = `Usage: npx tsx images/contract.ts [--official | --local] [--registry HOST]

Checks the images that the container engine has. Nothing is pulled or built.

  --official       those that each project publishes
  --local          those that images/build.ts made (the default)
  --registry HOST  under the names they have in this mirror
`;

const contracts: Contracts = {
  elasticsearch,
  "otel-collector": collector,
  jaeger,
  "jaeger-es-index-cleaner": indexCleaner,
  prometheus,
  "elasticsearch-exporter": elasticsearchExporter,
  alertmanager,
  perses,
  busybox,
};

let passed = 0;
let failed = 0;

async function check(image: ImageName, claim: string, verify: () => Promise<void>): Promise<void> {
  try {
    await verify();
    passed++;
    console.log(`ok      ${image}: ${claim}`);
  } catch (error) {
    interrupted.throwIfAborted();
    failed++;
    const message = error instanceof Error ? error.message : String(error);
    console.log(`FAILED  ${image}: ${claim}\n${message.replace(/^/gm, "        ")}`);
  }
}

async function main(): Promise<void> {
  const { values: flags } = parseArgs({
    options: {
      official: { type: "boolean" },
      local: { type: "boolean" },
      registry: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (flags.help) return void process.stdout.write(help);
  if (flags.official && flags.local) throw new Error("--official and --local are two different sets");
  const origin: ImageOrigin = { source: flags.official ? "official" : "local", registry: flags.registry };

  // A check that waits for what never comes ends the program early, and that is no success.
  process.exitCode = 1;
  for (const image of imageNames) {
    const reference = imageReference(image, origin);
    if (await presentImage(reference)) {
      await contracts[image]({
        reference,
        busybox: imageReference("busybox", origin),
        check: (claim, verify) => check(image, claim, verify),
      });
    } else {
      await check(image, `the engine has ${reference}`, () =>
        Promise.reject(new Error(flags.official ? `docker pull ${reference}` : `npx tsx images/build.ts --only ${image}`)),
      );
    }
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

main().catch((error: unknown) => {
  console.error(`contract: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
