/** The checks that need the platform's asynchronous cryptography: made before the step, on what never changes. */
import { fromBase64Url, toBase64Url } from '../crypto/bytes.ts';
import { digest } from '../crypto/hash.ts';
import { importAgreementKey, publicKey } from '../crypto/x25519.ts';
import {
  type CheckedMessage,
  ClientMessage,
  SECAGG_PROTOCOL,
  type ShareMessage,
} from '../protocol/secagg.ts';
import type { RoundContext } from './context.ts';
import { ProtocolError, parseMessage, refuse } from './errors.ts';
import { decodeFrame, type Frame } from './frames.ts';
import { openParcel } from './parcels.ts';
import { checkShare, dealtTo } from './server-checks.ts';
import { PHASE_ORDER, type ServerEvent, type ServerState } from './server-state.ts';
import { verifyMessage, verifyParcel } from './signing.ts';

/**
 * Dealers that the sender proves to have dealt it a bad parcel.
 * @throws ProtocolError `false-accusation` when a parcel is good, or the secret is not of the key it was sealed to
 */
async function provedAgainst(
  context: RoundContext,
  state: ServerState,
  { sender, accused }: CheckedMessage,
): Promise<string[]> {
  const { advertise, share } = state.messages;
  for (const { dealer, secret } of accused) {
    const place = context.neighbours(sender).indexOf(dealer);
    const parcel = share[dealer]?.parcels.find(({ to }) => to === sender);
    const receiveKey = advertise[sender]?.receiveKeys[place];
    if (parcel === undefined || receiveKey === undefined) {
      return refuse('malformed', `accused: ${dealer} sent the accuser no parcel`);
    }
    const own = fromBase64Url(secret, 32);
    if (toBase64Url(await publicKey(await importAgreementKey(own))) !== receiveKey) {
      refuse('false-accusation', `${dealer}: the secret is not that of the key its parcel was sealed to`);
    }
    const { cipherKey } = advertise[dealer]!;
    const signed = { box: parcel.box, ...dealtTo(context, share[dealer]!, sender) };
    const shares = await openParcel(context, {
      from: dealer,
      to: sender,
      cipherKey,
      secret: own,
      parcel: signed,
    });
    if (shares !== null) refuse('false-accusation', `${dealer}: its parcel is good`);
  }
  return accused.map(({ dealer }) => dealer);
}

/** A dealer whose own signatures do not hold over its parcels could not be convicted by them. */
async function checkParcels(context: RoundContext, state: ServerState, message: ShareMessage): Promise<void> {
  checkShare(context, state, message);
  for (const { to, box, signature } of message.parcels) {
    const parcel = { box, signature, ...dealtTo(context, message, to) };
    await verifyParcel(context, message.attempt, message.sender, to, parcel);
  }
}

async function verified(
  context: RoundContext,
  state: ServerState,
  from: string,
  received: unknown,
): Promise<{ message: ClientMessage; convicted: string[] }> {
  const message = parseMessage(ClientMessage, SECAGG_PROTOCOL, received);
  if (message.sender !== from) refuse('forged', `sender: ${from} speaks for ${message.sender}`);
  if (message.parametersHash !== context.parametersHash) {
    refuse('parameters', `${message.kind}: of another round or other parameters`);
  }
  // Before this phase there is no list that a signature could cover.
  if (
    message.kind === 'consistency' &&
    PHASE_ORDER.indexOf(state.phase) < PHASE_ORDER.indexOf('consistency')
  ) {
    refuse('out-of-order', `consistency: the round is at ${state.phase}`);
  }
  const alive = new Set(state.survivors);
  const dropped = state.maskers.filter((id) => !alive.has(id));
  await verifyMessage(context, message, { survivors: state.survivors, dropped });
  if (message.kind === 'share' && state.phase === 'share') await checkParcels(context, state, message);
  const proves = message.kind === 'checked' && state.phase === 'checked';
  return { message, convicted: proves ? await provedAgainst(context, state, message) : [] };
}

function asFault(from: string, error: unknown): ServerEvent {
  if (!(error instanceof ProtocolError)) throw error;
  return { kind: 'fault', from, code: error.code, detail: error.detail };
}

/** @param from whom the transport authenticated: that member is named when something is wrong. */
export async function messageEvent(
  context: RoundContext,
  state: ServerState,
  from: string,
  received: unknown,
): Promise<ServerEvent> {
  try {
    context.position(from);
    return { kind: 'message', from, ...(await verified(context, state, from, received)) };
  } catch (error) {
    return asFault(from, error);
  }
}

export async function frameEvent(
  context: RoundContext,
  from: string,
  bytes: Uint8Array,
): Promise<{ event: ServerEvent; frame: Frame | null }> {
  try {
    context.position(from);
    const frame = decodeFrame(context, from, bytes);
    const event = {
      kind: 'frame',
      from,
      index: frame.index,
      digest: toBase64Url(await digest(bytes)),
    } as const;
    return { event, frame };
  } catch (error) {
    return { event: asFault(from, error), frame: null };
  }
}
