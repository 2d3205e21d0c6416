/** Waiting for what comes by itself. */
import { answered } from "../../cli/machine/retry";

/** Asks until the answer is there; the last answer or error tells why not. */
export async function eventually<T>(what: string, seconds: number, ask: () => Promise<T | undefined>): Promise<T> {
  let why: unknown = "no answer";
  const attempt = () => ask().catch((error: unknown) => void (why = error));
  const answer = await answered(attempt, { within: seconds * 1000 });
  if (answer !== undefined) return answer;
  throw new Error(`${what}: not within ${seconds} s (${String(why)})`);
}

/** Asks until an answer suits; the last one where none does in time, for a test to judge. */
export async function until<T>(seconds: number, ask: () => Promise<T>, suits: (answer: T) => boolean): Promise<T> {
  let last: { readonly answer: T } | undefined;
  const suiting = async () => {
    last = { answer: await ask() };
    return suits(last.answer) ? last : undefined;
  };
  return (await answered(suiting, { within: seconds * 1000 }))?.answer ?? last!.answer;
}
