/** One question with its answer, what it rests on, and what the visitor says of it. */
import { ASK, TROUBLE } from '../texts.ts';
import { AnswerText } from './answer.tsx';
import type { Turn } from './conversation.ts';
import { Sources, type SourcesProps } from './sources.tsx';
import { Vote } from './vote.tsx';

export function TurnView({ turn, voting, onOpen, onRetry }: SourcesProps & { onRetry: () => void }) {
  return (
    <article class="turn" aria-labelledby={`turn-${turn.id}`}>
      <h2 id={`turn-${turn.id}`}>{turn.question}</h2>
      {turn.state === 'failed' ? <Failed turn={turn} onRetry={onRetry} /> : <AnswerText turn={turn} />}
      {turn.away.map((region) => (
        <p class="notice warn">{ASK.away(region)}</p>
      ))}
      {turn.state === 'done' && (turn.citations?.length ?? 0) > 0 ? (
        <Vote turn={turn} voting={voting} />
      ) : null}
      {turn.state === 'done' ? <Sources turn={turn} voting={voting} onOpen={onOpen} /> : null}
    </article>
  );
}

function Failed({ turn, onRetry }: { turn: Turn; onRetry: () => void }) {
  if (turn.trouble?.kind === 'token') return null;
  const text = turn.trouble?.kind === 'offline' ? TROUBLE.offline : turn.trouble?.text;
  return (
    <p class="notice bad" role="alert">
      {text}{' '}
      <button type="button" class="link" onClick={onRetry}>
        {TROUBLE.again}
      </button>
    </p>
  );
}
