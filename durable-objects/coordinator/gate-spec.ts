/** What a gate asks of its participants: three snapshots of the same rows, their words, and the settings to try. */
import { partCount } from '../../shared/protocol/parameters.ts';
import type { GateRound, StateRef } from '../../shared/protocol/rounds.ts';
import { decodeSnapshot } from '../../shared/protocol/snapshot.ts';
import { triedOffsets } from '../../shared/round/kept-out.ts';
import { triedSettings } from '../../shared/round/serving-choice.ts';
import type { ActiveRun } from './run-store.ts';
import type { RunnerDeps } from './runner.ts';
import type { TrainingState } from './training-state.ts';
import { servingOf, type VersionRow } from './versions.ts';
import { wordsOfRows } from './word-table.ts';

/** Documents may come while snapshots are made: then they are made again. */
const MOST_TRIES = 3;

export type GateAsks = Pick<
  GateRound,
  'adapter' | 'candidate' | 'serving' | 'baseline' | 'words' | 'parameters' | 'tried'
>;

export async function specifyGate(run: ActiveRun, deps: RunnerDeps, state: TrainingState): Promise<GateAsks> {
  const { versions, settings } = deps;
  const numbers = [run.candidate ?? 0, run.against ?? versions.serving()?.version ?? 0, 0] as const;
  const { rows, same, asks } = await compared(numbers, deps, state);
  const [, serving] = rows;
  const tried = triedSettings(asks.parameters, {
    words: asks.words !== null,
    // With noise participants answer without it: one record can change the answers to many questions.
    memory: run.noise === null && settings.memory !== 'off' && same,
    everyone: run.noise === null && serving.active_rows === 0,
  });
  return { ...asks, tried };
}

/** What finds the offset: the candidate with several, as documents say that it learned nothing of. */
export async function specifyOffsets(
  run: ActiveRun,
  deps: RunnerDeps,
  state: TrainingState,
): Promise<GateAsks> {
  const { asks } = await compared([run.candidate ?? 0, 0, 0], deps, state);
  return { ...asks, tried: triedOffsets(asks.parameters.candidate) };
}

/** Versions of the same rows with their words, as they are. */
async function compared(
  numbers: readonly [candidate: number, serving: number, baseline: number],
  deps: RunnerDeps,
  state: TrainingState,
) {
  const rows = await sameRows(numbers, deps);
  const [candidate, serving, baseline] = rows;
  const same = rows.every(({ rows_at }) => rows_at === candidate.rows_at);
  const words = same ? await keepWords(candidate, deps, state) : null;
  const present = { candidate: servingOf(candidate), serving: servingOf(serving) };
  const asks = {
    adapter: deps.settings.adapter,
    ...{ candidate: refOf(candidate), serving: refOf(serving), baseline: refOf(baseline) },
    words,
    // Plain search finds by the same words: what is compared with it is what was learned.
    parameters: { ...present, baseline: { ...servingOf(baseline), words: present.candidate.words } },
  };
  return { rows, same, asks };
}

/** The versions with the rows of now; the same rows unless documents come all the time. */
export async function sameRows(
  [candidate, serving, baseline]: readonly [number, number, number],
  { versions, context }: Pick<RunnerDeps, 'versions' | 'context'>,
): Promise<[VersionRow, VersionRow, VersionRow]> {
  for (let tries = 1; ; tries++) {
    const first = await versions.refresh(candidate, context);
    const rows = [
      await versions.refresh(serving, context),
      await versions.refresh(baseline, context),
    ] as const;
    if (tries === MOST_TRIES || rows.every(({ rows_at }) => rows_at === first.rows_at))
      return [first, ...rows];
  }
}

function refOf({ hash, bytes }: VersionRow): StateRef {
  return { key: `snapshot:${hash}`, hash, bytes, parts: partCount(bytes) };
}

/** Null where there are too many, where a region did not answer, and where a guest takes part. */
async function keepWords(
  { version, hash, rows_at }: VersionRow,
  { versions, words, ownJudge, hasGuests }: RunnerDeps,
  state: TrainingState,
): Promise<StateRef | null> {
  if (hasGuests()) return null;
  const name = (content: Omit<StateRef, 'key'>): StateRef => ({ key: `words:${hash}`, ...content });
  const gathered = ownJudge.wordsOf(rows_at);
  if (gathered !== null) return name(await state.saveWords(gathered));
  const regions = await words();
  const bytes = versions.snapshot(version);
  if (bytes === null) return null;
  const found = wordsOfRows(decodeSnapshot(bytes), regions);
  return found === null ? null : name(await state.saveWords(found));
}
