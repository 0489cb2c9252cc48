/** The field for a question. Enter asks; Shift with Enter begins a line. */
import { useRef } from 'hono/jsx/dom';
import { ASK } from '../texts.ts';

/** As much as the service takes of a query. */
const MAX_CHARACTERS = 4096;

export interface ComposerProps {
  busy: boolean;
  /** Whether something was asked before. */
  follows: boolean;
  onAsk: (question: string) => void;
  onStop: () => void;
}

export function Composer({ busy, follows, onAsk, onStop }: ComposerProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const ask = () => {
    const question = field.current?.value.trim() ?? '';
    if (question === '' || busy) return;
    field.current!.value = '';
    onAsk(question);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (busy) onStop();
    else ask();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    ask();
  };
  return (
    <search>
      <form class="composer" onSubmit={submit}>
        <label class="unseen" for="question">
          {follows ? ASK.followUp : ASK.question}
        </label>
        <textarea
          id="question"
          ref={field}
          rows={1}
          maxlength={MAX_CHARACTERS}
          placeholder={follows ? ASK.followUp : ASK.placeholder}
          enterkeyhint="send"
          autocomplete="off"
          onKeyDown={onKeyDown}
        />
        <button type="submit" class="button primary">
          {busy ? ASK.stop : ASK.ask}
        </button>
      </form>
    </search>
  );
}
