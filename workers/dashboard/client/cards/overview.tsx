/** What matters most, at a glance: two promises, four figures. */
import type { Child } from 'hono/jsx/dom';
import type { Privacy } from '../../../../shared/protocol/api/privacy.ts';
import { ago, count, DASH, epsilon, many, percent, points } from '../format.ts';
import { Badge } from '../parts/badge.tsx';
import type { State } from '../store.ts';

export function Overview({ state }: { state: State }) {
  return (
    <section class="overview" aria-label="Overview">
      <h1 class="unseen">Collection {state.target.collection}</h1>
      {state.privacy.value === null ? null : <Promises privacy={state.privacy.value} />}
      <div class="tiles">
        <ServingTile state={state} />
        <AccuracyTile state={state} />
        <DocumentsTile state={state} />
        <PrivacyTile privacy={state.privacy.value} />
      </div>
    </section>
  );
}

function Promises({ privacy }: { privacy: Privacy }) {
  const { aggregation, noise, members, unit, budget, retention_days } = privacy;
  const secure = aggregation === 'secure';
  const whose = unit === 'record' ? 'a question' : 'all questions of a person';
  return (
    <ul class="promises">
      <li>
        <Badge tone={secure ? 'good' : 'warn'}>Secure aggregation {secure ? 'on' : 'off'}</Badge>
        <span>
          {secure
            ? 'The coordinator learns the sum of all regions and nothing of one of them.'
            : members < 2
              ? 'One region alone has nobody to hide among: the coordinator sees what it contributes.'
              : 'The coordinator sees what every region contributes.'}
        </span>
      </li>
      <li>
        <Badge tone={noise === 'on' ? 'good' : 'warn'}>Noise {noise}</Badge>
        <span>
          {noise === 'on'
            ? `Differential privacy for ${whose}: ε at most ${epsilon(budget)} in any ${many(retention_days, 'day')}.`
            : 'Nothing is promised about single questions: what is trained may reveal them.'}
        </span>
      </li>
    </ul>
  );
}

function Tile({ name, value, children }: { name: string; value: Child; children: Child }) {
  return (
    <div class="tile">
      <h2>{name}</h2>
      <p class="figure">{value}</p>
      <p class="sub">{children}</p>
    </div>
  );
}

function ServingTile({ state: { models, now } }: { state: State }) {
  const serving = models.value?.find((version) => version.state === 'serving');
  if (serving === undefined) {
    return (
      <Tile name="Serving" value={DASH}>
        {' '}
      </Tile>
    );
  }
  return (
    <Tile name="Serving" value={`Version ${serving.version}`}>
      {serving.version === 0
        ? 'plain search, nothing learned yet'
        : `trained ${ago(serving.created_at, now)}; ${count(serving.active_rows)} of ${count(serving.rows)} passages learned`}
    </Tile>
  );
}

function AccuracyTile({ state: { models } }: { state: State }) {
  const serving = models.value?.find((version) => version.state === 'serving');
  const measured = serving?.held_out ?? null;
  const name = 'Right document first';
  if (measured === null) {
    // Version 0 is plain search: what later versions were compared with is its own accuracy.
    const latest = models.value?.find((version) => version.held_out !== null)?.held_out;
    const plain = serving?.version === 0 ? (latest ?? null) : null;
    return (
      <Tile name={name} value={plain === null ? DASH : percent(plain.mips)}>
        {plain === null ? 'measured when a version is trained' : 'of held-out questions, by plain search'}
      </Tile>
    );
  }
  const gain = measured.accuracy - measured.mips;
  return (
    <Tile name={name} value={percent(measured.accuracy)}>
      <b class={gain < 0 ? 'loss' : 'gain'}>{points(gain)} points</b> over plain search (
      {percent(measured.mips)})
    </Tile>
  );
}

function DocumentsTile({ state: { regions } }: { state: State }) {
  const { value } = regions;
  if (value === null) {
    return (
      <Tile name="Documents" value={DASH}>
        {' '}
      </Tile>
    );
  }
  const items = value.regions.reduce((sum, region) => sum + region.items, 0);
  return (
    <Tile name="Documents" value={count(items)}>
      in {many(value.regions.length, 'region')}
      {value.away.length === 0 ? '' : <b class="loss">; no answer from {value.away.join(', ')}</b>}
    </Tile>
  );
}

function PrivacyTile({ privacy }: { privacy: Privacy | null }) {
  if (privacy === null || privacy.noise === 'off') {
    return (
      <Tile name="Privacy budget" value={DASH}>
        {privacy === null ? ' ' : 'noise is off, so nothing is promised or spent'}
      </Tile>
    );
  }
  const { left, budget, next_run } = privacy;
  return (
    <Tile name="Privacy budget left" value={`ε ${epsilon(left)}`}>
      of {epsilon(budget)}; room for {count(next_run.runs_left)} more{' '}
      {next_run.runs_left === 1 ? 'run' : 'runs'}
    </Tile>
  );
}
