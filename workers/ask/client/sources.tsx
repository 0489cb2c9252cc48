/** What an answer rests on, and what was found beside it: passages, each with a way to its document. */
import { ASK } from '../texts.ts';
import { sourceId } from './answer.tsx';
import { passageText, sourcesOf, type Turn, titleOf } from './conversation.ts';
import { VoteFor } from './vote.tsx';
import type { Voting } from './voting.ts';

export interface Opened {
  key: string;
  title: string;
  passage: string;
}

export interface SourcesProps {
  turn: Turn;
  voting: Voting;
  onOpen: (opened: Opened) => void;
}

export function Sources({ turn, voting, onOpen }: SourcesProps) {
  if (turn.citations === null || turn.chunks.length === 0) return null;
  const { cited, others } = sourcesOf(turn);
  const list = (chunks: Turn['chunks']) => (
    <ol class="sources">
      {chunks.map((chunk) => (
        <Source
          key={chunk.id}
          turn={turn}
          place={turn.chunks.indexOf(chunk) + 1}
          voting={voting}
          onOpen={onOpen}
        />
      ))}
    </ol>
  );
  return (
    <>
      {cited.length === 0 ? null : (
        <div>
          <h3>{ASK.sources}</h3>
          {list(cited)}
        </div>
      )}
      {others.length === 0 ? null : (
        <details open={cited.length === 0}>
          <summary>{cited.length === 0 ? ASK.found : ASK.alsoFound(others.length)}</summary>
          {list(others)}
        </details>
      )}
    </>
  );
}

function Source({ turn, place, voting, onOpen }: SourcesProps & { place: number }) {
  const chunk = turn.chunks[place - 1]!;
  const title = titleOf(chunk);
  const open = () => {
    onOpen({ key: chunk.item.key, title, passage: chunk.id });
    if (turn.answer !== null) void voting.opened(turn.answer, chunk.id);
  };
  return (
    <li id={sourceId(turn, place)} class="source" tabindex={-1}>
      <span class="place" aria-hidden="true">
        {place}
      </span>
      <div>
        <h4>{title}</h4>
        <blockquote>{passageText(chunk.text, chunk.item.title)}</blockquote>
        <div class="source-foot">
          <button type="button" class="link" aria-label={ASK.readNamed(title)} onClick={open}>
            {ASK.read}
          </button>
          <VoteFor turn={turn} chunk={chunk} voting={voting} />
        </div>
      </div>
    </li>
  );
}
