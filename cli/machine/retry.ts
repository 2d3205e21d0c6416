/** Waiting for an answer that comes by itself. */
import pRetry from "p-retry";

/** There is no answer yet. */
class NotYet extends Error {}

export interface Waiting {
  /** Milliseconds to wait at most. Default: no limit. */
  readonly within?: number;
  /** Milliseconds between two tries. Default: 500. */
  readonly every?: number;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Asks until there is an answer, at least once.
 *
 * @param ask Returns undefined while there is none. What it throws ends the wait.
 * @returns The answer; undefined where the time is over.
 */
export async function answered<T>(
  ask: () => Promise<T | undefined>,
  { within = Infinity, every = 500, signal }: Waiting = {},
): Promise<T | undefined> {
  const attempt = async () => {
    const answer = await ask();
    if (answer === undefined) throw new NotYet();
    return answer;
  };
  const fixed = { retries: Infinity, factor: 1, minTimeout: every, maxRetryTime: within };
  const options = { ...fixed, signal, shouldRetry: ({ error }: { error: Error }) => error instanceof NotYet };
  try {
    return await pRetry(attempt, options);
  } catch (error) {
    if (error instanceof NotYet) return undefined;
    throw error;
  }
}

/** Waits until something holds; returns whether it did in time. See {@link answered}. */
export const holds = async (ask: () => Promise<boolean>, waiting: Waiting = {}): Promise<boolean> =>
  (await answered(async () => (await ask()) || undefined, waiting)) ?? false;
