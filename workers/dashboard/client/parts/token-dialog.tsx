/** Asks for a token where the deployment wants one. */
import { useRef } from 'hono/jsx/dom';
import { Dialog } from './dialog.tsx';

export interface TokenDialogProps {
  open: boolean;
  /** What the service said; null when the reader opened the dialog. */
  asked: string | null;
  /** Whether a token is in use. */
  given: boolean;
  onToken: (token: string | null) => void;
  onClose: () => void;
}

export function TokenDialog({ open, asked, given, onToken, onClose }: TokenDialogProps) {
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? '';
    if (token !== '') onToken(token);
  };
  return (
    <Dialog id="token" title="Access token" open={open} onClose={onClose}>
      <form onSubmit={submit}>
        <p class="dialog-text">
          {asked === null
            ? 'Calls of this page carry this token.'
            : given
              ? 'The service did not accept this token. It may have been revoked, or mistyped.'
              : 'This deployment answers only to those who have a token. Paste yours to go on.'}
        </p>
        <label class="field" for="token-field">
          Token
          <input
            id="token-field"
            ref={field}
            type="password"
            autocomplete="off"
            spellcheck={false}
            placeholder="fc_…"
            autofocus
          />
        </label>
        <p class="hint">
          Kept in this tab until you close it. Reading needs the scope <code>query</code>, feedback{' '}
          <code>feedback</code>, training and versions <code>train</code>.
        </p>
        <div class="buttons">
          {given ? (
            <button type="button" class="button" onClick={() => onToken(null)}>
              Forget it
            </button>
          ) : (
            <button type="button" class="button" onClick={onClose}>
              Not now
            </button>
          )}
          <button type="submit" class="button primary">
            Use token
          </button>
        </div>
      </form>
    </Dialog>
  );
}
