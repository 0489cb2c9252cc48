/** Training: the run under way with its phases by region, or the last one with what came of it. */
import type { Run } from '../../../../shared/protocol/api/run.ts';
import { RoundsPlot } from '../charts/rounds-plot.tsx';
import { epsilon } from '../format.ts';
import { Card, Empty, LoadState } from '../parts/card.tsx';
import type { Ask } from '../parts/confirm.tsx';
import { isEmpty, runOf, type State, type Store } from '../store.ts';
import { TRAINING } from '../texts.ts';
import { LiveRound } from './live-round.tsx';
import { Outcome, RunChoice, RunFacts } from './run-facts.tsx';

export interface TrainingProps {
  state: State;
  store: Store;
  ask: Ask;
}

export function TrainingCard({ state, store, ask }: TrainingProps) {
  const { runs, run, now } = state;
  const running = runs.value?.runs.find((each) => each.state === 'running');
  const chosen = runOf(state);
  // Without its rounds until they are loaded.
  const shown = run.value?.run === chosen ? run.value : runs.value?.runs.find((each) => each.run === chosen);
  return (
    <Card id="training" title="Training" action={<Buttons {...{ state, store, ask, running }} />}>
      <LoadState of={runs} />
      {runs.value?.runs.length === 0 ? (
        <Empty title="No run yet">
          A run counts which documents are asked for, trains in every region, and publishes a version only if
          it is better. It starts on schedule, or now by the button. Documents need a few questions each
          before they learn.
        </Empty>
      ) : null}
      {shown === undefined || state.chosenRun !== null ? null : (
        <NewerRuns runs={runs.value?.runs ?? []} shown={shown} now={now} />
      )}
      {shown === undefined ? null : (
        <div class="halves">
          <div>
            <RunChoice
              runs={runs.value?.runs ?? []}
              chosen={shown.run}
              now={now}
              onChoose={(id) => store.chooseRun(id)}
            />
            <RunFacts run={shown} schedule={runs.value?.schedule} now={now} />
            {run.value === null ? null : (
              <LiveRound run={run.value} secure={state.privacy.value?.aggregation === 'secure'} />
            )}
          </div>
          <div>
            {shown.rounds.some(({ kind, ended_at }) => kind === 'train' && ended_at !== null) ? (
              <RoundsPlot rounds={shown.rounds} />
            ) : run.value === null ? (
              <LoadState of={run} />
            ) : (
              <Empty title="No train round in this run">
                Loss and participation appear with the first one.
              </Empty>
            )}
          </div>
        </div>
      )}
    </Card>
  );
}

/** Runs after the one that is shown, none of which made a version: the newest says why. */
function NewerRuns({ runs, shown, now }: { runs: readonly Run[]; shown: Run; now: number }) {
  const place = runs.findIndex(({ run }) => run === shown.run);
  const newer = place < 0 ? runs : runs.slice(0, place);
  const [newest] = newer;
  if (newest === undefined) return null;
  return (
    <div class="newer">
      <Outcome run={newest} now={now} />
      <p class="hint">
        {TRAINING.newer(newer.length)} {TRAINING.lastGood}
      </p>
    </div>
  );
}

function Buttons({ state, store, ask, running }: TrainingProps & { running: Run | undefined }) {
  if (state.runs.value === null || isEmpty(state)) return null;
  if (running !== undefined) {
    const cancel = () =>
      ask({
        title: 'Stop this run?',
        text: <p>What serves goes on serving. What the run has spent of the privacy budget stays spent.</p>,
        verb: 'Stop the run',
        act: () =>
          store.act((client) => client.call('POST /rounds/{run}/cancel', { params: { run: running.run } })),
      });
    return (
      <button type="button" class="button" onClick={cancel}>
        Stop the run
      </button>
    );
  }
  const start = () =>
    ask({
      title: 'Start training now?',
      text: (
        <p>
          All regions train together on the questions they hold. Searches go on meanwhile, and a version that
          is not better is not served. {costOf(state)}
        </p>
      ),
      verb: 'Start training',
      act: () => store.act((client) => client.call('POST /rounds')),
    });
  return (
    <button type="button" class="button primary" onClick={start}>
      Start training
    </button>
  );
}

function costOf({ privacy }: State): string {
  if (privacy.value === null || privacy.value.noise === 'off') return '';
  const { next_run, budget } = privacy.value;
  if (!next_run.fits) return 'The privacy budget does not allow it now, so it would end at once.';
  return `It brings ε to ${epsilon(next_run.epsilon)} of ${epsilon(budget)}; that cannot be taken back.`;
}
