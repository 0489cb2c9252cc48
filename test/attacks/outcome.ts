/** One attack as a test: what is tried, what should come of it, and what came of it, printed for the reader of a run. */
import { expect, it } from 'vitest';

/** Rounds of hundreds take many minutes on a busy machine; one that hangs is found sooner, by who drives it. */
const TIMEOUT_MS = 1_800_000;

/**
 * @param expected what `seen` has to be, or to match
 * @param run tries it, and says in a sentence what it saw
 */
export function attack(name: string, expected: string | RegExp, run: () => Promise<string>): void {
  it(name, { timeout: TIMEOUT_MS }, async () => {
    const seen = await run();
    console.log(`${name} | expected: ${expected} | seen: ${seen}`);
    if (typeof expected === 'string') expect(seen).toBe(expected);
    else expect(seen).toMatch(expected);
  });
}

/** What a call was refused with, or that it was not. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'accepted';
  } catch (error) {
    return `refused, ${(error as Error).message}`;
  }
}
