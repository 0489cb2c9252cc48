/** Phase 2: check the advertisements, then share the self-mask seed and the mask secret among the holders. */

import { seal } from '../crypto/aead.ts';
import { concatBytes, fromBase64Url, toBase64Url } from '../crypto/bytes.ts';
import { split } from '../crypto/shamir.ts';
import { agree, importAgreementKey } from '../crypto/x25519.ts';
import { type AdvertisementsMessage, SECAGG_PROTOCOL, type ShareMessage } from '../protocol/secagg.ts';
import { parcelAssociatedData, parcelKey, seedHash, shareHash } from './binding.ts';
import type { ClientEnvironment, ClientState, ClientStepResult } from './client-state.ts';
import { checkList, type RoundContext, sameList } from './context.ts';
import { refuse } from './errors.ts';
import { signMessage, verifyMessage } from './signing.ts';

/** Ids of the holders that take part, with their keys. */
async function checkAdvertisements(
  context: RoundContext,
  state: ClientState,
  message: AdvertisementsMessage,
): Promise<ClientState['peers']> {
  const participants = checkList(context, 'participants', message.participants);
  if (participants.size < context.threshold) {
    refuse('below-threshold', `participants: ${participants.size} is below ${context.threshold}`);
  }
  if (!participants.has(state.self)) refuse('malformed', `participants: ${state.self} is missing`);
  const holders = context.holders(state.self).filter((id) => participants.has(id));
  if (holders.length < context.shareThreshold) {
    refuse('below-threshold', `holders: ${holders.length} is below ${context.shareThreshold}`);
  }
  if (
    !sameList(
      message.advertisements.map(({ sender }) => sender),
      holders,
    )
  ) {
    refuse('malformed', 'advertisements: not those of the holders');
  }
  const keys = new Set<string>();
  for (const advertisement of message.advertisements) {
    const { sender, cipherKey, maskKey } = advertisement;
    if (advertisement.parametersHash !== context.parametersHash) {
      refuse('parameters', `${sender} signed other parameters`);
    }
    await verifyMessage(context, advertisement);
    if (keys.has(cipherKey) || keys.has(maskKey) || cipherKey === maskKey)
      refuse('bad-key', `${sender}: a key occurs twice`);
    keys.add(cipherKey).add(maskKey);
  }
  const peers = Object.fromEntries(
    message.advertisements.map(({ sender, cipherKey, maskKey }) => [sender, { cipherKey, maskKey }]),
  );
  const own = state.peers[state.self]!;
  if (peers[state.self]!.cipherKey !== own.cipherKey || peers[state.self]!.maskKey !== own.maskKey) {
    refuse('forged', `${state.self}: not the keys it advertised`);
  }
  return peers;
}

export async function share(
  context: RoundContext,
  state: ClientState,
  message: AdvertisementsMessage,
  env: ClientEnvironment,
): Promise<ClientStepResult> {
  const peers = await checkAdvertisements(context, state, message);
  const { self } = state;
  const secrets = state.secrets!;
  const holders = context.holders(self).filter((id) => Object.hasOwn(peers, id));
  const points = holders.map((id) => context.position(id) + 1);
  const seed = env.random(32);
  const seedShares = split(seed, context.shareThreshold, points, env.random);
  const keyShares = split(fromBase64Url(secrets.mask, 32), context.shareThreshold, points, env.random);
  const cipher = await importAgreementKey(fromBase64Url(secrets.cipher!, 32));

  let own: ShareMessage['own'] | null = null;
  const held: ClientState['held'] = {};
  const parcels: ShareMessage['parcels'] = [];
  const parcelKeys: Record<string, string> = {};
  for (const [i, holder] of holders.entries()) {
    const [seedShare, keyShare] = [seedShares[i]!, keyShares[i]!];
    const hashes = {
      seedShareHash: shareHash(context, 'seed', self, holder, seedShare),
      keyShareHash: shareHash(context, 'key', self, holder, keyShare),
    };
    if (holder === self) {
      own = hashes;
      held[self] = { seedShare: toBase64Url(seedShare), keyShare: toBase64Url(keyShare) };
      continue;
    }
    const shared = await agree(cipher, fromBase64Url(peers[holder]!.cipherKey, 32)).catch(() =>
      refuse('bad-key', `${holder}: its key cannot be used`),
    );
    // The same agreement opens what comes the other way.
    parcelKeys[holder] = toBase64Url(parcelKey(shared, context, holder, self));
    const box = await seal(
      parcelKey(shared, context, self, holder),
      concatBytes(seedShare, keyShare),
      parcelAssociatedData(context, self, holder, hashes),
      env.random,
    );
    parcels.push({ to: holder, box: toBase64Url(box), ...hashes });
  }
  const reply = await signMessage(env.signer, {
    kind: 'share',
    protocol: SECAGG_PROTOCOL,
    parametersHash: context.parametersHash,
    sender: self,
    seedHash: seedHash(context, self, seed),
    own: own!,
    parcels,
  });
  const next: ClientState = {
    ...state,
    step: 'shared',
    secrets: { cipher: null, mask: secrets.mask, seed: toBase64Url(seed), parcelKeys, surplus: [] },
    participants: message.participants,
    peers,
    held,
  };
  return { state: next, reply };
}
