/**
 * Phase 4: charge the round, then add the surplus noise and the masks to the vector, frame by frame. Invariant: no vector
 * leaves that this member's own ledger does not hold, whatever the coordinator then asks of whom.
 */
import { fromBase64Url, toBase64Url } from '../crypto/bytes.ts';
import { digest } from '../crypto/hash.ts';
import { pack } from '../crypto/packed-ring.ts';
import { agree, importAgreementKey } from '../crypto/x25519.ts';
import { type MaskersMessage, SECAGG_PROTOCOL } from '../protocol/secagg.ts';
import { pairMaskKey, selfMaskKey, surplusHash } from './binding.ts';
import type { ClientEnvironment, ClientState, ClientStepResult } from './client-state.ts';
import { checkAmong, type RoundContext } from './context.ts';
import { refuse } from './errors.ts';
import { encodeFrame, frameCount, frameRange } from './frames.ts';
import { applyMasks, type Mask, makeMask, pairSign } from './masks.ts';
import { signMessage } from './signing.ts';
import { applySurplus, surplusGaussians, surplusPart } from './surplus-noise.ts';

/** Neighbours who mask too, in the roster's order: this member holds a good share of each one's secrets. */
function checkMaskers(context: RoundContext, state: ClientState, { maskers }: MaskersMessage): string[] {
  const peers = checkAmong(context, state.self, 'maskers', maskers, state.sharers);
  for (const id of peers)
    if (state.held[id] === undefined) refuse('malformed', `maskers: the parcel of ${id} is bad`);
  return peers;
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
  message: MaskersMessage,
  env: ClientEnvironment,
): Promise<ClientStepResult> {
  const { dimension, bits } = context.parameters;
  const { input, putFrame } = env;
  if (input === undefined || putFrame === undefined) throw new TypeError('input, putFrame: needed to mask');
  if (input.dimension !== dimension) {
    throw new RangeError(`input: expected ${dimension} coordinates, got ${input.dimension}`);
  }
  const peers = checkMaskers(context, state, message);
  await env.trust.charge();
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
    surplus: surplus.map((seed, part) => surplusHash(context, state.self, part, seed)),
  });
  const secrets = { ...state.secrets!, surplus };
  return { state: { ...state, step: 'masked', secrets, maskers: message.maskers }, reply };
}
