/** The reader's token, kept for this tab alone: it is gone when the tab is closed. */

const KEY = 'fedcar.token';

export function keptToken(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    // A browser may forbid storage; the token then lives as long as the page.
    return null;
  }
}

export function keepToken(token: string | null): void {
  try {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {}
}
