/** A run in a few lines: what became of it, how long it took, and when the next one starts by itself. */
import type { Run } from '../../../../shared/protocol/api/run.ts';
import type { Schedule } from '../../../../shared/protocol/api/schedule.ts';
import { ago, count, dateTime, duration } from '../format.ts';
import { Badge } from '../parts/badge.tsx';
import { Fact } from '../parts/fact.tsx';
import { RUN_STATES, shownDate } from '../words.ts';

export interface RunFactsProps {
  run: Run;
  schedule: Schedule | undefined;
  now: number;
}

/** What became of a run, and why. */
export function Outcome({ run, now }: { run: Run; now: number }) {
  const { label, tone } = RUN_STATES[run.state];
  const running = run.state === 'running';
  return (
    <>
      <p class="outcome">
        <Badge tone={tone}>{label}</Badge>
        {run.version === null ? null : <b>Version {run.version}</b>}
        <span class="muted">
          {running ? `for ${duration(now - run.started_at)}` : ago(run.ended_at ?? now, now)}
        </span>
      </p>
      {run.error === null ? null : <p class="reason">{sentence(run.error)}.</p>}
    </>
  );
}

export function RunFacts({ run, schedule, now }: RunFactsProps) {
  const running = run.state === 'running';
  return (
    <>
      <Outcome run={run} now={now} />
      {running ? null : (
        <dl class="figures">
          <Fact name="Started">
            {dateTime(run.started_at)}, {run.reason}
          </Fact>
          <Fact name="Took">{duration((run.ended_at ?? now) - run.started_at)}</Fact>
          <Fact name="Rounds">
            {run.planned === null || run.planned === run.finished
              ? count(run.finished)
              : `${count(run.finished)} of ${count(run.planned)}`}
          </Fact>
          <Next schedule={schedule} now={now} />
        </dl>
      )}
    </>
  );
}

function Next({ schedule, now }: { schedule: Schedule | undefined; now: number }) {
  if (schedule === undefined) return null;
  const { next_at, waiting, uses, reads_from, census } = schedule;
  return (
    <>
      <Fact name="Next by schedule">{shownDate(next_at, now)}</Fact>
      {waiting === null ? null : <Fact name="Waiting">{waiting.detail}</Fact>}
      {uses === null || reads_from === null ? null : (
        <Fact name="It reads">
          questions since {dateTime(reads_from)}; {uses} runs may read each
        </Fact>
      )}
      {census === null ? null : (
        <Fact name="Questions">
          about {count(census.questions)} (± {count(census.deviation)}) at {dateTime(census.at)}; a run helps
          from about {count(census.needed)} on
        </Fact>
      )}
    </>
  );
}

export interface RunChoiceProps {
  /** Newest first. */
  runs: readonly Run[];
  chosen: string;
  now: number;
  onChoose: (run: string) => void;
}

export function RunChoice({ runs, chosen, now, onChoose }: RunChoiceProps) {
  if (runs.length < 2) return null;
  return (
    <label class="field">
      Run
      <select onChange={(event: Event) => onChoose((event.target as HTMLSelectElement).value)}>
        {runs.map((run) => (
          <option value={run.run} selected={run.run === chosen}>
            {ago(run.started_at, now)}: {RUN_STATES[run.state].label.toLowerCase()}
            {run.version === null ? '' : `, version ${run.version}`}
          </option>
        ))}
      </select>
    </label>
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
