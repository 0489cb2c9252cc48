/** The widget's panel: a field, and for every question its answer, what is said of it, and where it comes from. */
import { type Conversation, isBusy, type Turn } from '../ask/client/conversation.ts';
import type { Voting } from '../ask/client/voting.ts';
import { ASK, FEEDBACK, TROUBLE } from '../ask/texts.ts';
import { make } from './element.ts';
import { drawSources } from './sources.ts';
import { voteButtons } from './votes.ts';

export interface PanelOptions {
  title: string;
  conversation: Conversation;
  voting: Voting;
  /** Address of the page that says what becomes of questions. */
  privacy: string;
}

export function drawPanel({ title, conversation, voting, privacy }: PanelOptions) {
  const field = make('input', {
    type: 'text',
    'aria-label': ASK.question,
    placeholder: ASK.placeholder,
    maxlength: '4096',
    autocomplete: 'off',
    enterkeyhint: 'send',
  });
  const send = make('button', { type: 'submit', class: 'primary' }, ASK.ask);
  const form = make('form', {}, field, send);
  const turns = make('div', { class: 'turns' });
  const foot = make(
    'p',
    { class: 'foot' },
    make('a', { href: privacy, target: '_blank', rel: 'noopener' }, ASK.privacy),
  );
  const element = make('section', { class: 'panel', 'aria-label': title }, turns, form, foot);
  const drawn = new Map<number, TurnView>();
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const question = field.value.trim();
    if (question === '') return;
    field.value = '';
    void conversation.ask(question);
  });
  conversation.listen((all) => {
    send.disabled = isBusy(all);
    for (const turn of all) {
      const view = drawn.get(turn.id) ?? new TurnView(turn, voting);
      if (!drawn.has(turn.id)) {
        drawn.set(turn.id, view);
        turns.append(view.element);
        view.element.scrollIntoView({ block: 'nearest' });
      }
      view.show(turn);
    }
  });
  return { element, focus: () => field.focus() };
}

/** One question and what came of it. What does not change any more is not drawn again. */
class TurnView {
  readonly element: HTMLElement;
  readonly #answer = make('p', { class: 'answer', 'aria-live': 'polite' });
  readonly #below = make('div', { class: 'below' });
  readonly #voting: Voting;

  constructor(turn: Turn, voting: Voting) {
    this.#voting = voting;
    this.element = make('article', {}, make('h2', {}, turn.question), this.#answer, this.#below);
  }

  show(turn: Turn): void {
    this.#answer.setAttribute('aria-busy', String(turn.state === 'writing'));
    if (turn.state === 'looking') this.#answer.textContent = ASK.looking;
    else if (turn.state === 'failed')
      this.#answer.textContent = turn.trouble?.kind === 'refused' ? turn.trouble.text : TROUBLE.offline;
    else this.#answer.textContent = turn.text;
    if (turn.state === 'done' && this.#below.childElementCount === 0) this.#below.append(...this.#rest(turn));
  }

  *#rest(turn: Turn): Generator<Node> {
    for (const region of turn.away) yield make('p', { class: 'said' }, ASK.away(region));
    // Of no question that failed there is anything to say.
    if (turn.answer === null) return;
    const cited = turn.citations ?? [];
    if (cited.length > 0) {
      const buttons = voteButtons(turn, this.#voting, cited, [
        { accepted: true, label: FEEDBACK.yes },
        { accepted: false, label: FEEDBACK.no },
      ]);
      yield make('div', { class: 'votes', role: 'group', 'aria-label': FEEDBACK.legend }, ...buttons);
    }
    yield* drawSources(turn, this.#voting);
  }
}
