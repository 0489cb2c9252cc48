/** Asks before something that everybody who searches will notice, or that spends the privacy budget. */
import { type Child, useState } from 'hono/jsx/dom';
import type { Trouble } from '../api.ts';
import { Dialog } from './dialog.tsx';

export interface Question {
  title: string;
  text: Child;
  /** On the button that does it. */
  verb: string;
  /** Returns what went wrong, or null. */
  act: () => Promise<Trouble | null>;
}

export type Ask = (question: Question) => void;

export function Confirm({ question, onClose }: { question: Question | null; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const close = () => {
    setTrouble(null);
    onClose();
  };
  const doIt = async () => {
    if (question === null || busy) return;
    setBusy(true);
    const found = await question.act();
    setBusy(false);
    if (found === null || found.kind === 'token') close();
    else setTrouble(found.text);
  };
  return (
    <Dialog id="confirm" title={question?.title ?? ''} open={question !== null} onClose={close}>
      <div class="dialog-text">{question?.text}</div>
      {trouble === null ? null : (
        <p class="notice bad" role="alert">
          {trouble}
        </p>
      )}
      <div class="buttons">
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
        <button type="button" class="button primary" aria-disabled={String(busy)} onClick={doIt}>
          {busy ? 'One moment…' : question?.verb}
        </button>
      </div>
    </Dialog>
  );
}
