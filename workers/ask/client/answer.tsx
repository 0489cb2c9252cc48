/** The text of an answer: paragraphs, with citations as links to the passages below it. */
import { citationMarks } from '../../../shared/retrieval/citation-marks.ts';
import { ASK } from '../texts.ts';
import { type Turn, titleOf } from './conversation.ts';

export function sourceId(turn: Turn, place: number): string {
  return `turn-${turn.id}-source-${place}`;
}

/** Goes to an element of this page without touching its address, which may hold a token. */
function goTo(id: string) {
  return (event: Event) => {
    const element = document.getElementById(id);
    if (element === null) return;
    event.preventDefault();
    element.scrollIntoView({ block: 'center' });
    element.focus({ preventScroll: true });
  };
}

export function AnswerText({ turn }: { turn: Turn }) {
  if (turn.state === 'looking') return <p class="looking">{ASK.looking}</p>;
  const busy = turn.state === 'writing';
  return (
    <div class={busy ? 'answer writing' : 'answer'} aria-live="polite" aria-busy={String(busy)}>
      {turn.text.split(/\n{2,}/).map((paragraph) => (
        <p>
          <Cited text={paragraph} turn={turn} />
        </p>
      ))}
      {turn.state === 'stopped' ? <p class="hint">{ASK.stopped}</p> : null}
    </div>
  );
}

function Cited({ text, turn }: { text: string; turn: Turn }) {
  const parts = [];
  let from = 0;
  for (const { start, end, numbers } of citationMarks(text)) {
    const known = numbers.filter((n) => turn.chunks[n - 1] !== undefined);
    if (known.length === 0) continue;
    parts.push(text.slice(from, start));
    for (const n of known) parts.push(<Citation turn={turn} place={n} />);
    from = end;
  }
  parts.push(text.slice(from));
  return <>{parts}</>;
}

function Citation({ turn, place }: { turn: Turn; place: number }) {
  const id = sourceId(turn, place);
  return (
    <a
      class="cite"
      href={`#${id}`}
      aria-label={ASK.cite(place, titleOf(turn.chunks[place - 1]!))}
      onClick={goTo(id)}
    >
      {place}
    </a>
  );
}
