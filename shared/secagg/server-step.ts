/**
 * The coordinator's state machine: (state, event, now) → (state, effects, outcome). Pure and synchronous, so that a
 * store can load, step and save in one transaction; signatures and hashes are checked before (server-verify.ts).
 */
import { canonicalJson } from '../crypto/canonical-json.ts';
import type { AnySignedRoster, ClientMessage, RoundParameters, SignedRoster } from '../protocol/secagg.ts';
import { type RoundContext, roundContext } from './context.ts';
import { ProtocolError, refuse, type SecaggCode } from './errors.ts';
import { checkParameters } from './parameters.ts';
import { checkClientMessage } from './server-checks.ts';
import {
  abortRound,
  closePhase,
  type Draft,
  hasAnswered,
  isSettled,
  openMasked,
  openUnmask,
  recipients,
} from './server-phases.ts';
import {
  type MessagePhase,
  noMessages,
  PHASE_ORDER,
  type ServerEvent,
  type ServerOutcome,
  type ServerState,
  type ServerStepResult,
} from './server-state.ts';

export interface ServerConfig {
  parameters: RoundParameters;
  roster: SignedRoster;
  /** Earlier rosters, oldest first, for participants that have not seen them. */
  chain?: AnySignedRoster[];
  /** Members who are not asked. */
  excluded?: string[];
  /** Milliseconds that each phase waits for answers. */
  timeouts: Record<MessagePhase, number>;
}

/** @throws ProtocolError when the parameters do not fit the roster. */
export function openRound(config: ServerConfig, now: number): ServerStepResult {
  checkParameters(config.parameters, config.roster.roster);
  const state: ServerState = {
    version: 1,
    parameters: config.parameters,
    roster: config.roster,
    chain: config.chain ?? [],
    phase: 'advertise',
    deadline: now + config.timeouts.advertise,
    timeouts: config.timeouts,
    messages: noMessages(),
    staged: {},
    complete: [],
    excluded: config.excluded ?? [],
    participants: [],
    hashes: [],
    attempt: '',
    sharers: [],
    maskers: [],
    survivors: [],
    signers: [],
    revealed: [],
    faults: [],
    convicted: [],
    abort: null,
  };
  const effects = [
    {
      kind: 'phase' as const,
      phase: 'advertise' as const,
      recipients: [...recipients(state)],
      deadline: state.deadline!,
    },
  ];
  return { state, effects, outcome: { ok: true, repeated: false } };
}

export function isOver(state: ServerState): boolean {
  return state.phase === 'done' || state.phase === 'aborted';
}

/** Faults that name a member once for each thing it did wrong. */
function recordFault(draft: Draft, member: string, code: SecaggCode, detail: string): void {
  const { phase, faults } = draft.state;
  // Nobody is blamed for what the network delivers after the end, and strangers are the transport's business.
  if (isOver(draft.state) || !draft.context.members.includes(member)) return;
  if (faults.some((fault) => fault.member === member && fault.phase === phase && fault.code === code)) return;
  draft.state = { ...draft.state, faults: [...faults, { member, phase, code, detail }] };
}

function convict(draft: Draft, member: string): void {
  const { convicted } = draft.state;
  if (convicted.includes(member)) return;
  draft.state = { ...draft.state, convicted: [...convicted, member] };
}

function isRepeat(stored: ClientMessage, message: ClientMessage): boolean {
  return canonicalJson(stored) === canonicalJson(message);
}

function checkTurn(state: ServerState, from: string, phase: MessagePhase): void {
  const turn = PHASE_ORDER.indexOf(state.phase) - PHASE_ORDER.indexOf(phase);
  if (turn < 0) refuse('out-of-order', `${phase}: the round is at ${state.phase}`);
  if (turn > 0) refuse('late', `${phase}: the round is at ${state.phase}`);
  if (!recipients(state).includes(from)) refuse('late', `${phase}: ${from} missed an earlier phase`);
}

/** @returns whether it was a repeat. */
function acceptMessage(
  draft: Draft,
  { from, message, convicted }: ServerEvent & { kind: 'message' },
): boolean {
  const { state, context } = draft;
  const stored = state.messages[message.kind][from];
  if (stored !== undefined) {
    if (isRepeat(stored, message)) return true;
    refuse('conflict', `${message.kind}: differs from the one received`);
  }
  checkTurn(state, from, message.kind);
  checkClientMessage(context, state, message);
  const messages = {
    ...state.messages,
    [message.kind]: { ...state.messages[message.kind], [from]: message },
  };
  draft.state = { ...state, messages };
  for (const dealer of convicted) {
    recordFault(draft, dealer, 'bad-share', `parcel: the one for ${from} is bad`);
    convict(draft, dealer);
  }
  return false;
}

function acceptFrame(draft: Draft, from: string, index: number, digest: string): boolean {
  const { state } = draft;
  const announced = state.messages.masked[from];
  if (announced === undefined) {
    checkTurn(state, from, 'masked');
    return refuse('out-of-order', 'frame: nothing was announced');
  }
  if (announced.frames[index] !== digest) refuse('frame', `frame ${index}: not the one announced`);
  const staged = state.staged[from] ?? [];
  if (hasAnswered(state, 'masked', from) || staged.includes(index)) return true;
  checkTurn(state, from, 'masked');
  const next = [...staged, index];
  draft.effects.push({ kind: 'keep', sender: from, index });
  if (next.length < announced.frames.length) {
    draft.state = { ...state, staged: { ...state.staged, [from]: next } };
    return false;
  }
  // Only a complete vector counts.
  const { [from]: _, ...others } = state.staged;
  draft.state = { ...state, staged: others, complete: [...state.complete, from] };
  return false;
}

function apply(draft: Draft, event: ServerEvent, now: number): boolean {
  switch (event.kind) {
    case 'message':
      return acceptMessage(draft, event);
    case 'frame':
      return acceptFrame(draft, event.from, event.index, event.digest);
    case 'fault':
      return refuse(event.code, event.detail);
    case 'tick':
      return false;
    case 'verified':
      if (draft.state.phase !== 'verify') return true;
      openUnmask(draft, now);
      return false;
    case 'charged':
      if (draft.state.phase !== 'charge') return true;
      openMasked(draft, now);
      return false;
    case 'unmasked':
      if (draft.state.phase !== 'reconstruct') return true;
      draft.state = {
        ...draft.state,
        phase: 'done',
        messages: { ...draft.state.messages, share: {}, unmask: {} },
      };
      draft.effects.push({ kind: 'released' });
      return false;
    case 'abort':
      abortRound(draft, event.code, event.detail, event.blamed);
      return false;
  }
}

/** One step; may be repeated. A refusal changes nothing but the list of faults. */
export function serverStep(
  state: ServerState,
  event: ServerEvent,
  now: number,
  context: RoundContext = roundContext(state.parameters, state.roster.roster),
): ServerStepResult {
  const draft: Draft = { context, state, effects: [] };
  // What comes after the deadline is late, also when the alarm is later still.
  if (draft.state.deadline !== null && now >= draft.state.deadline) closePhase(draft, now);
  let outcome: ServerOutcome;
  if (isOver(draft.state) && event.kind !== 'message' && event.kind !== 'frame') {
    return { state: draft.state, effects: draft.effects, outcome: { ok: true, repeated: true } };
  }
  try {
    outcome = { ok: true, repeated: apply(draft, event, now) };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    outcome = { ok: false, code: error.code, detail: error.detail };
    if ('from' in event) {
      recordFault(draft, event.from, error.code, error.detail);
      if (error.code === 'false-accusation') convict(draft, event.from);
    }
  }
  if (draft.state.deadline !== null && isSettled(draft)) closePhase(draft, now);
  return { state: draft.state, effects: draft.effects, outcome };
}
