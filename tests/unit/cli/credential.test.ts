/** Rung: unit. The credential with which commands send spans, and that all of them send it. */
import { readFileSync, statSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { Target } from "../../../cli/drill/target";
import { credentialFile, credentialHeaders, ledgerCredential } from "../../../cli/running/credential";
import type { RunningStack } from "../../../cli/running/running-stack";
import { projectFolder } from "../../../render/record";
import { httpServer } from "../../support/http-server";
import { settingsWith } from "../../support/settings";
import { temporaryFolder } from "../../support/temporary-folder";

const token = "t".repeat(40);
const folder = temporaryFolder();
const asks = (answer: string | undefined) => ({ stackToken: () => Promise.resolve(answer) });

test("is a header, and a file that only its owner may read", async () => {
  expect(await credentialHeaders(asks(token))).toEqual({ authorization: `Bearer ${token}` });
  const file = (await credentialFile(asks(token), folder())) ?? "";
  expect(readFileSync(file, "utf8")).toBe(token);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await ledgerCredential(asks(token), folder())).toEqual(["--token-file", file]);
});

test("is none where the stack asks for none", async () => {
  expect(await credentialHeaders(asks(undefined))).toEqual({});
  expect(await ledgerCredential(asks(undefined), folder())).toEqual([]);
});

test("goes with what make alerts-drill sends", async () => {
  const received: (string | undefined)[] = [];
  const server = await httpServer((request, response) => {
    received.push(request.headers.authorization);
    response.end();
  });
  class Here extends Target {
    stop = () => Promise.resolve();
    start = () => Promise.resolve();
  }
  const reach = () => Promise.resolve(`http://127.0.0.1:${server.port}`);
  const target = new Here({ ...asks(token), settings: settingsWith(), reach } as unknown as RunningStack);
  expect(await target.send(1)).toBe(true);
  await target.sendTooMuch();
  expect(received).toEqual([`Bearer ${token}`, `Bearer ${token}`]);
  await server.close();
});

// A new command that sends by itself would be refused by a stack that asks for tokens.
test("commands send to the receivers through what knows of it, and in no other way", () => {
  const files = execFileSync("git", ["grep", "--files-with-matches", "-e", "/v1/traces", "-e", "OTLPTraceExporter", "--", "cli"], {
    cwd: projectFolder,
    encoding: "utf8",
  });
  expect(files.trim().split("\n")).toEqual(["cli/drill/target.ts", "cli/running/span-sender.ts"]);
});
