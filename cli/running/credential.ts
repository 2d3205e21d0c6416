/** The credential with which commands send spans to a running stack, in the forms that senders take. None where the stack asks nobody for one. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunningStack } from "./running-stack";

type Receiver = Pick<RunningStack, "stackToken">;

/** Headers of a request. */
export async function credentialHeaders(stack: Receiver): Promise<Record<string, string>> {
  const token = await stack.stackToken();
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/**
 * Path of a file with the token, which a program can be given without its command line showing the token; undefined where there is none.
 *
 * @param folder Where the file is made, with mode 0600.
 */
export async function credentialFile(stack: Receiver, folder: string): Promise<string | undefined> {
  const token = await stack.stackToken();
  if (token === undefined) return undefined;
  const file = join(folder, "stack-token");
  writeFileSync(file, token, { mode: 0o600 });
  return file;
}

/** Flags of the ledger (tests/ledger). The file is made as {@link credentialFile} does. */
export async function ledgerCredential(stack: Receiver, folder: string): Promise<string[]> {
  const file = await credentialFile(stack, folder);
  return file === undefined ? [] : ["--token-file", file];
}
