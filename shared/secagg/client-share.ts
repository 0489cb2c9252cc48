/**
 * Phase 2: check the advertisements, whose digest names the attempt from here on, then share the self-mask seed and the
 * mask secret among the holders.
 */
import { seal } from '../crypto/aead.ts';
import { type Bytes, concatBytes, fromBase64Url, toBase64Url } from '../crypto/bytes.ts';
import type { Signer } from '../crypto/ed25519.ts';
import type { RandomSource } from '../crypto/random.ts';
import { split, valueAt } from '../crypto/shamir.ts';
import { agree, importAgreementKey, isUsableKey } from '../crypto/x25519.ts';
import { type Advertisement, type AdvertisementsMessage, SECAGG_PROTOCOL } from '../protocol/secagg.ts';
import {
  advertisementHash,
  attemptOf,
  keyShareHash,
  parcelAssociatedData,
  parcelKey,
  seedShareHash,
  shareChallenge,
} from './binding.ts';
import type { ClientEnvironment, ClientState, ClientStepResult } from './client-state.ts';
import { checkList, type RoundContext, sameList } from './context.ts';
import { refuse } from './errors.ts';
import { dealChecked } from './share-check.ts';
import { signMessage, signParcel, verifyMessage } from './signing.ts';

/** The advertisement that `peer` should have made for this attempt, in all that can be seen of it. */
async function checkAdvertisement(
  context: RoundContext,
  advertisement: Advertisement,
  hash: string,
  seen: Set<string>,
): Promise<void> {
  const { sender, cipherKey, maskKey, receiveKeys } = advertisement;
  if (advertisement.parametersHash !== context.parametersHash) {
    refuse('parameters', `${sender} signed other parameters`);
  }
  await verifyMessage(context, advertisement);
  if (advertisementHash(advertisement) !== hash) {
    refuse('malformed', `hashes: not that of ${sender}'s advertisement`);
  }
  if (receiveKeys.length !== context.neighbours(sender).length) {
    refuse('malformed', `receiveKeys: ${sender} has not one for each neighbour`);
  }
  for (const key of [cipherKey, maskKey, ...receiveKeys]) {
    if (seen.has(key)) refuse('bad-key', `${sender}: a key occurs twice`);
    if (!isUsableKey(fromBase64Url(key, 32))) refuse('bad-key', `${sender}: a key cannot be used`);
    seen.add(key);
  }
}

/** Advertisements of the holders that take part. */
async function checkAdvertisements(
  context: RoundContext,
  state: ClientState,
  message: AdvertisementsMessage,
): Promise<readonly Advertisement[]> {
  const { participants, hashes, advertisements } = message;
  const present = checkList(context, 'participants', participants);
  if (present.size < context.threshold) {
    refuse('below-threshold', `participants: ${present.size} is below ${context.threshold}`);
  }
  if (!present.has(state.self)) refuse('malformed', `participants: ${state.self} is missing`);
  const holders = context.holders(state.self).filter((id) => present.has(id));
  if (holders.length < context.shareThreshold) {
    refuse('below-threshold', `holders: ${holders.length} is below ${context.shareThreshold}`);
  }
  const senders = advertisements.map(({ sender }) => sender);
  if (!sameList(senders, holders)) refuse('malformed', 'advertisements: not those of the holders');
  if (hashes.length !== participants.length) refuse('malformed', 'hashes: not one for each participant');
  const seen = new Set<string>();
  for (const advertisement of advertisements) {
    const hash = hashes[participants.indexOf(advertisement.sender)]!;
    await checkAdvertisement(context, advertisement, hash, seen);
  }
  const own = state.peers[state.self]!;
  const told = advertisements.find(({ sender }) => sender === state.self)!;
  if (told.cipherKey !== own.cipherKey || told.maskKey !== own.maskKey) {
    refuse('forged', `${state.self}: not the keys it advertised`);
  }
  return advertisements;
}

interface Deal {
  context: RoundContext;
  attempt: string;
  self: string;
  holders: readonly Advertisement[];
  signer: Signer;
  random: RandomSource;
}

/** Both secrets' shares for every holder, with the commitments to them. */
function deal({ context, attempt, self, holders, random }: Deal, seed: Bytes, maskSecret: Bytes) {
  const ids = holders.map(({ sender }) => sender);
  const points = ids.map(context.point);
  let seedShareHashes: string[] = [];
  const commit = (shares: readonly Bytes[], blinds: readonly Bytes[]) => {
    seedShareHashes = ids.map((id, i) => seedShareHash(context, self, id, shares[i]!, blinds[i]!));
    return shareChallenge(context, self, attempt, seedShareHashes);
  };
  const seedShares = dealChecked(seed, context.shareThreshold, points, commit, random);
  const keyShares = split(maskSecret, context.shareThreshold, points, random);
  const dealt = ids.map((id, i) => ({
    seedShare: seedShares.shares[i]!,
    keyShare: keyShares[i]!,
    hashes: {
      seedShareHash: seedShareHashes[i]!,
      keyShareHash: keyShareHash(context, self, id, keyShares[i]!),
    },
  }));
  return { dealt, challenge: seedShares.challenge, check: seedShares.check };
}

export async function share(
  context: RoundContext,
  state: ClientState,
  message: AdvertisementsMessage,
  env: ClientEnvironment,
): Promise<ClientStepResult> {
  const advertisements = await checkAdvertisements(context, state, message);
  const { self } = state;
  const secrets = state.secrets!;
  const attempt = attemptOf(context, message.participants, message.hashes);
  const all: Deal = {
    context,
    attempt,
    self,
    holders: advertisements,
    signer: env.signer,
    random: env.random,
  };
  const seed = env.random(32) as Bytes;
  const { dealt, challenge, check } = deal(all, seed, fromBase64Url(secrets.mask, 32));
  const cipher = await importAgreementKey(fromBase64Url(secrets.cipher!, 32));
  const parcels = [];
  for (const [i, { sender: to, receiveKeys }] of advertisements.entries()) {
    if (to === self) continue;
    const { seedShare, keyShare, hashes } = dealt[i]!;
    const receiveKey = receiveKeys[context.neighbours(to).indexOf(self)]!;
    const shared = await agree(cipher, fromBase64Url(receiveKey, 32)).catch(() =>
      refuse('bad-key', `${to}: its key cannot be used`),
    );
    const associated = parcelAssociatedData(context, self, to, hashes);
    const key = parcelKey(shared, context, self, to);
    const box = toBase64Url(await seal(key, concatBytes(seedShare, keyShare), associated, env.random));
    const signature = await signParcel(env.signer, context, attempt, self, to, {
      box,
      ...hashes,
      challenge: toBase64Url(challenge),
      check: toBase64Url(valueAt(check, context.point(to))),
    });
    parcels.push({ to, box, ...hashes, signature });
  }
  const own = dealt[advertisements.findIndex(({ sender }) => sender === self)]!;
  const reply = await signMessage(env.signer, {
    kind: 'share',
    protocol: SECAGG_PROTOCOL,
    parametersHash: context.parametersHash,
    attempt,
    sender: self,
    own: own.hashes,
    parcels,
    check: check.map(toBase64Url),
  });
  const peers = Object.fromEntries(
    advertisements.map(({ sender, cipherKey, maskKey }) => [sender, { cipherKey, maskKey }]),
  );
  const held = {
    [self]: { seedShare: toBase64Url(own.seedShare), keyShare: toBase64Url(own.keyShare) },
  };
  const kept = { ...secrets, cipher: null, seed: toBase64Url(seed) };
  return {
    state: {
      ...state,
      step: 'shared',
      secrets: kept,
      attempt,
      participants: message.participants,
      peers,
      held,
    },
    reply,
  };
}
