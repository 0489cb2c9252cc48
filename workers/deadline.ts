/** Work with a deadline, so that one region that is away does not hold up the others' answer. */

/** Says that `what` did not answer within `ms` milliseconds. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** Settles as `work` does, or rejects with a DeadlineError after `ms` milliseconds; late results are dropped. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`${what} did not answer within ${ms} ms`)), ms);
  });
  // A rejection that comes after the deadline must not count as unhandled.
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
