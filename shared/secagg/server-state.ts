/**
 * The coordinator's round as plain JSON. It holds nothing secret: ciphertexts, public keys, lists, and in the last
 * phase revealed shares, which are dropped when the round ends.
 */
import type {
  Advertisement,
  AnySignedRoster,
  CheckedMessage,
  ClientMessage,
  ConsistencyMessage,
  MaskedMessage,
  RoundParameters,
  ShareMessage,
  SignedRoster,
  UnmaskMessage,
} from '../protocol/secagg.ts';
import type { SecaggCode } from './errors.ts';

export type MessagePhase = ClientMessage['kind'];

/**
 * Phases that wait for participants, `charge` (waits for the caller's ledger), `verify` (waits for the caller to restore
 * the dropped members' keys), `reconstruct` (waits for the caller to remove the masks), and the two ends.
 */
export type ServerPhase = MessagePhase | 'verify' | 'charge' | 'reconstruct' | 'done' | 'aborted';

export const PHASE_ORDER: readonly ServerPhase[] = [
  'advertise',
  'share',
  'checked',
  'charge',
  'masked',
  'consistency',
  'verify',
  'unmask',
  'reconstruct',
  'done',
  'aborted',
];

/** What a member did wrong; it may still send the right message. */
export interface Fault {
  member: string;
  phase: ServerPhase;
  code: SecaggCode;
  detail: string;
}

export interface ServerMessages {
  advertise: Record<string, Advertisement>;
  share: Record<string, ShareMessage>;
  checked: Record<string, CheckedMessage>;
  masked: Record<string, MaskedMessage>;
  consistency: Record<string, ConsistencyMessage>;
  unmask: Record<string, UnmaskMessage>;
}

export const noMessages = (): ServerMessages => ({
  advertise: {},
  share: {},
  checked: {},
  masked: {},
  consistency: {},
  unmask: {},
});

export interface ServerState {
  version: 1;
  parameters: RoundParameters;
  roster: SignedRoster;
  chain: AnySignedRoster[];
  phase: ServerPhase;
  /** Milliseconds on the caller's clock; null when the phase does not wait for participants. */
  deadline: number | null;
  /** Milliseconds that each phase waits. */
  timeouts: Record<MessagePhase, number>;
  messages: ServerMessages;
  /** Frames kept of a vector that is not complete yet. */
  staged: Record<string, number[]>;
  /** Members whose vector is in the sum. */
  complete: string[];
  /** Members who are not asked, because of what they did in an earlier attempt. */
  excluded: string[];
  participants: string[];
  /** Hashes of the participants' advertisements, in order, and their digest, which names the attempt. */
  hashes: string[];
  attempt: string;
  sharers: string[];
  /** Who shared, found all parcels good or proved which were not, and dealt none that was bad: they send vectors. */
  maskers: string[];
  survivors: string[];
  signers: string[];
  /** Survivors who revealed their shares, and with them the seeds of what is surplus of their noise. */
  revealed: string[];
  faults: Fault[];
  /** Members of whom it is proved that they broke the protocol: dealers of bad parcels, and false accusers. */
  convicted: string[];
  /** Why the round was aborted, and who is to blame as far as that is known. */
  abort: { code: SecaggCode; detail: string; blamed: string[] } | null;
}

export type ServerEffect =
  /** A phase has begun: ask these members, and call `tick` at the deadline. */
  | { kind: 'phase'; phase: MessagePhase; recipients: string[]; deadline: number }
  /** Keep the frame that has just come, in the same transaction as the state. */
  | { kind: 'keep'; sender: string; index: number }
  /** Forget the frames of a vector that is not complete and came too late. */
  | { kind: 'discard'; sender: string }
  /** Hold the dropped members' keys against what they advertised, then send the event `verified`. */
  | { kind: 'verify' }
  /** Write the round's privacy cost to the ledger, then send the event `charged`. */
  | { kind: 'charge' }
  /** Remove the masks, then send the event `unmasked`. */
  | { kind: 'reconstruct' }
  /** The sum may be read. */
  | { kind: 'released' }
  /** Nothing may be read: forget every vector. */
  | { kind: 'aborted' };

export type ServerEvent =
  /** `convicted`: dealers against whom the message proved something. */
  | { kind: 'message'; from: string; message: ClientMessage; convicted: string[] }
  | { kind: 'frame'; from: string; index: number; digest: string }
  /** A message that failed its checks before the step. */
  | { kind: 'fault'; from: string; code: SecaggCode; detail: string }
  | { kind: 'tick' }
  | { kind: 'verified' }
  | { kind: 'charged' }
  | { kind: 'unmasked' }
  | { kind: 'abort'; code: SecaggCode; detail: string; blamed: string[] };

/** Refusals are answers, not exceptions: they cross object boundaries. */
export type ServerOutcome = { ok: true; repeated: boolean } | { ok: false; code: SecaggCode; detail: string };

export interface ServerStepResult {
  state: ServerState;
  effects: ServerEffect[];
  outcome: ServerOutcome;
}
