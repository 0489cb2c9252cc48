/** The round under way: how far the run is, the step that all wait for, and what each region does. */
import type { Round, Run } from '../../../../shared/protocol/api/run.ts';
import { count } from '../format.ts';
import { Badge } from '../parts/badge.tsx';
import { participantPhase, ROUND_KINDS, stepsOf } from '../words.ts';

export function LiveRound({ run, secure }: { run: Run; secure: boolean }) {
  if (run.state !== 'running') return null;
  const round = run.rounds.findLast(({ ended_at }) => ended_at === null) ?? run.rounds.at(-1);
  if (round === undefined) {
    return (
      <p class="hint" role="status">
        Preparing: regions hand in what changed in their documents.
      </p>
    );
  }
  return (
    <div class="live">
      <Overall run={run} round={round} />
      <Steps round={round} secure={secure} />
      <Regions round={round} />
    </div>
  );
}

function Overall({ run, round }: { run: Run; round: Round }) {
  const kind = ROUND_KINDS[round.kind] ?? round.kind;
  return (
    <div>
      <p class="live-head">
        <b role="status">{kind}</b>
        <span class="number">
          {run.planned === null
            ? `round ${count(round.round + 1)}`
            : `round ${count(round.round + 1)} of ${count(run.planned)}`}
        </span>
      </p>
      {run.planned === null ? (
        <progress aria-label="Rounds finished" />
      ) : (
        <progress aria-label="Rounds finished" max={run.planned} value={run.finished} />
      )}
    </div>
  );
}

function Steps({ round, secure }: { round: Round; secure: boolean }) {
  const { labels, current } = stepsOf(secure, round.phase);
  return (
    <ol class="steps" aria-label="Steps of this round">
      {labels.map((label, index) => (
        <li
          class={index < current ? 'done' : index === current ? 'current' : ''}
          {...(index === current ? { 'aria-current': 'step' } : {})}
        >
          {label}
        </li>
      ))}
    </ol>
  );
}

function Regions({ round }: { round: Round }) {
  return (
    <ul class="live-regions" aria-label="Regions in this round">
      {Object.entries(round.participants).map(([name, { phase }]) => {
        const { label, tone } = participantPhase(phase);
        return (
          <li>
            <span class="region">{name}</span>
            {phase === 'working' ? (
              <progress aria-label={`${name}: at work`} />
            ) : (
              <progress aria-label={`${name}: done`} max={1} value={phase === 'ready' ? 1 : 0} />
            )}
            <Badge tone={tone}>{label}</Badge>
          </li>
        );
      })}
    </ul>
  );
}
