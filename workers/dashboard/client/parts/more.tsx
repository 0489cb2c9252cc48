/** The button below a list that goes on. */
import { useState } from 'hono/jsx/dom';
import { BUSY } from '../texts.ts';

/** @param name what is behind, as on the button */
export function More({ more, name }: { more: (() => Promise<void>) | null; name: string }) {
  const [busy, setBusy] = useState(false);
  if (more === null) return null;
  const load = async () => {
    if (busy) return;
    setBusy(true);
    await more();
    setBusy(false);
  };
  return (
    <button type="button" class="button more" aria-disabled={String(busy)} onClick={load}>
      {busy ? BUSY : name}
    </button>
  );
}
