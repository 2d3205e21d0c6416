/** A question before what cannot be undone. */
import { createInterface } from "node:readline/promises";
import { options } from "./options";
import { UserError } from "./output";

/**
 * Asks, unless YES=1 has answered already; throws where the answer is another one.
 *
 * @param expected The answer that means yes.
 * @param unattended What to say where nobody can answer.
 */
export async function confirm(question: string, expected: string, unattended: string): Promise<void> {
  if (options.yes) return;
  if (!process.stdin.isTTY) throw new UserError(unattended);
  const dialogue = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await dialogue.question(`    ${question}: `);
  dialogue.close();
  if (answer.trim() !== expected) throw new UserError("nothing was done");
}
