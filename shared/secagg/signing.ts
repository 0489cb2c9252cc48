/** Signatures of participants over their messages: canonical JSON under a label for each kind. */
import { fromBase64Url, toBase64Url } from '../crypto/bytes.ts';
import { type Signer, verify } from '../crypto/ed25519.ts';
import { labelled } from '../crypto/hash.ts';
import { type ClientMessage, SECAGG_PROTOCOL } from '../protocol/secagg.ts';
import type { RoundContext } from './context.ts';
import { refuse } from './errors.ts';

type Unsigned<M> = M extends ClientMessage ? Omit<M, 'signature'> : never;
export type UnsignedMessage = Unsigned<ClientMessage>;

/** Who lived and who did not: what a consistency signature covers beside the message. */
export interface Outcomes {
  readonly survivors: readonly string[];
  readonly dropped: readonly string[];
}

/** The outcomes do not travel with the signature: each verifier puts in the lists it has seen itself. */
function content(message: UnsignedMessage, outcomes: Outcomes | null): Uint8Array {
  const { signature: _, ...unsigned } = message as ClientMessage;
  const label = `${SECAGG_PROTOCOL} ${message.kind}`;
  if (message.kind !== 'consistency') return labelled(label, unsigned);
  if (outcomes === null) throw new TypeError('outcomes: needed for a consistency signature');
  return labelled(label, { ...unsigned, survivors: outcomes.survivors, dropped: outcomes.dropped });
}

export async function signMessage<M extends UnsignedMessage>(
  signer: Signer,
  message: M,
  outcomes: Outcomes | null = null,
): Promise<M & { signature: string }> {
  return { ...message, signature: toBase64Url(await signer.sign(content(message, outcomes))) };
}

/** @throws ProtocolError `forged` unless the named sender's registered key signed exactly this. */
export async function verifyMessage(
  context: RoundContext,
  message: ClientMessage,
  outcomes: Outcomes | null = null,
): Promise<void> {
  const key = context.identityKey(message.sender);
  const signature = fromBase64Url(message.signature);
  if (!(await verify(key, content(message, outcomes), signature))) {
    refuse('forged', `${message.kind} of ${message.sender}: signature does not hold`);
  }
}
