/**
 * One round as a pure state machine `(state, event, now) → { state, effects }`: who was asked, who answered, when to
 * stop waiting. It knows nothing of vectors, storage or transport, so that every order of events can be tested.
 */

import { entryOf } from '../protocol/names.ts';
import type { FailureCode } from '../protocol/rounds.ts';

/** `excluded`: not asked, for what it did in an earlier round of the run. */
export type ParticipantPhase = 'invited' | 'working' | 'ready' | 'failed' | 'missed' | 'excluded';

/** What an operator reads of a failure; details stay with the participant. */
const FAILURES: Record<FailureCode, string> = {
  serial_used: 'has joined this serial before',
  not_as_agreed: 'the round is not what was agreed',
  ledger: 'its own ledger does not allow the round',
  secure_sum: 'what it was told of the secure sum does not fit',
  work: 'its work failed; its own log says why',
};

export interface RoundState {
  id: string;
  phase: 'open' | 'released' | 'aborted';
  startedAt: number;
  deadlineAt: number;
  /** How long the round waits without news of anybody at work. */
  patienceMs: number;
  minParticipants: number;
  participants: Record<string, { phase: ParticipantPhase; progress: number }>;
  /** Whether somebody had joined the round's serial before: the coordinator is behind its participants. */
  behind?: boolean;
  error: string | null;
}

export type RoundEvent =
  | { type: 'working'; participant: string }
  | { type: 'ready'; participant: string }
  | { type: 'failed'; participant: string; code: FailureCode }
  | { type: 'away'; participant: string }
  | { type: 'removed'; participant: string }
  | { type: 'back'; participant: string }
  | { type: 'cancel'; detail: string }
  | { type: 'tick' };

export type RoundEffect = { effect: 'release'; contributors: string[] } | { effect: 'abort'; detail: string };

export interface Transition {
  state: RoundState;
  effects: RoundEffect[];
  /** False when the event came from a stranger or too late: the sender should drop the round. */
  accepted: boolean;
}

/** Stragglers get at least this long once half of the participants are done, and from when they last said they work. */
const GRACE_MS = 30_000;
/** … and at least this many times what the first half needed. */
const GRACE_FACTOR = 4;
/** Nobody can hold a round open for more than so many deadlines. */
const MOST_PATIENCE = 10;

const AFTER = { failed: 'failed', removed: 'failed', away: 'missed', back: 'invited' } as const;

export function openRound(
  id: string,
  invited: readonly string[],
  options: { now: number; phaseDeadlineMs: number; minParticipants: number; excluded?: readonly string[] },
): RoundState {
  return {
    id,
    phase: 'open',
    startedAt: options.now,
    deadlineAt: options.now + options.phaseDeadlineMs,
    patienceMs: options.phaseDeadlineMs,
    minParticipants: options.minParticipants,
    participants: Object.fromEntries([
      ...invited.map((name) => [name, { phase: 'invited', progress: 0 }] as const),
      ...(options.excluded ?? []).map((name) => [name, { phase: 'excluded', progress: 0 }] as const),
    ]),
    error: null,
  };
}

export function contributorsOf(state: RoundState): string[] {
  return Object.entries(state.participants)
    .filter(([, participant]) => participant.phase === 'ready')
    .map(([name]) => name)
    .sort();
}

export function stepRound(state: RoundState, event: RoundEvent, now: number): Transition {
  if (state.phase !== 'open') {
    // A repeat whose first answer was lost: its sender is in the round and must keep what the round still needs.
    const counted =
      event.type === 'ready' && entryOf(state.participants, event.participant)?.phase === 'ready';
    // Who stays out of the secure sum says why; what comes of the sum is decided there.
    if (
      event.type === 'failed' &&
      state.phase === 'released' &&
      entryOf(state.participants, event.participant) !== undefined
    ) {
      return { state: { ...state, ...failure(state, event) }, effects: [], accepted: false };
    }
    return { state, effects: [], accepted: state.phase === 'released' && counted };
  }
  if (event.type === 'cancel') return abort(state, event.detail);
  if (event.type === 'tick') return settle(state, now);
  const current = entryOf(state.participants, event.participant);
  if (current === undefined || current.phase === 'excluded') return { state, effects: [], accepted: false };
  // Who is ready stays ready: repeats and late failures change nothing.
  if (current.phase === 'ready') return { ...settle(state, now), accepted: true };
  // Who was given up and asks for work again is waited for like the others.
  if (event.type === 'back' && current.phase !== 'missed') return { state, effects: [], accepted: true };
  // Who works does not need to be reached.
  if (event.type === 'away' && current.phase !== 'invited') return { state, effects: [], accepted: true };
  const next =
    event.type === 'working'
      ? { phase: 'working' as const, progress: current.progress }
      : event.type === 'ready'
        ? { phase: 'ready' as const, progress: 1 }
        : { phase: AFTER[event.type], progress: current.progress };
  const participants = { ...state.participants, [event.participant]: next };
  const changed = { ...state, participants, ...(event.type === 'failed' && failure(state, event)) };
  const waiting = event.type === 'working' ? withPatience(changed, now) : withGrace(changed, now);
  return { ...settle(waiting, now), accepted: true };
}

function failure(
  { behind = false }: RoundState,
  { participant, code }: RoundEvent & { type: 'failed' },
): Pick<RoundState, 'error' | 'behind'> {
  return { error: `${participant}: ${FAILURES[code]}`, behind: behind || code === 'serial_used' };
}

/**
 * A first round over a long query log takes longer than a deadline for those who are away should be; and a region with
 * many times the others' records is not slow as long as it says that it is at work. How much is left nobody says, so
 * all waiting together is bounded by a multiple of the deadline.
 */
function withPatience(state: RoundState, now: number): RoundState {
  // A round that was opened before there was patience keeps its deadline.
  const patience = state.patienceMs ?? 0;
  const grace = Math.max(GRACE_MS, (now - state.startedAt) / 2);
  const wanted = now + (isHalfDone(state) ? Math.min(grace, patience) : patience);
  const until = Math.min(wanted, state.startedAt + MOST_PATIENCE * patience);
  return until <= state.deadlineAt ? state : { ...state, deadlineAt: until };
}

function isHalfDone({ participants, minParticipants }: RoundState): boolean {
  const all = Object.values(participants);
  const done = all.filter(({ phase }) => phase === 'ready').length;
  return done > 0 && done * 2 >= all.length && done >= minParticipants;
}

/**
 * Once half are done, the others get a bounded multiple of that time: one slow region must not stop the rest. Those of
 * whom there is news get some more.
 */
function withGrace(state: RoundState, now: number): RoundState {
  if (!isHalfDone(state)) return state;
  const grace = state.startedAt + Math.max(GRACE_MS, GRACE_FACTOR * (now - state.startedAt));
  return grace < state.deadlineAt ? { ...state, deadlineAt: grace } : state;
}

function settle(state: RoundState, now: number): Transition {
  const entries = Object.entries(state.participants);
  const waiting = entries.filter(([, p]) => p.phase === 'invited' || p.phase === 'working');
  const contributors = contributorsOf(state);
  const late = now >= state.deadlineAt;
  if (waiting.length > 0 && !late) return { state, effects: [], accepted: true };
  const enough = contributors.length >= Math.max(1, state.minParticipants);
  // Who could not be reached may still come back, and without them nothing would come of the round.
  if (!enough && !late && entries.some(([, p]) => p.phase === 'missed')) {
    return { state, effects: [], accepted: true };
  }
  if (!enough) {
    const why = state.error === null ? '' : `; ${state.error}`;
    return abort(
      state,
      `${contributors.length} of ${entries.length} participants answered where ${Math.max(1, state.minParticipants)} are needed${why}`,
    );
  }
  const participants = { ...state.participants };
  for (const [name, participant] of waiting) participants[name] = { ...participant, phase: 'missed' };
  return {
    state: { ...state, phase: 'released', participants },
    effects: [{ effect: 'release', contributors }],
    accepted: true,
  };
}

function abort(state: RoundState, detail: string): Transition {
  return {
    state: { ...state, phase: 'aborted', error: detail },
    effects: [{ effect: 'abort', detail }],
    accepted: true,
  };
}
