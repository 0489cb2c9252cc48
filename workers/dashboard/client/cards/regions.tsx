/** Where the documents lie, and when each region last took part. Questions are not counted in clear anywhere. */
import type { Region, Regions } from '../../../../shared/protocol/api/region.ts';
import { placeLabel } from '../../../ask/texts.ts';
import { hrefOf } from '../../place.ts';
import { ago, count, DASH, dateTime, noised } from '../format.ts';
import { Badge } from '../parts/badge.tsx';
import { Card, Empty, LoadState } from '../parts/card.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { isEmpty, type State } from '../store.ts';

const COLUMNS: readonly Column[] = [
  'Region',
  ['Documents', 'number'],
  ['Passages', 'number roomy'],
  ['Asked for', 'number'],
  ['Last contribution', 'number'],
];

export function RegionsCard({ state }: { state: State }) {
  const { regions, now } = state;
  const { value } = regions;
  return (
    <Card id="regions" title="Regions">
      <LoadState of={regions} />
      {value === null ? null : <RegionTable regions={value} now={now} />}
      {isEmpty(state) ? (
        <Empty title="No documents yet">
          Drop some under{' '}
          <a href={hrefOf({ view: 'documents', collection: state.target.collection })}>Documents</a>, or
          upload them with <code>POST /v1/items</code>; they are found as soon as the upload returns.
        </Empty>
      ) : null}
      <p class="hint">
        How often documents are asked for is shown with the noise that a counting round gave it, never
        exactly. What a region was told, one by one, is shown to those with the scope admin alone, and such a
        look is written to the audit log.
      </p>
    </Card>
  );
}

function RegionTable({ regions: { regions, away }, now }: { regions: Regions; now: number }) {
  const rows = [...regions].sort((a, b) => (a.region < b.region ? -1 : 1));
  return (
    <Table columns={COLUMNS}>
      {rows.map(({ region, items, passages, waiting, asked_for, last_contribution_at, join }) => (
        <tr>
          <RegionName name={region} problem={join?.problem ?? null} />
          <td class="number">{count(items)}</td>
          <td class="number roomy">
            {count(passages)}
            {waiting === 0 ? null : <small>{count(waiting)} waiting</small>}
          </td>
          <td class="number">{shownDemand(asked_for)}</td>
          <td class="number">
            {last_contribution_at === null ? (
              <span class="muted">never</span>
            ) : (
              <time
                datetime={new Date(last_contribution_at).toISOString()}
                title={dateTime(last_contribution_at)}
              >
                {ago(last_contribution_at, now)}
              </time>
            )}
          </td>
        </tr>
      ))}
      {away.map((region) => (
        <tr>
          <RegionName name={region} problem={null} />
          <td colspan={4} class="number">
            <Badge tone="bad">No answer</Badge>
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** Without noise the number would be exact. */
function shownDemand(demand: Region['asked_for']): string {
  return demand === null || demand.deviation === 0 ? DASH : noised(demand.units, demand.deviation);
}

/** `problem`: why it does not take part in the other operator's rounds that it was sent to. */
function RegionName({ name, problem }: { name: string; problem: string | null }) {
  const place = placeLabel(name);
  return (
    <th scope="row">
      <span class="region">{name}</span>
      {place === null ? null : <small>{place}</small>}
      {problem === null ? null : <small>Does not take part: {problem}</small>}
    </th>
  );
}
