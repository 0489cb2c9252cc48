/** One result: where it stood in plain search, both scores, and whether it answers the question. */
import { useState } from 'hono/jsx/dom';
import type { Chunk } from '../../../../shared/protocol/api/chunk.ts';
import { hrefOf } from '../../place.ts';
import { clientOf, type Target, troubleOf } from '../api.ts';
import { cosine, ordinal } from '../format.ts';
import { Badge } from '../parts/badge.tsx';
import { HITS } from '../texts.ts';

export interface HitProps {
  chunk: Chunk;
  place: number;
  /** 0: not among the first `compared`; null: there is nothing to compare with. */
  plainPlace: number | null;
  compared: number;
  target: Target;
  query: string;
}

export function Hit({ chunk, place, plainPlace, compared, target, query }: HitProps) {
  const { item, text, scoring_details } = chunk;
  const { words = [] } = scoring_details;
  const title = item.title === '' ? item.key : item.title;
  // A passage is searched under its document's title; here it stands above it already.
  const body = text.startsWith(`${item.title}: `) ? text.slice(item.title.length + 2) : text;
  return (
    <li class="hit">
      <div class="hit-head">
        <span class="place-no" aria-hidden="true">
          {place}
        </span>
        {plainPlace === null ? null : (
          <Move place={place} before={plainPlace} compared={compared} name={HITS.plainSearch} />
        )}
        <h3>
          <a href={hrefOf({ view: 'documents', collection: target.collection, item: item.key })}>
            <bdi>{title}</bdi>
          </a>
        </h3>
        <span class="region">{item.region}</span>
        {scoring_details.from_memory === true ? <Badge tone="busy">{HITS.fromMemory}</Badge> : null}
      </div>
      <p class="hit-text" dir="auto">
        {body}
      </p>
      <div class="hit-foot">
        <details>
          <summary>{HITS.scores}</summary>
          <dl class="scores">
            <Score name={HITS.plain} value={scoring_details.base_score} />
            <Score name={HITS.trained} value={scoring_details.head_score} trained />
            <Score name={HITS.words} value={scoring_details.keyword_score ?? null} />
          </dl>
          {words.length === 0 ? null : (
            <p class="hit-words">{words.map(({ word, score }) => `${word} ${cosine(score)}`).join(', ')}</p>
          )}
        </details>
        <Vote target={target} query={query} item={item.key} />
      </div>
    </li>
  );
}

export interface MoveProps {
  place: number;
  /** Its place in the other ranking; 0: not among the first `compared`. */
  before: number;
  compared: number;
  /** What the other ranking is called. */
  name: string;
}

/** How training moved a result. */
export function Move({ place, before, compared, name }: MoveProps) {
  if (before === 0) return <span class="move up">▲ {HITS.beyond(compared, name)}</span>;
  if (before === place) return <span class="move">= {HITS.stays(ordinal(before), name)}</span>;
  return (
    <span class={before > place ? 'move up' : 'move'}>
      {before > place ? '▲' : '▼'} {HITS.moved(ordinal(before), name)}
    </span>
  );
}

/** Cosines between 0 and 1 as bars; what is below 0 has none. */
function Score({ name, value, trained = false }: { name: string; value: number | null; trained?: boolean }) {
  const width = `${100 * Math.min(1, Math.max(0, value ?? 0))}%`;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <svg class="score" aria-hidden="true" width="100%" height="8">
          <rect class="track" width="100%" height="8" rx="4" />
          <rect class={trained ? 'trained' : 'base'} width={width} height="8" rx="4" />
        </svg>
        <span class="number">{cosine(value)}</span>
      </dd>
    </div>
  );
}

type Said = { relevant: boolean; text: string; failed: boolean };

function Vote({ target, query, item }: { target: Target; query: string; item: string }) {
  const [said, setSaid] = useState<Said | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async (relevant: boolean) => {
    if (busy || (said !== null && !said.failed && said.relevant === relevant)) return;
    setBusy(true);
    try {
      const { region, accepted } = await clientOf(target).call('POST /feedback', {
        body: { query, item, relevant },
      });
      setSaid({
        relevant,
        failed: false,
        text: accepted === 0 ? `Known already in ${region}` : `Kept in ${region}`,
      });
    } catch (error) {
      setSaid({ relevant, failed: true, text: troubleOf(error).text });
    }
    setBusy(false);
  };
  const pressed = (relevant: boolean) => said !== null && !said.failed && said.relevant === relevant;
  return (
    <fieldset class="vote">
      <legend class="unseen">Does {item} answer the question?</legend>
      <span class={said?.failed ? 'said loss' : 'said'} role="status">
        {said?.text ?? ''}
      </span>
      <button
        type="button"
        class="button small"
        aria-pressed={String(pressed(true))}
        onClick={() => send(true)}
      >
        Relevant
      </button>
      <button
        type="button"
        class="button small"
        aria-pressed={String(pressed(false))}
        onClick={() => send(false)}
      >
        Not relevant
      </button>
    </fieldset>
  );
}
