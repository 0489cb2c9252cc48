/** What a visitor says by a button: of the answer, or of one of the documents that were found. */
import type { Turn } from '../ask/client/conversation.ts';
import type { Voting } from '../ask/client/voting.ts';
import { FEEDBACK } from '../ask/texts.ts';
import { make } from './element.ts';

interface Choice {
  accepted: boolean;
  label: string;
  /** For those who do not see what it stands below. */
  name?: string;
}

/** Buttons of which one at most is pressed, and what became of it. @param chunks passages that they are about. */
export function voteButtons(
  turn: Turn,
  voting: Voting,
  chunks: readonly string[],
  choices: readonly Choice[],
): HTMLElement[] {
  const said = make('p', { class: 'said', role: 'status' });
  const buttons = choices.map(({ accepted, label, name = label }) => {
    const button = make('button', { type: 'button', 'aria-pressed': 'false', 'aria-label': name }, label);
    button.addEventListener('click', async () => {
      if (button.getAttribute('aria-pressed') === 'true') return;
      said.textContent = FEEDBACK.sending;
      const { text, failed } = await voting.say(turn.answer!, accepted, chunks);
      said.textContent = text;
      if (failed) return;
      for (const each of buttons) each.setAttribute('aria-pressed', String(each === button));
    });
    return button;
  });
  return [...buttons, said];
}
