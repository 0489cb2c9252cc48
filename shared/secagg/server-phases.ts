/**
 * How a round goes from phase to phase: who is expected, when a phase is over, and what then. Invariant: a phase with
 * fewer than t good answers aborts the round, and an aborted round has no sum.
 */
import { advertisementHash, attemptOf } from './binding.ts';
import type { RoundContext } from './context.ts';
import type { SecaggCode } from './errors.ts';
import type { MessagePhase, ServerEffect, ServerPhase, ServerState } from './server-state.ts';
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
    case 'masked':
      return state.sharers;
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
  const messages = { advertise: {}, share: {}, masked: {}, consistency: {}, unmask: {} };
  draft.state = {
    ...draft.state,
    phase: 'aborted',
    deadline: null,
    messages,
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

/** Whether a member has proved that a dealer's parcel for it is bad, and so holds no share of the dealer's secrets. */
export function accuses({ messages }: ServerState, holder: string, dealer: string): boolean {
  return messages.masked[holder]?.accused.some((each) => each.dealer === dealer) ?? false;
}

/** Members that hold a dealer's shares. */
export function usableHolders(draft: Draft, dealer: string, among: ReadonlySet<string>): string[] {
  return draft.context.holders(dealer).filter((id) => among.has(id) && !accuses(draft.state, id, dealer));
}

/** Sharers whose secrets `among` cannot restore. */
export function lost(draft: Draft, among: readonly string[]): string[] {
  const present = new Set(among);
  return draft.state.sharers.filter(
    (dealer) => usableHolders(draft, dealer, present).length < draft.context.shareThreshold,
  );
}

function closeMasked(draft: Draft, survivors: string[], now: number): void {
  for (const sender of Object.keys(draft.state.staged)) draft.effects.push({ kind: 'discard', sender });
  const unrestorable = lost(draft, survivors);
  if (unrestorable.length > 0) {
    abortRound(draft, 'decryption', 'masked: too few hold good shares of some secrets', unrestorable);
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
  const enough = phase === 'share' ? restorable(context, answered) : answered;
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
  } else if (phase === 'share') openPhase(draft, 'masked', { sharers: enough }, now);
  else if (phase === 'masked') closeMasked(draft, enough, now);
  else if (phase === 'consistency') {
    closeConsistency(draft, enough);
  } else if (lost(draft, enough).length > 0) {
    abortRound(draft, 'below-threshold', 'unmask: too few shares of some secrets');
  } else {
    draft.state = { ...state, phase: 'reconstruct', deadline: null, revealed: enough };
    draft.effects.push({ kind: 'reconstruct' });
  }
}

/** The keys of those who dropped are restored and checked before anything is paid for. */
function closeConsistency(draft: Draft, signers: string[]): void {
  const { state, context } = draft;
  draft.state = { ...state, signers };
  const present = new Set(signers);
  const dropped = state.sharers.filter((id) => !state.survivors.includes(id));
  const short = dropped.filter((id) => usableHolders(draft, id, present).length < context.shareThreshold);
  if (short.length > 0) {
    abortRound(draft, 'below-threshold', 'consistency: too few shares of some keys', state.convicted);
  } else if (dropped.length === 0) openCharge(draft);
  else {
    draft.state = { ...draft.state, phase: 'verify', deadline: null };
    draft.effects.push({ kind: 'verify' });
  }
}

/** Whatever can be checked holds: the caller's ledger is asked. */
export function openCharge(draft: Draft): void {
  draft.state = { ...draft.state, phase: 'charge', deadline: null };
  draft.effects.push({ kind: 'charge' });
}

/** The ledger has charged: ask for shares. */
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
