/** One document: what it is, its passages with the words that each is found by, and its end. */

import { useState } from 'hono/jsx/dom';
import type { Item, Passages } from '../../../../shared/protocol/api/item.ts';
import { hrefOf } from '../../place.ts';
import { clientOf } from '../api.ts';
import { count, dateTime } from '../format.ts';
import { useLoaded } from '../loaded.ts';
import { Card, LoadState } from '../parts/card.tsx';
import { Fact } from '../parts/fact.tsx';
import { More } from '../parts/more.tsx';
import { DOCUMENTS, FEEDBACK } from '../texts.ts';
import type { ViewProps } from '../views/view.ts';
import { FeedbackList, type FeedbackListProps } from './feedback.tsx';

/** Passages that are drawn at once: a document may have thousands. */
const SHOWN = 20;
/** Characters of a passage, and words of it, that are drawn: one long word may be all there is. */
const LONGEST = 6000;
const WORDS = 40;

export interface DocumentProps extends Pick<ViewProps, 'state' | 'store' | 'ask' | 'go'> {
  item: string;
  /** Called when it was deleted. */
  onGone: () => Promise<void>;
}

export function DocumentCard({ state, item, store, ask, go, onGone }: DocumentProps) {
  const { target } = state;
  const params = { key: item };
  const { of } = useLoaded(`${target.collection} ${item}`, async () => {
    const client = clientOf(target);
    const [document, { passages }] = await Promise.all([
      client.call('GET /items/{key}', { params }),
      client.call('GET /items/{key}/passages', { params, query: { words: 'true' } }),
    ]);
    return { document, passages };
  });
  const list = hrefOf({ view: 'documents', collection: target.collection });
  const remove = () =>
    ask({
      title: DOCUMENTS.removeAsk,
      text: <p>{DOCUMENTS.removeText}</p>,
      verb: DOCUMENTS.remove,
      act: async () => {
        const trouble = await store.act((client) => client.call('DELETE /items/{key}', { params }));
        if (trouble !== null) return trouble;
        await onGone();
        go(list);
        return null;
      },
    });
  const { value } = of;
  return (
    <Card
      id="document"
      title={value === null ? DOCUMENTS.one : <bdi>{value.document.title || item}</bdi>}
      action={
        value === null ? null : (
          <button type="button" class="button" onClick={remove}>
            {DOCUMENTS.remove}
          </button>
        )
      }
    >
      <p>
        <a href={list}>{DOCUMENTS.back}</a>
      </p>
      <LoadState of={of} />
      {value === null ? null : <Facts item={value.document} />}
      {value === null ? null : <Said state={state} store={store} ask={ask} item={item} />}
      {value === null ? null : (
        <PassageList key={item} passages={value.passages} title={value.document.title} />
      )}
    </Card>
  );
}

/** Loaded when it is opened: each look is written down. */
function Said(props: FeedbackListProps) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event: Event) => setOpen(open || (event.target as HTMLDetailsElement).open)}>
      <summary>{FEEDBACK.about}</summary>
      {open ? <FeedbackList {...props} /> : null}
    </details>
  );
}

function Facts({ item }: { item: Item }) {
  const { key, region, format, timestamp, metadata, passages, indexed } = item;
  return (
    <dl class="figures">
      <Fact name="Key">
        <code>
          <bdi>{key}</bdi>
        </code>
      </Fact>
      <Fact name="Region">
        <span class="region">{region}</span>
      </Fact>
      <Fact name="Written in">{format}</Fact>
      <Fact name="Changed">{dateTime(timestamp)}</Fact>
      <Fact name="Passages">
        {count(passages)}
        {indexed === passages ? '' : `, ${count(passages - indexed)} waiting to be found`}
      </Fact>
      {Object.entries(metadata).map(([name, value]) => (
        <Fact name={name}>
          <bdi>{String(value)}</bdi>
        </Fact>
      ))}
    </dl>
  );
}

function PassageList({ passages, title }: { passages: Passages['passages']; title: string }) {
  const [shown, setShown] = useState(SHOWN);
  const left = passages.length - shown;
  return (
    <>
      <h3>{DOCUMENTS.passages}</h3>
      <ol class="passages">
        {passages.slice(0, shown).map((passage) => (
          <PassageItem key={passage.id} passage={passage} title={title} />
        ))}
      </ol>
      <More
        more={left > 0 ? async () => setShown(shown + 5 * SHOWN) : null}
        name={DOCUMENTS.morePassages(left)}
      />
    </>
  );
}

function PassageItem({ passage, title }: { passage: Passages['passages'][number]; title: string }) {
  const { text, tokens, words = [] } = passage;
  // A passage is searched below its document's title; here that stands above already.
  const body = text.startsWith(`${title}: `) ? text.slice(title.length + 2) : text;
  return (
    <li>
      <p class="passage" dir="auto">
        {body.length > LONGEST ? `${body.slice(0, LONGEST)} …` : body}
      </p>
      <p class="hint">
        {DOCUMENTS.tokens(tokens)}
        {words.length === 0 ? '' : ` ${DOCUMENTS.foundBy} `}
        {words.slice(0, WORDS).map((word, index) => (
          <>
            {index === 0 ? '' : ', '}
            <bdi>{word.length > 40 ? `${word.slice(0, 40)}…` : word}</bdi>
          </>
        ))}
        {words.length > WORDS ? ` ${DOCUMENTS.moreWords(words.length - WORDS)}` : ''}
      </p>
    </li>
  );
}
