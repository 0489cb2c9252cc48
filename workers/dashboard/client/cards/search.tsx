/** Asks the retriever, shows what training changed, and takes feedback: this is what it learns from. */
import { useRef, useState } from 'hono/jsx/dom';
import type { SearchResponse } from '../../../../shared/protocol/api/search.ts';
import { clientOf, troubleOf } from '../api.ts';
import { duration } from '../format.ts';
import { Card, Empty } from '../parts/card.tsx';
import type { State } from '../store.ts';
import { Hit } from './hit.tsx';

/** Items looked at in plain search, to say where a result stood there. */
const COMPARED = 10;
const SHOWN = 5;

interface Answer {
  query: string;
  trained: SearchResponse;
  /** Plain embedding search; null where it is what serves. */
  plain: SearchResponse | null;
  tookMs: number;
}

export function SearchCard({ state }: { state: State }) {
  const field = useRef<HTMLInputElement>(null);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const query = field.current?.value.trim() ?? '';
    if (query === '' || busy) return;
    setBusy(true);
    try {
      setAnswer(await ask(state, query));
      setTrouble(null);
    } catch (error) {
      setTrouble(troubleOf(error).text);
    }
    setBusy(false);
  };
  return (
    <Card id="search" title="Search">
      <search>
        <form class="ask" onSubmit={submit}>
          <label class="unseen" for="query">
            Question
          </label>
          <input
            id="query"
            type="search"
            ref={field}
            maxlength={4096}
            placeholder="Ask as your users would"
          />
          <button type="submit" class="button primary" aria-disabled={String(busy)}>
            {busy ? 'Searching…' : 'Search'}
          </button>
        </form>
      </search>
      {trouble === null ? null : (
        <p class="notice bad" role="alert">
          {trouble}
        </p>
      )}
      {answer === null ? (
        <p class="hint">
          Every result shows its score in plain search beside the trained one. Say which results answer the
          question: your words stay in the region nearest to you, and the next run learns from them.
        </p>
      ) : (
        <Results answer={answer} target={state.target} />
      )}
    </Card>
  );
}

async function ask({ target, models }: State, query: string): Promise<Answer> {
  const begun = performance.now();
  const find = (fedcar: object, results: number) =>
    clientOf(target).call('POST /search', {
      body: {
        query,
        ai_search_options: { retrieval: { max_num_results: results } },
        fedcar: { ...fedcar, fresh: true },
      },
    });
  const untrained = models.value?.find(({ state }) => state === 'serving')?.version === 0;
  const [trained, plain] = await Promise.all([
    find({ explain: true }, SHOWN),
    untrained ? null : find({ model_version: 0 }, COMPARED),
  ]);
  return { query, trained, plain, tookMs: performance.now() - begun };
}

function Results({ answer, target }: { answer: Answer; target: State['target'] }) {
  const { query, trained, plain, tookMs } = answer;
  const placeOf = (key: string): number =>
    (plain?.chunks.findIndex(({ item }) => item.key === key) ?? -1) + 1;
  return (
    <div class="results">
      <p class="hint" role="status">
        {trained.chunks.length === 0 ? 'No results' : `The best ${trained.chunks.length}`} for “{query}” by
        version {trained.model_version}
        {trained.stale_seconds !== undefined && ` (as of ${trained.stale_seconds} s ago)`}, in{' '}
        {tookMs < 10_000 ? `${Math.round(tookMs)} ms` : duration(tookMs)}.
        {plain === null ? ' Plain search serves, so both scores are the same.' : ''}
      </p>
      {trained.errors.map(({ region, detail }) => (
        <p class="notice warn">
          {region} did not answer; its documents are missing here. <small>{detail}</small>
        </p>
      ))}
      {trained.chunks.length === 0 ? (
        <Empty title="Nothing found">Are there documents in this collection?</Empty>
      ) : (
        <ol class="hits">
          {trained.chunks.map((chunk, index) => (
            <Hit
              key={`${query} ${chunk.id}`}
              chunk={chunk}
              place={index + 1}
              plainPlace={plain === null ? null : placeOf(chunk.item.key)}
              compared={COMPARED}
              target={target}
              query={query}
            />
          ))}
        </ol>
      )}
    </div>
  );
}
