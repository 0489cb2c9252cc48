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

/**
 * The outcomes do not travel with the signature: each verifier puts in the lists it has seen itself. The shares that come
 * with them are not covered, for their dealers committed to them, and other members verify the signature without them.
 */
function content(message: UnsignedMessage, outcomes: Outcomes | null): Uint8Array {
  const { signature: _, ...unsigned } = message as ClientMessage;
  const label = `${SECAGG_PROTOCOL} ${message.kind}`;
  if (unsigned.kind !== 'consistency') return labelled(label, unsigned);
  if (outcomes === null) throw new TypeError('outcomes: needed for a consistency signature');
  const { keyShares: _shares, ...lists } = unsigned;
  return labelled(label, { ...lists, survivors: outcomes.survivors, dropped: outcomes.dropped });
}

export async function signMessage<M extends UnsignedMessage>(
  signer: Signer,
  message: M,
  outcomes: Outcomes | null = null,
): Promise<M & { signature: string }> {
  return { ...message, signature: toBase64Url(await signer.sign(content(message, outcomes))) };
}

/** What a dealer signs of one parcel: all that its receiver needs to call it bad, and to prove it. */
export interface SignedParcel {
  box: string;
  seedShareHash: string;
  keyShareHash: string;
  challenge: string;
  /** Value of the checking polynomial at the receiver's point. */
  check: string;
}

function parcelContent(
  context: RoundContext,
  attempt: string,
  from: string,
  to: string,
  { box, seedShareHash, keyShareHash, challenge, check }: SignedParcel,
): Uint8Array {
  const { parametersHash } = context;
  const parcel = { box, seedShareHash, keyShareHash, challenge, check };
  return labelled(`${SECAGG_PROTOCOL} parcel`, { parametersHash, attempt, from, to, ...parcel });
}

export async function signParcel(
  signer: Signer,
  context: RoundContext,
  attempt: string,
  from: string,
  to: string,
  parcel: SignedParcel,
): Promise<string> {
  return toBase64Url(await signer.sign(parcelContent(context, attempt, from, to, parcel)));
}

/** @throws ProtocolError `forged` unless the dealer signed exactly this parcel. */
export async function verifyParcel(
  context: RoundContext,
  attempt: string,
  from: string,
  to: string,
  parcel: SignedParcel & { signature: string },
): Promise<void> {
  const content = parcelContent(context, attempt, from, to, parcel);
  if (!(await verify(context.identityKey(from), content, fromBase64Url(parcel.signature, 64)))) {
    refuse('forged', `parcel of ${from} for ${to}: signature does not hold`);
  }
}

/** @throws ProtocolError `forged` unless `from` signed these very lists in this attempt. */
export async function verifyLists(
  context: RoundContext,
  lists: Outcomes & { attempt: string },
  from: string,
  signature: string,
): Promise<void> {
  const { parametersHash } = context;
  const { attempt } = lists;
  const header = { kind: 'consistency', protocol: SECAGG_PROTOCOL, parametersHash, attempt } as const;
  await verifyMessage(context, { ...header, sender: from, keyShares: [], signature }, lists);
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
