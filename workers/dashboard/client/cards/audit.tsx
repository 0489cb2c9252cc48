/** What was done with admin and train scope, newest first. */
import type { AuditEntry } from '../../../../shared/protocol/api/audit.ts';
import { clientOf, type Target } from '../api.ts';
import { dateTime } from '../format.ts';
import { type Page, usePages } from '../loaded.ts';
import { Badge } from '../parts/badge.tsx';
import { Card, Empty, LoadState } from '../parts/card.tsx';
import { More } from '../parts/more.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { AUDIT } from '../texts.ts';

const COLUMNS: readonly Column[] = ['When', 'What', ['By', 'roomy'], ['Status', 'number']];

const PAGE = 20;

async function entriesBefore(target: Target, before: string | null): Promise<Page<AuditEntry>> {
  const query = { limit: PAGE, before: before === null ? null : Number(before) };
  const { entries, next } = await clientOf(target).call('GET /audit', { query });
  return { entries, next: next === null ? null : String(next) };
}

export function AuditCard({ target, names }: { target: Target; names: ReadonlyMap<string, string> }) {
  const pages = usePages(`audit ${target.token}`, (before) => entriesBefore(target, before));
  const { value } = pages.of;
  return (
    <Card
      id="audit"
      title={AUDIT.title}
      action={
        <button type="button" class="button small" onClick={() => void pages.again()}>
          {AUDIT.again}
        </button>
      }
    >
      <LoadState of={pages.of} />
      {value?.length === 0 ? <Empty title={AUDIT.none}>{AUDIT.noneText}</Empty> : null}
      {value === null || value.length === 0 ? null : (
        <Table columns={COLUMNS}>
          {value.map((entry) => (
            <Row key={String(entry.id)} entry={entry} by={names.get(entry.principal) ?? entry.principal} />
          ))}
        </Table>
      )}
      <More more={pages.more} name={AUDIT.more} />
    </Card>
  );
}

function Row({ entry: { at, action, target, collection, status }, by }: { entry: AuditEntry; by: string }) {
  return (
    <tr>
      <td>{dateTime(at)}</td>
      <td class="named">
        <code>{action}</code>
        {target === null ? null : (
          <small>
            <bdi>{target}</bdi>
          </small>
        )}
        {collection === null ? null : <small>{AUDIT.of(collection)}</small>}
      </td>
      <td class="roomy">
        <bdi>{by}</bdi>
      </td>
      <td class="number">
        {status === null ? AUDIT.unknown : <Badge tone={status < 400 ? 'good' : 'warn'}>{status}</Badge>}
      </td>
    </tr>
  );
}
