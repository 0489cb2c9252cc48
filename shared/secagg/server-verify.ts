/** The checks that need the platform's asynchronous cryptography: made before the step, on what never changes. */
import { fromBase64Url, toBase64Url } from '../crypto/bytes.ts';
import { digest } from '../crypto/hash.ts';
import { systemRandom } from '../crypto/random.ts';
import { agree, generateKeyPair, importAgreementKey } from '../crypto/x25519.ts';
import { ClientMessage, SECAGG_PROTOCOL } from '../protocol/secagg.ts';
import type { RoundContext } from './context.ts';
import { ProtocolError, parseMessage, refuse } from './errors.ts';
import { decodeFrame, type Frame } from './frames.ts';
import { PHASE_ORDER, type ServerEvent, type ServerState } from './server-state.ts';
import { verifyMessage } from './signing.ts';

/** Refused here, so that one member's useless key does not stop the others. */
async function checkKeys(keys: readonly string[]): Promise<void> {
  const probe = await importAgreementKey((await generateKeyPair(systemRandom)).secret);
  for (const key of keys) {
    await agree(probe, fromBase64Url(key, 32)).catch(() => refuse('bad-key', 'a key cannot be used'));
  }
}

async function verified(
  context: RoundContext,
  state: ServerState,
  from: string,
  received: unknown,
): Promise<ClientMessage> {
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
  const dropped = state.sharers.filter((id) => !alive.has(id));
  await verifyMessage(context, message, { survivors: state.survivors, dropped });
  if (message.kind === 'advertise') await checkKeys([message.cipherKey, message.maskKey]);
  return message;
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
    return { kind: 'message', from, message: await verified(context, state, from, received) };
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
