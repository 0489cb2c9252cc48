/** ε spent against the budget, and what the next run would cost. */
import type { Privacy } from '../../../../shared/protocol/api/privacy.ts';
import { count, epsilon, many } from '../format.ts';
import { afterBudget } from '../next-run.ts';
import { Card, LoadState } from '../parts/card.tsx';
import { Fact } from '../parts/fact.tsx';
import type { State } from '../store.ts';

export function PrivacyCard({ state: { privacy } }: { state: State }) {
  return (
    <Card id="privacy" title="Privacy budget">
      <LoadState of={privacy} />
      {privacy.value === null ? null : <Protection privacy={privacy.value} />}
      {privacy.value === null ? null : <p class="hint">{MEMORY[privacy.value.memory.use]}</p>}
      {privacy.value === null ? null : privacy.value.noise === 'off' ? (
        <NoNoise privacy={privacy.value} />
      ) : (
        <Budget privacy={privacy.value} />
      )}
    </Card>
  );
}

const PROTECTION: Record<Privacy['protects'], string> = {
  operators: 'Sums protect each operator’s questions from the others and from this service.',
  storage: 'Sums protect what is stored here; they protect nobody from the operator, who runs all members.',
  nobody: 'Sums are plain: this service sees what each member adds.',
};

const MEMORY: Record<Privacy['memory']['use'], string> = {
  off: 'Memory is off: a question changes answers through trained versions alone.',
  shared:
    'Memory: what two feedback events of a region agree on answers those who ask from there at once. ε does not cover that.',
  all: 'Memory: what one feedback event says answers those who ask from that region at once. ε does not cover that.',
};

/** Who runs the members, and against whom the sums protect. */
function Protection({ privacy: { operators, protects } }: { privacy: Privacy }) {
  const each = operators.map(({ operator, members }) => {
    const name = operator.startsWith('@') ? 'this deployment' : operator;
    return `${name} (${many(members, 'member')})`;
  });
  return (
    <p class="hint">
      {PROTECTION[protects]} {each.length > 0 ? `Operators: ${each.join(', ')}.` : null}
    </p>
  );
}

function NoNoise({ privacy }: { privacy: Privacy }) {
  return (
    <>
      <p class="notice warn">
        <b>Noise is off.</b> Versions that are trained now carry no differential privacy: keep this for
        corpora whose questions are public.
      </p>
      <p class="hint">
        {privacy.epsilon > 0
          ? `Runs with noise have spent ε ${epsilon(privacy.epsilon)} in this window.`
          : 'No run has spent anything, because none added noise.'}{' '}
        Whether noise is on is part of a collection’s settings.
      </p>
    </>
  );
}

function Budget({ privacy }: { privacy: Privacy }) {
  const { epsilon: spent, budget, next_run, left, lost, schedule } = privacy;
  return (
    <>
      <Meter spent={spent} next={next_run.epsilon} budget={budget} fits={next_run.fits} />
      <p class="projection">
        {next_run.fits ? (
          <>
            The next run brings ε to <b>{epsilon(next_run.epsilon)}</b>. The budget has room for{' '}
            <b>{next_run.runs_left === 1 ? 'one run' : `${count(next_run.runs_left)} runs`}</b> like it.
          </>
        ) : (
          <>
            <b>A run does not fit now:</b> it would bring ε to {epsilon(next_run.epsilon)}.{' '}
            {afterBudget(schedule)}
          </>
        )}
      </p>
      <dl class="figures">
        <Fact name="Left">{epsilon(left)}</Fact>
        <Fact name="Protected unit">{privacy.unit === 'record' ? 'one question' : 'one contributor'}</Fact>
        <Fact name="Window">{many(privacy.retention_days, 'day')}</Fact>
        {lost.runs === 0 ? null : (
          <Fact name="Spent without a version" note={many(lost.runs, 'run')}>
            {epsilon(lost.epsilon)}
          </Fact>
        )}
      </dl>
      <details>
        <summary>How it is counted</summary>
        <dl class="figures">
          <Fact name="Spent, by the ledger" note="decides">
            {epsilon(spent)}
          </Fact>
          <Fact name="Spent, by RDP" note="as a fixed schedule">
            {epsilon(privacy.epsilon_rdp)}
          </Fact>
          <Fact name="Spent, by loss distribution" note="as a fixed schedule">
            {epsilon(privacy.epsilon_pld)}
          </Fact>
          <Fact name="δ">{privacy.delta.toExponential(0).replace('-', '−')}</Fact>
          <Fact name="Noise charged for">{`${privacy.honest} of ${many(privacy.members, 'region')}`}</Fact>
        </dl>
      </details>
    </>
  );
}

interface MeterProps {
  spent: number;
  next: number;
  budget: number;
  fits: boolean;
}

/** What is spent, solid; what the next run adds, striped; the rest empty. */
function Meter({ spent, next, budget, fits }: MeterProps) {
  const share = (value: number) => Math.min(100, (100 * value) / budget);
  const label = `ε ${epsilon(spent)} of ${epsilon(budget)} is spent; the next run brings it to ${epsilon(next)}`;
  return (
    <div class="meter">
      <p class="meter-ends">
        <span>
          <b class="figure">ε {epsilon(spent)}</b> spent
        </span>
        <span>of {epsilon(budget)}</span>
      </p>
      <svg role="img" aria-label={label} class={fits ? 'bar' : 'bar over'} width="100%" height="14">
        <defs>
          <pattern
            id="stripes"
            width="6"
            height="6"
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <rect class="stripe" width="3" height="6" />
          </pattern>
        </defs>
        <rect class="track" width="100%" height="14" rx="7" />
        <rect class="next" width={`${share(next)}%`} height="14" rx="7" fill="url(#stripes)" />
        <rect class="spent" width={`${share(spent)}%`} height="14" rx="7" />
      </svg>
      <p class="legend">
        <span>
          <i class="swatch spent" /> spent
        </span>
        <span>
          <i class="swatch next" /> next run
        </span>
      </p>
    </div>
  );
}
