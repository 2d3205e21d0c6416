/** Shows that the images which the engine has keep the contract that the stack relies on: see README.md. */
import { Option } from "commander";
import { imageNames, imageReference, type ImageName, type ImageOrigin } from "../configs/images";
import { program, runCommand } from "../cli/terminal/command";
import type { Contracts } from "./contract/contract";
import { elasticsearch } from "./contract/elasticsearch";
import {
  alertmanager,
  busybox,
  collector,
  elasticsearchExporter,
  haproxy,
  indexCleaner,
  jaeger,
  oauth2Proxy,
  perses,
  prometheus,
} from "./contract/small-images";
import { presentImage } from "./lib/docker";
import { interrupted } from "./lib/run";

const contracts: Contracts = {
  elasticsearch,
  "otel-collector": collector,
  jaeger,
  "jaeger-es-index-cleaner": indexCleaner,
  prometheus,
  "elasticsearch-exporter": elasticsearchExporter,
  alertmanager,
  perses,
  haproxy,
  "oauth2-proxy": oauth2Proxy,
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

interface Flags {
  readonly official?: boolean;
  readonly registry?: string;
}

const line = program("images/contract.ts", "Check the images that the container engine has; nothing is pulled or built")
  .addOption(new Option("--official", "those that each project publishes").conflicts("local"))
  .option("--local", "those that images/build.ts made (the default)")
  .option("--registry <host>", "under the names they have in this mirror");

line.action(async (flags: Flags) => {
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
});

runCommand(line);
