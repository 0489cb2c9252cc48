/** Documents by their keys, page by page: where each lies, and whether all of it is found. */
import { useRef } from 'hono/jsx/dom';
import type { ItemSummary } from '../../../../shared/protocol/api/item.ts';
import { hrefOf } from '../../place.ts';
import { clientOf, type Target } from '../api.ts';
import { ago, count } from '../format.ts';
import type { Page, Pages } from '../loaded.ts';
import { Badge } from '../parts/badge.tsx';
import { Card, Empty, LoadState } from '../parts/card.tsx';
import { More } from '../parts/more.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { DOCUMENTS } from '../texts.ts';

const COLUMNS: readonly Column[] = [
  'Document',
  ['Region', 'roomy'],
  ['Passages', 'number'],
  ['Changed', 'number roomy'],
];

const PAGE = 50;

/** One page of them, and which regions it lacks. */
export async function documentsAfter(target: Target, after: string | null): Promise<Page<ItemSummary>> {
  const { items, next } = await clientOf(target).call('GET /items', { query: { limit: PAGE, after } });
  return { entries: items, next };
}

export interface DocumentsProps {
  pages: Pages<ItemSummary>;
  collection: string;
  now: number;
  go: (href: string) => void;
}

export function DocumentsCard({ pages, collection, now, go }: DocumentsProps) {
  const { value } = pages.of;
  return (
    <Card id="documents" title={DOCUMENTS.list}>
      <LoadState of={pages.of} />
      {value?.length === 0 ? <Empty title={DOCUMENTS.none}>{DOCUMENTS.noneText}</Empty> : null}
      {value === null || value.length === 0 ? null : (
        <OpenByKey onOpen={(item) => go(hrefOf({ view: 'documents', collection, item }))} />
      )}
      {value === null || value.length === 0 ? null : (
        <Table columns={COLUMNS}>
          {value.map((item) => (
            <Row key={item.key} item={item} collection={collection} now={now} />
          ))}
        </Table>
      )}
      <More more={pages.more} name={DOCUMENTS.more} />
    </Card>
  );
}

/** For those who know which one they look for: there may be ten thousand. */
function OpenByKey({ onOpen }: { onOpen: (key: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    const key = field.current?.value ?? '';
    if (key !== '') onOpen(key);
  };
  return (
    <form class="line" onSubmit={submit}>
      <label class="field">
        {DOCUMENTS.key}
        <input ref={field} maxlength={512} />
      </label>
      <button type="submit" class="button">
        {DOCUMENTS.open}
      </button>
    </form>
  );
}

function Row({ item, collection, now }: { item: ItemSummary; collection: string; now: number }) {
  const { key, title, region, passages, indexed, timestamp } = item;
  return (
    <tr>
      <th scope="row" class="named">
        <a href={hrefOf({ view: 'documents', collection, item: key })}>
          <bdi>{title === '' ? key : title}</bdi>
        </a>
        {title === '' ? null : (
          <small>
            <bdi>{key}</bdi>
          </small>
        )}
      </th>
      <td class="roomy">
        <span class="region">{region}</span>
      </td>
      <td class="number">
        {count(passages)}
        {indexed === passages ? null : <Badge tone="busy">{count(passages - indexed)} waiting</Badge>}
      </td>
      <td class="number roomy">{ago(timestamp, now)}</td>
    </tr>
  );
}
