/** The widget's panel: a field, and for every question its answer, where it comes from, and two buttons. */
import {
  type Conversation,
  isBusy,
  originalOf,
  passageText,
  type Turn,
  titleOf,
} from '../ask/client/conversation.ts';
import type { Voting } from '../ask/client/voting.ts';
import { ASK, FEEDBACK, TROUBLE } from '../ask/texts.ts';

export interface PanelOptions {
  title: string;
  conversation: Conversation;
  voting: Voting;
  /** Address of the page that says what becomes of questions. */
  privacy: string;
}

type Attributes = Record<string, string>;

/** An element; texts are set as texts, never as markup. */
function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
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
    const cited = turn.chunks.filter(({ id }) => turn.citations?.includes(id));
    if (cited.length > 0) yield this.#votes(turn);
    const items = cited.map((chunk) => {
      const address = originalOf(chunk.item);
      const name = `[${turn.chunks.indexOf(chunk) + 1}] ${titleOf(chunk)}`;
      const heading =
        address === null
          ? make('strong', {}, name)
          : make('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, name);
      heading.addEventListener('click', () => void this.#voting.opened(turn.answer!, chunk.id));
      return make('li', {}, heading, make('p', {}, passageText(chunk.text, chunk.item.title)));
    });
    if (items.length > 0)
      yield make('details', {}, make('summary', {}, ASK.sources), make('ol', {}, ...items));
  }

  #votes(turn: Turn): Node {
    const said = make('p', { class: 'said', role: 'status' });
    const button = (accepted: boolean, label: string) => {
      const each = make('button', { type: 'button', 'aria-pressed': 'false' }, label);
      each.addEventListener('click', async () => {
        if (each.getAttribute('aria-pressed') === 'true') return;
        said.textContent = FEEDBACK.sending;
        const { text, failed } = await this.#voting.say(turn.answer!, accepted, turn.citations!);
        said.textContent = text;
        if (failed) return;
        for (const other of [yes, no]) other.setAttribute('aria-pressed', String(other === each));
      });
      return each;
    };
    const yes = button(true, FEEDBACK.yes);
    const no = button(false, FEEDBACK.no);
    return make('div', { class: 'votes', role: 'group', 'aria-label': FEEDBACK.legend }, yes, no, said);
  }
}
