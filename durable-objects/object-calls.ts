/** Calls to objects that may be away: one that throws and one that never answers are the same to the caller. */

/** How long an object may take to say that it was reached. */
export const ANSWER_WITHIN_MS = 5_000;

/** What the call returned. @throws Error when it failed or took longer than `ms` milliseconds */
export async function inTime<T>(call: () => Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([call(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What the call returned; null when it failed or took longer than `ms`. */
export async function answerOf<T>(call: () => Promise<T>, ms = ANSWER_WITHIN_MS): Promise<T | null> {
  try {
    return await inTime(call, ms);
  } catch {
    return null;
  }
}

/** Whether the call came through in time. */
export async function answers(call: () => Promise<unknown>, ms = ANSWER_WITHIN_MS): Promise<boolean> {
  return (await answerOf(async () => [await call()], ms)) !== null;
}
