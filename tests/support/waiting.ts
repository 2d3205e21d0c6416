/** Waiting for what comes by itself. */
import { sleep } from "../../cli/machine/run";

/** Asks until the answer is there; the last answer or error tells why not. */
export async function eventually<T>(what: string, seconds: number, ask: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + seconds * 1000;
  let why: unknown = "no answer";
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      why = error;
    }
    await sleep(500);
  }
  throw new Error(`${what}: not within ${seconds} s (${String(why)})`);
}

/** Asks until an answer suits; the last one where none does in time, for a test to judge. */
export async function until<T>(seconds: number, ask: () => Promise<T>, suits: (answer: T) => boolean): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (suits(answer) || Date.now() > end) return answer;
    await sleep(500);
  }
}
