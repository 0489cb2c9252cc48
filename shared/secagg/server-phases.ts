/**
 * How a round goes from phase to phase: who is expected, when a phase is over, and what then. Invariant: a phase with
 * fewer than t good answers aborts the round, and an aborted round has no sum.
 */
import { advertisementHash, attemptOf } from './binding.ts';
import type { RoundContext } from './context.ts';
import type { SecaggCode } from './errors.ts';
import {
  type MessagePhase,
  noMessages,
  type ServerEffect,
  type ServerPhase,
  type ServerState,
} from './server-state.ts';
import { firstRevealed, surplusParts } from './surplus-noise.ts';

/** A state being changed within one step, and what the step has its caller do. */
export interface Draft {
  readonly context: RoundContext;
  state: ServerState;
  effects: ServerEffect[];
}

export function recipients(state: ServerState, phase: ServerPhase = state.phase): readonly string[] {
  switch (phase) {
    case 'advertise':
      return state.roster.roster.members.map(({ id }) => id).filter((id) => !state.excluded.includes(id));
    case 'share':
      return state.participants;
    case 'checked':
      return state.sharers;
    case 'masked':
      return state.maskers;
    case 'consistency':
      return state.survivors;
    case 'unmask':
      return state.signers;
    default:
      return [];
  }
}

export function hasAnswered(state: ServerState, phase: MessagePhase, id: string): boolean {
  return phase === 'masked' ? state.complete.includes(id) : Object.hasOwn(state.messages[phase], id);
}

export function abortRound(draft: Draft, code: SecaggCode, detail: string, blamed: string[] = []): void {
  draft.state = {
    ...draft.state,
    phase: 'aborted',
    deadline: null,
    messages: noMessages(),
    staged: {},
    complete: [],
    abort: { code, detail, blamed },
  };
  draft.effects.push({ kind: 'aborted' });
}

function openPhase(draft: Draft, phase: MessagePhase, change: Partial<ServerState>, now: number): void {
  const deadline = now + draft.state.timeouts[phase];
  draft.state = { ...draft.state, ...change, phase, deadline };
  draft.effects.push({ kind: 'phase', phase, recipients: [...recipients(draft.state)], deadline });
}

/**
 * Sharers whose secrets can be restored later: on a sparse graph someone whose neighbours are away is left out, which
 * may leave out the next.
 */
function restorable(context: RoundContext, sharers: readonly string[]): string[] {
  let kept = [...sharers];
  for (;;) {
    const present = new Set(kept);
    const next = kept.filter(
      (id) => context.holders(id).filter((holder) => present.has(holder)).length >= context.shareThreshold,
    );
    if (next.length === kept.length) return kept;
    kept = next;
  }
}

/** Whether `among` hold enough shares to restore a member's secrets. */
function isRestorable({ context }: Draft, member: string, among: ReadonlySet<string>): boolean {
  const holders = context.holders(member).filter((id) => among.has(id));
  return holders.length >= context.shareThreshold;
}

/** Of the members that masked or were to, those whose secrets `among` cannot restore. */
function lost(draft: Draft, among: readonly string[]): string[] {
  const present = new Set(among);
  return draft.state.maskers.filter((id) => !isRestorable(draft, id, present));
}

function closeMasked(draft: Draft, survivors: string[], now: number): void {
  for (const sender of Object.keys(draft.state.staged)) draft.effects.push({ kind: 'discard', sender });
  if (lost(draft, survivors).length > 0) {
    abortRound(draft, 'below-threshold', 'masked: too few hold shares of some secrets');
  } else openPhase(draft, 'consistency', { survivors, staged: {} }, now);
}

function isFalse({ faults }: ServerState, id: string): boolean {
  return faults.some(({ member, code }) => member === id && code === 'false-accusation');
}

/** Whoever sent something wrong, and nothing right after it. */
function hasFault({ faults }: ServerState, phase: MessagePhase, id: string): boolean {
  return faults.some((fault) => fault.member === id && fault.phase === phase);
}

/** Ends the phase with who has answered. */
export function closePhase(draft: Draft, now: number): void {
  const { state, context } = draft;
  const phase = state.phase as MessagePhase;
  const answered = recipients(state).filter((id) => hasAnswered(state, phase, id));
  const honest = answered.filter((id) => !state.convicted.includes(id));
  const enough = phase === 'share' || phase === 'checked' ? restorable(context, honest) : honest;
  if (enough.length < context.threshold) {
    const wrong = recipients(state).filter((id) => !enough.includes(id) && hasFault(state, phase, id));
    const detail = `${phase}: ${enough.length} of at least ${context.threshold}`;
    abortRound(draft, 'below-threshold', detail, [...new Set([...wrong, ...state.convicted])]);
    return;
  }
  if (phase === 'advertise') {
    const hashes = enough.map((id) => advertisementHash(state.messages.advertise[id]!));
    const attempt = attemptOf(context, enough, hashes);
    openPhase(draft, 'share', { participants: enough, hashes, attempt }, now);
  } else if (phase === 'share') openPhase(draft, 'checked', { sharers: enough }, now);
  else if (phase === 'checked') openCharge(draft, enough);
  else if (phase === 'masked') closeMasked(draft, enough, now);
  else if (phase === 'consistency') {
    closeConsistency(draft, enough, now);
  } else if (lost(draft, enough).length > 0) {
    abortRound(draft, 'below-threshold', 'unmask: too few shares of some secrets');
  } else {
    draft.state = { ...state, phase: 'reconstruct', deadline: null, revealed: enough };
    draft.effects.push({ kind: 'reconstruct' });
  }
}

/** The keys of those who dropped are restored and checked before any share of a seed is asked for. */
function closeConsistency(draft: Draft, signers: string[], now: number): void {
  const { state } = draft;
  draft.state = { ...state, signers };
  const present = new Set(signers);
  const dropped = state.maskers.filter((id) => !state.survivors.includes(id));
  if (dropped.some((id) => !isRestorable(draft, id, present))) {
    abortRound(draft, 'below-threshold', 'consistency: too few shares of some keys', state.convicted);
  } else if (dropped.length === 0) openUnmask(draft, now);
  else {
    draft.state = { ...draft.state, phase: 'verify', deadline: null };
    draft.effects.push({ kind: 'verify' });
  }
}

/** All parcels that count are good: the caller's ledger is asked before anybody's vector is. */
function openCharge(draft: Draft, maskers: string[]): void {
  draft.state = { ...draft.state, maskers, phase: 'charge', deadline: null };
  draft.effects.push({ kind: 'charge' });
}

/** The ledger has charged: ask for vectors. */
export function openMasked(draft: Draft, now: number): void {
  openPhase(draft, 'masked', {}, now);
}

/** Whatever can be checked holds: ask for shares. */
export function openUnmask(draft: Draft, now: number): void {
  openPhase(draft, 'unmask', {}, now);
}

/**
 * Nobody is left to wait for, or the shares at hand restore everything; as long as noise is to be taken out, everybody's
 * seeds are worth waiting for.
 */
export function isSettled(draft: Draft): boolean {
  const { state, context } = draft;
  const phase = state.phase as MessagePhase;
  // A false accuser is not waited for: whoever is one once does not get a second chance at the others' expense.
  const expected = recipients(state).filter((id) => hasAnswered(state, phase, id) || !isFalse(state, id));
  const answered = expected.filter((id) => hasAnswered(state, phase, id));
  if (answered.length === expected.length) return true;
  if (phase !== 'unmask' || answered.length < context.threshold) return false;
  const seedsDue = firstRevealed(context, state.survivors.length) < surplusParts(context);
  return !seedsDue && lost(draft, answered).length === 0;
}
