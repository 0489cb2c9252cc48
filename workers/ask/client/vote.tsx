/** "This answered it", "Not it", and what happens with that. */
import { useState } from 'hono/jsx/dom';
import type { Chunk } from '../../../shared/protocol/api/chunk.ts';
import { FEEDBACK } from '../texts.ts';
import { type Turn, titleOf } from './conversation.ts';
import type { Said, Voting } from './voting.ts';

interface VoteProps {
  turn: Turn;
  voting: Voting;
}

function useVote({ turn, voting }: VoteProps, chunks: readonly string[]) {
  const [said, setSaid] = useState<Said | null>(null);
  const [busy, setBusy] = useState(false);
  const pressed = (accepted: boolean) => said !== null && !said.failed && said.accepted === accepted;
  const say = async (accepted: boolean) => {
    if (busy || pressed(accepted)) return;
    setBusy(true);
    setSaid(await voting.say(turn.answer!, accepted, chunks));
    setBusy(false);
  };
  const text = busy ? FEEDBACK.sending : (said?.text ?? '');
  return { say, pressed, text, failed: said?.failed === true };
}

/** About the answer: the passages that it cites. */
export function Vote({ turn, voting }: VoteProps) {
  const { say, pressed, text, failed } = useVote({ turn, voting }, turn.citations ?? []);
  const button = (accepted: boolean, label: string) => (
    <button
      type="button"
      class="button"
      aria-pressed={String(pressed(accepted))}
      onClick={() => say(accepted)}
    >
      {label}
    </button>
  );
  return (
    <fieldset class="vote">
      <legend>{FEEDBACK.legend}</legend>
      <div class="vote-buttons">
        {button(true, FEEDBACK.yes)}
        {button(false, FEEDBACK.no)}
      </div>
      <p class={failed ? 'said loss' : 'said'} role="status">
        {text === '' ? FEEDBACK.before : text}
      </p>
    </fieldset>
  );
}

/** About one of the documents that were found: the one that does answer. */
export function VoteFor({ turn, voting, chunk }: VoteProps & { chunk: Chunk }) {
  const { say, pressed, text, failed } = useVote({ turn, voting }, [chunk.id]);
  const label = `${FEEDBACK.thisOne}: ${titleOf(chunk)}`;
  return (
    <>
      <button
        type="button"
        class="button small"
        aria-label={label}
        aria-pressed={String(pressed(true))}
        onClick={() => say(true)}
      >
        {FEEDBACK.thisOne}
      </button>
      <span class={failed ? 'said loss' : 'said'} role="status">
        {text}
      </span>
    </>
  );
}
