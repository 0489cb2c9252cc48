/** Phase 3: open the parcels, then add the surplus noise and the masks to the vector, frame by frame. */
import { fromBase64Url, toBase64Url } from '../crypto/bytes.ts';
import { digest } from '../crypto/hash.ts';
import { pack } from '../crypto/packed-ring.ts';
import { agree, importAgreementKey } from '../crypto/x25519.ts';
import { type MaskedMessage, type ParcelsMessage, SECAGG_PROTOCOL } from '../protocol/secagg.ts';
import { pairMaskKey, selfMaskKey, surplusHash } from './binding.ts';
import type { ClientEnvironment, ClientState, ClientStepResult } from './client-state.ts';
import { checkList, type RoundContext, sameList } from './context.ts';
import { refuse } from './errors.ts';
import { encodeFrame, frameCount, frameRange } from './frames.ts';
import { applyMasks, type Mask, makeMask, pairSign } from './masks.ts';
import { openParcel } from './parcels.ts';
import { signMessage, verifyParcel } from './signing.ts';
import { applySurplus, surplusGaussians, surplusPart } from './surplus-noise.ts';

/** Neighbours who shared, in the roster's order. */
function checkParcels(context: RoundContext, state: ClientState, message: ParcelsMessage): string[] {
  const sharers = checkList(context, 'sharers', message.sharers);
  if (sharers.size < context.threshold) {
    refuse('below-threshold', `sharers: ${sharers.size} is below ${context.threshold}`);
  }
  const participants = new Set(state.participants);
  for (const id of sharers)
    if (!participants.has(id)) refuse('malformed', `sharers: ${id} did not advertise`);
  if (!sharers.has(state.self)) refuse('malformed', `sharers: ${state.self} is missing`);
  const peers = context.holders(state.self).filter((id) => id !== state.self && sharers.has(id));
  if (peers.length + 1 < context.shareThreshold) {
    refuse('below-threshold', `holders: ${peers.length + 1} is below ${context.shareThreshold}`);
  }
  if (
    !sameList(
      message.parcels.map(({ from }) => from),
      peers,
    )
  )
    refuse('malformed', 'parcels: not those of the sharers');
  return peers;
}

/**
 * The shares in the parcels, and the proof against every dealer whose parcel is bad. Only what the dealer signed is held
 * against it: a parcel that the coordinator changed must not make this member give a secret away.
 */
async function openParcels(context: RoundContext, state: ClientState, { parcels }: ParcelsMessage) {
  const { receive } = state.secrets!;
  const { self, attempt } = state;
  const held = { ...state.held };
  const accused: MaskedMessage['accused'] = [];
  for (const { from, ...parcel } of parcels) {
    await verifyParcel(context, attempt, from, self, parcel);
    const secret = receive[from]!;
    const { cipherKey } = state.peers[from]!;
    const sealed = { from, to: self, cipherKey, secret: fromBase64Url(secret, 32), parcel };
    const shares = await openParcel(context, sealed);
    if (shares === null) accused.push({ dealer: from, secret });
    else held[from] = { seedShare: toBase64Url(shares.seedShare), keyShare: toBase64Url(shares.keyShare) };
  }
  // One bad peer is named and left to the others; too many mean that the parcels are not of this round.
  if (Object.keys(held).length < context.shareThreshold) refuse('decryption', 'parcels: too few open');
  return { held, accused };
}

async function roundMasks(
  context: RoundContext,
  state: ClientState,
  peers: readonly string[],
): Promise<Mask[]> {
  const { self } = state;
  const secrets = state.secrets!;
  const own = await importAgreementKey(fromBase64Url(secrets.mask, 32));
  const masks = [await makeMask(selfMaskKey(fromBase64Url(secrets.seed!, 32), context, self), 1)];
  for (const peer of peers) {
    const shared = await agree(own, fromBase64Url(state.peers[peer]!.maskKey, 32)).catch(() =>
      refuse('bad-key', `${peer}: its key cannot be used`),
    );
    const sign = pairSign(context.position(self), context.position(peer));
    masks.push(await makeMask(pairMaskKey(shared, context, self, peer), sign));
  }
  return masks;
}

export async function mask(
  context: RoundContext,
  state: ClientState,
  message: ParcelsMessage,
  env: ClientEnvironment,
): Promise<ClientStepResult> {
  const { dimension, bits } = context.parameters;
  const { input, putFrame } = env;
  if (input === undefined || putFrame === undefined) throw new TypeError('input, putFrame: needed to mask');
  if (input.dimension !== dimension) {
    throw new RangeError(`input: expected ${dimension} coordinates, got ${input.dimension}`);
  }
  const peers = checkParcels(context, state, message);
  const { held, accused } = await openParcels(context, state, message);
  const masks = await roundMasks(context, state, peers);
  // Drawn anew with every masking, like all else that goes into the frames.
  const gaussians = surplusGaussians(context);
  const surplus = gaussians.map(() => toBase64Url(env.random(32)));
  const parts = await Promise.all(
    gaussians.map((gaussian, part) => surplusPart(context, state.self, part, surplus[part]!, gaussian)),
  );
  const frames: string[] = [];
  for (let index = 0; index < frameCount(dimension); index++) {
    const { first, count } = frameRange(dimension, index);
    const words = await input.read(first, count);
    if (words.length !== count)
      throw new RangeError(`input: expected ${count} coordinates, got ${words.length}`);
    await applySurplus(words, index, parts, 1);
    await applyMasks(words, first, masks);
    const frame = encodeFrame(context, { sender: state.self, index, payload: pack(words, bits) });
    await putFrame(index, frame);
    frames.push(toBase64Url(await digest(frame)));
  }
  const reply = await signMessage(env.signer, {
    kind: 'masked',
    protocol: SECAGG_PROTOCOL,
    parametersHash: context.parametersHash,
    attempt: state.attempt,
    sender: state.self,
    frames,
    accused,
    surplus: surplus.map((seed, part) => surplusHash(context, state.self, part, seed)),
  });
  const secrets = { ...state.secrets!, receive: {}, surplus };
  return {
    state: { ...state, step: 'masked', secrets, sharers: message.sharers, held },
    reply,
  };
}
