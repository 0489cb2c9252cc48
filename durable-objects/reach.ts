/** Calls to objects that may be away: one that throws and one that never answers are the same to the caller. */

/** How long an object may take to say that it was reached. */
export const REACH_MS = 5_000;

/** What the call returned; null when it failed or took longer than `ms`. */
export async function answerOf<T>(call: () => Promise<T>, ms = REACH_MS): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([call(), late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the call came through in time. */
export async function reached(call: () => Promise<unknown>, ms = REACH_MS): Promise<boolean> {
  return (await answerOf(async () => [await call()], ms)) !== null;
}
