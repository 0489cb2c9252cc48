/** What an answer rests on, and what was found beside it: titles that open to their passages. */
import { originalOf, passageText, sourcesOf, type Turn, titleOf } from '../ask/client/conversation.ts';
import type { Voting } from '../ask/client/voting.ts';
import { ASK, FEEDBACK } from '../ask/texts.ts';
import { make } from './element.ts';
import { voteButtons } from './votes.ts';

type Chunk = Turn['chunks'][number];

export function* drawSources(turn: Turn, voting: Voting): Generator<Node> {
  const { cited, others } = sourcesOf(turn);
  const list = (chunks: readonly Chunk[]) =>
    make('ol', {}, ...chunks.map((chunk) => make('li', {}, drawSource(turn, voting, chunk))));
  if (cited.length > 0) yield make('div', {}, make('h3', {}, ASK.sources), list(cited));
  if (others.length === 0) return;
  if (cited.length === 0) yield make('div', {}, make('h3', {}, ASK.found), list(others));
  else yield make('details', {}, make('summary', {}, ASK.alsoFound(others.length)), list(others));
}

/** Opening it is what counts as a click, where the operator lets clicks count. */
function drawSource(turn: Turn, voting: Voting, chunk: Chunk): Node {
  const title = titleOf(chunk);
  const address = originalOf(chunk.item);
  const label = FEEDBACK.thisOne;
  const [button, said] = voteButtons(
    turn,
    voting,
    [chunk.id],
    [{ accepted: true, label, name: `${label}: ${title}` }],
  );
  const original =
    address === null
      ? []
      : [make('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, ASK.original)];
  const element = make(
    'details',
    { class: 'source' },
    make('summary', {}, `[${turn.chunks.indexOf(chunk) + 1}] ${title}`),
    make('p', {}, passageText(chunk.text, chunk.item.title)),
    make('div', { class: 'votes' }, ...original, button!, said!),
  );
  element.addEventListener('toggle', () => void voting.opened(turn.answer!, chunk.id), { once: true });
  return element;
}
