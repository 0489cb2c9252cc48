/** A name that is drawn for this tab and says nothing of anybody: what one visitor says twice counts once. */

const KEY = 'fedcar.visitor';

export function visitor(): string {
  const fresh = crypto.randomUUID();
  try {
    const kept = sessionStorage.getItem(KEY);
    if (kept !== null) return kept;
    sessionStorage.setItem(KEY, fresh);
  } catch {
    // A browser may forbid storage; the name then lives as long as the page.
  }
  return fresh;
}
