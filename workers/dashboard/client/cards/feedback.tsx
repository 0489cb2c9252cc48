/**
 * What the regions were told, act by act, each of which can be erased. It is shown when asked for, not before: every look
 * stands in the audit log.
 */
import { useState } from 'hono/jsx/dom';
import type { FeedbackEntry } from '../../../../shared/protocol/api/feedback.ts';
import { hrefOf } from '../../place.ts';
import { clientOf, type Target } from '../api.ts';
import { dateTime } from '../format.ts';
import { type Page, usePages } from '../loaded.ts';
import { Badge } from '../parts/badge.tsx';
import { Card, Empty, LoadState } from '../parts/card.tsx';
import { More } from '../parts/more.tsx';
import { FEEDBACK } from '../texts.ts';
import type { ViewProps } from '../views/view.ts';

const PAGE = 50;
/** Characters of a question that are shown: one may be as long as 4096. */
const LONGEST = 400;

export function FeedbackCard(props: Pick<ViewProps, 'state' | 'store' | 'ask'>) {
  const [open, setOpen] = useState(false);
  return (
    <Card id="feedback" title={FEEDBACK.title}>
      <p class="hint">{FEEDBACK.hint}</p>
      {open ? (
        <FeedbackList {...props} item={null} />
      ) : (
        <p>
          <button type="button" class="button" onClick={() => setOpen(true)}>
            {FEEDBACK.show}
          </button>
        </p>
      )}
    </Card>
  );
}

export interface FeedbackListProps extends Pick<ViewProps, 'state' | 'store' | 'ask'> {
  /** Key of the only document that is asked about; null: all. */
  item: string | null;
}

export function FeedbackList({ state, store, ask, item }: FeedbackListProps) {
  const { target } = state;
  const pages = usePages(`${target.collection} ${item} ${target.token}`, (after) =>
    entriesAfter(target, item, after),
  );
  const erase = ({ event, query }: FeedbackEntry) =>
    ask({
      title: FEEDBACK.eraseAsk,
      text: (
        <>
          <p dir="auto">“{shortened(query)}”</p>
          <p>{FEEDBACK.eraseText}</p>
        </>
      ),
      verb: FEEDBACK.erase,
      act: async () => {
        const trouble = await store.act((client) =>
          client.call('DELETE /feedback/{event}', { params: { event } }),
        );
        if (trouble === null) await pages.again();
        return trouble;
      },
    });
  const { value } = pages.of;
  return (
    <>
      <LoadState of={pages.of} />
      {value?.length === 0 ? <Empty title={FEEDBACK.none}>{FEEDBACK.noneText}</Empty> : null}
      {value === null || value.length === 0 ? null : (
        <ul class="events" aria-label={FEEDBACK.title}>
          {actsOf(value).map((act) => (
            <Act
              key={`${act[0]!.region} ${act[0]!.event}`}
              act={act}
              collection={target.collection}
              onErase={erase}
            />
          ))}
        </ul>
      )}
      <More more={pages.more} name={FEEDBACK.more} />
    </>
  );
}

async function entriesAfter(
  target: Target,
  item: string | null,
  before: string | null,
): Promise<Page<FeedbackEntry>> {
  return await clientOf(target).call('GET /feedback', { query: { limit: PAGE, item, before } });
}

/** Records of one act stand together. */
export function actsOf(entries: readonly FeedbackEntry[]): FeedbackEntry[][] {
  const acts = new Map<string, FeedbackEntry[]>();
  for (const entry of entries) {
    const name = `${entry.region} ${entry.event}`;
    acts.set(name, [...(acts.get(name) ?? []), entry]);
  }
  return [...acts.values()];
}

function Act({
  act,
  collection,
  onErase,
}: {
  act: readonly FeedbackEntry[];
  collection: string;
  onErase: (entry: FeedbackEntry) => void;
}) {
  const first = act[0]!;
  return (
    <li>
      <div class="event-text">
        <p class="event-query" dir="auto">
          {shortened(first.query)}
        </p>
        <ul class="event-items">
          {act.map(({ item, relevant, weight }) => (
            <li>
              <Badge tone={relevant ? 'good' : 'warn'}>
                {weight !== null ? FEEDBACK.opened : relevant ? FEEDBACK.answers : FEEDBACK.not}
              </Badge>{' '}
              <a href={hrefOf({ view: 'documents', collection, item })}>
                <bdi>{item}</bdi>
              </a>
            </li>
          ))}
        </ul>
        <p class="hint">
          <span class="region">{first.region}</span>, {dateTime(first.at)}
          {first.contributor === null ? '' : `, ${FEEDBACK.by} ${first.contributor.slice(0, 8)}`}
        </p>
      </div>
      <button type="button" class="button small" onClick={() => onErase(first)}>
        {FEEDBACK.erase}
        <span class="unseen"> {shortened(first.query)}</span>
      </button>
    </li>
  );
}

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
