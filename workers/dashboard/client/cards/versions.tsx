/** Versions with what the gate measured, and the way back: any of them can be made to serve. */
import type { Version } from '../../../../shared/protocol/api/version.ts';
import { ago, count, DASH, dateTime, percent, points } from '../format.ts';
import { Badge } from '../parts/badge.tsx';
import { Card, LoadState } from '../parts/card.tsx';
import type { Ask } from '../parts/confirm.tsx';
import { type Column, Table } from '../parts/table.tsx';
import type { State, Store } from '../store.ts';
import { VERSION_STATES } from '../words.ts';

const COLUMNS: readonly Column[] = [
  'Version',
  'State',
  ['Accuracy', 'number'],
  ['Plain', 'number roomy'],
  ['Gain', 'number roomy'],
  ['Learned', 'number roomy'],
  ['Signed', 'number roomy'],
  ['Made', 'number roomy'],
];

export interface VersionsProps {
  state: State;
  store: Store;
  ask: Ask;
}

export function VersionsCard({ state: { models, now }, store, ask }: VersionsProps) {
  const versions = models.value ?? [];
  const serving = versions.find(({ state }) => state === 'serving');
  const activate = (version: Version) =>
    ask({
      title: `Serve version ${version.version}?`,
      text: <Consequences version={version} serving={serving} />,
      verb: serving !== undefined && version.version < serving.version ? 'Roll back' : 'Activate',
      act: () =>
        store.act((client) =>
          client.call('POST /models/{version}/activate', { params: { version: version.version } }),
        ),
    });
  return (
    <Card id="versions" title="Versions">
      <LoadState of={models} />
      {serving === undefined || serving.problem === null ? null : (
        <p class="notice warn">New passages are not served from every location: {serving.problem}.</p>
      )}
      {models.value === null ? null : (
        <Table columns={COLUMNS} actions>
          {versions.map((version) => (
            <Row key={version.version} version={version} now={now} onActivate={() => activate(version)} />
          ))}
        </Table>
      )}
      <p class="hint">
        Accuracy: the right document comes first, over questions that were kept aside and never trained on.
        Version 0 is plain search. Signed: how many of the participants of its run have signed what they know
        of it; <code>fedcar model export</code> saves that, and <code>fedcar privacy verify</code> checks it.
      </p>
    </Card>
  );
}

function Row({ version, now, onActivate }: { version: Version; now: number; onActivate: () => void }) {
  const { label, tone } = VERSION_STATES[version.state] ?? { label: version.state, tone: 'plain' as const };
  const measured = version.held_out;
  const gain = measured === null ? null : measured.accuracy - measured.mips;
  return (
    <tr class={version.state === 'serving' ? 'current' : ''}>
      <th scope="row">v{version.version}</th>
      <td>
        <Badge tone={tone}>{label}</Badge>
      </td>
      <td class="number">{measured === null ? DASH : percent(measured.accuracy)}</td>
      <td class="number roomy">{measured === null ? DASH : percent(measured.mips)}</td>
      <td class={`number roomy ${gain === null ? '' : gain < 0 ? 'loss' : 'gain'}`}>
        {gain === null ? DASH : points(gain)}
      </td>
      <td class="number roomy">{count(version.active_rows)}</td>
      <td class="number roomy">
        <Certified version={version} />
      </td>
      <td class="number roomy">
        <time datetime={new Date(version.created_at).toISOString()} title={dateTime(version.created_at)}>
          {ago(version.created_at, now)}
        </time>
      </td>
      <td class="number">
        {version.state === 'serving' ? null : (
          <button type="button" class="button small" onClick={onActivate}>
            Activate<span class="unseen"> version {version.version}</span>
          </button>
        )}
      </td>
    </tr>
  );
}

function Certified({ version: { certificate } }: { version: Version }) {
  if (certificate === null) return DASH;
  const { signed, asked, covers } = certificate;
  const what = covers === 'content' ? 'its rounds and what it learned' : 'its rounds, not what it learned';
  return <span title={`${signed} of ${asked} participants have signed ${what}`}>{`${signed}/${asked}`}</span>;
}

function Consequences({ version, serving }: { version: Version; serving: Version | undefined }) {
  const measured = version.held_out;
  return (
    <>
      <p>
        All searches of this collection get version {version.version}
        {serving === undefined ? '' : ` instead of version ${serving.version}`}: here at once, at other
        locations within 30 seconds. You can go back at any time.
      </p>
      {measured === null ? null : (
        <p>
          When it was trained, {percent(measured.accuracy)} of the held-out questions found their document
          first; what served before it {percent(measured.baseline)}.
        </p>
      )}
      {version.state === 'rejected' ? (
        <p class="notice warn">The publish gate did not find it better than what served then.</p>
      ) : null}
    </>
  );
}
