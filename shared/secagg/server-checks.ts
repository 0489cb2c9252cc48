/** What a well-signed message must also be before it counts: complete, for this place, and true to what was dealt. */
import { fromBase64Url, toBase64Url } from '../crypto/bytes.ts';
import { valueAt } from '../crypto/shamir.ts';
import { isUsableKey } from '../crypto/x25519.ts';
import type {
  Advertisement,
  CheckedMessage,
  ClientMessage,
  ConsistencyMessage,
  MaskedMessage,
  ShareMessage,
  UnmaskMessage,
} from '../protocol/secagg.ts';
import { keyShareHash, shareChallenge, surplusHash } from './binding.ts';
import { checkList, type RoundContext, sameList } from './context.ts';
import { refuse } from './errors.ts';
import { frameCount } from './frames.ts';
import { isCheckedShare } from './parcels.ts';
import type { ServerState } from './server-state.ts';
import { firstRevealed, surplusParts } from './surplus-noise.ts';

/** What a dealer's messages say of the shares that one holder has. */
export function dealtTo(context: RoundContext, dealt: ShareMessage, holder: string) {
  const hashes = holder === dealt.sender ? dealt.own : dealt.parcels.find(({ to }) => to === holder);
  if (hashes === undefined) return refuse('malformed', `${dealt.sender} dealt nothing to ${holder}`);
  const { seedShareHash, keyShareHash } = hashes;
  const { challenge, coefficients } = checkOf(context, dealt);
  const check = valueAt(coefficients, context.point(holder));
  return { seedShareHash, keyShareHash, challenge, check: toBase64Url(check) };
}

/** Made once a message, which nobody changes: it is asked for with every holder. */
const checks = new WeakMap<ShareMessage, { challenge: string; coefficients: Uint8Array[] }>();

function checkOf(context: RoundContext, dealt: ShareMessage) {
  const known = checks.get(dealt);
  if (known !== undefined) return known;
  const coefficients = dealt.check.map((coefficient) => fromBase64Url(coefficient, 32));
  const made = { challenge: challengeOf(context, dealt), coefficients };
  checks.set(dealt, made);
  return made;
}

/** Hash of a dealer's commitments, in the roster's order. */
function challengeOf(context: RoundContext, { sender, attempt, own, parcels }: ShareMessage): string {
  const hashes = new Map(parcels.map(({ to, seedShareHash }) => [to, seedShareHash]));
  hashes.set(sender, own.seedShareHash);
  const inOrder = context.holders(sender).flatMap((id) => hashes.get(id) ?? []);
  return toBase64Url(shareChallenge(context, sender, attempt, inOrder));
}

/** Called before its parcels' signatures are verified, too: those are many. */
export function checkShare(context: RoundContext, state: ServerState, message: ShareMessage): void {
  const present = new Set(state.participants);
  const expected = context.neighbours(message.sender).filter((id) => present.has(id));
  const receivers = message.parcels.map(({ to }) => to);
  if (!sameList(receivers, expected)) refuse('malformed', 'parcels: not those of the neighbours');
  if (message.check.length !== context.shareThreshold) {
    refuse('malformed', `check: expected ${context.shareThreshold}, got ${message.check.length}`);
  }
}

type Revealed = { of: string; share: string }[];

/** One share for each of the dealers that the sender holds shares of. */
function checkDealers(
  context: RoundContext,
  sender: string,
  shares: Revealed,
  dealers: readonly string[],
): void {
  const expected = dealers.filter((id) => context.holders(id).includes(sender));
  const named = shares.map(({ of }) => of);
  if (!sameList(named, expected)) refuse('malformed', 'shares: not one for each that is asked for');
}

function checkConsistency(context: RoundContext, state: ServerState, message: ConsistencyMessage): void {
  const { sender, keyShares } = message;
  const alive = new Set(state.survivors);
  const dropped = state.maskers.filter((id) => !alive.has(id));
  checkDealers(context, sender, keyShares, dropped);
  for (const { of, share } of keyShares) {
    const hash = keyShareHash(context, of, sender, fromBase64Url(share, 32));
    if (hash !== dealtTo(context, state.messages.share[of]!, sender).keyShareHash) {
      refuse('bad-share', `key share of ${of}: not the one that was dealt`);
    }
  }
}

function checkUnmask(context: RoundContext, state: ServerState, message: UnmaskMessage): void {
  const { sender, seedShares } = message;
  checkDealers(context, sender, seedShares, state.survivors);
  for (const { of, share } of seedShares) {
    const dealt = dealtTo(context, state.messages.share[of]!, sender);
    if (!isCheckedShare(context, of, sender, fromBase64Url(share, 32), dealt)) {
      refuse('bad-share', `seed share of ${of}: not the one that was dealt`);
    }
  }
  checkSurplus(context, state, message);
}

/** The seeds of all parts that are surplus, as they were committed to before anyone knew which these would be. */
function checkSurplus(context: RoundContext, state: ServerState, message: UnmaskMessage): void {
  const { sender, surplusSeeds } = message;
  const first = firstRevealed(context, state.survivors.length);
  const committed = state.messages.masked[sender]!.surplus.slice(first);
  if (surplusSeeds.length !== committed.length) {
    refuse('malformed', `surplusSeeds: expected ${committed.length}, got ${surplusSeeds.length}`);
  }
  for (const [i, seed] of surplusSeeds.entries()) {
    if (surplusHash(context, sender, first + i, seed) !== committed[i]) {
      refuse('bad-share', `surplusSeeds: part ${first + i} is not the one committed to`);
    }
  }
}

function checkAdvertisement(context: RoundContext, state: ServerState, message: Advertisement): void {
  const { sender, cipherKey, maskKey, receiveKeys } = message;
  const neighbours = context.neighbours(sender).length;
  if (receiveKeys.length !== neighbours) {
    refuse('malformed', `receiveKeys: expected ${neighbours}, got ${receiveKeys.length}`);
  }
  const keysOf = (one: Advertisement) => [one.cipherKey, one.maskKey, ...one.receiveKeys];
  const seen = new Set(Object.values(state.messages.advertise).flatMap(keysOf));
  for (const key of [cipherKey, maskKey, ...receiveKeys]) {
    if (seen.has(key)) refuse('bad-key', 'a key occurs twice');
    if (!isUsableKey(fromBase64Url(key, 32))) refuse('bad-key', 'a key cannot be used');
    seen.add(key);
  }
}

function checkMasked(context: RoundContext, message: MaskedMessage): void {
  const total = frameCount(context.parameters.dimension);
  if (message.frames.length !== total) {
    refuse('malformed', `frames: expected ${total}, got ${message.frames.length}`);
  }
  const parts = surplusParts(context);
  if (message.surplus.length !== parts) {
    refuse('malformed', `surplus: expected ${parts}, got ${message.surplus.length}`);
  }
}

function checkAccused(context: RoundContext, state: ServerState, { sender, accused }: CheckedMessage): void {
  const dealers = accused.map(({ dealer }) => dealer);
  checkList(context, 'accused', dealers);
  for (const dealer of dealers) {
    if (dealer === sender || !state.sharers.includes(dealer))
      refuse('malformed', `accused: ${dealer} sent the accuser no parcel`);
  }
}

/** @throws ProtocolError; the sender is then named and the round goes on. */
export function checkClientMessage(context: RoundContext, state: ServerState, message: ClientMessage): void {
  if (message.kind === 'advertise') {
    checkAdvertisement(context, state, message);
    return;
  }
  if (message.attempt !== state.attempt) refuse('parameters', `attempt: another than ${state.attempt}`);
  if (message.kind === 'share') checkShare(context, state, message);
  else if (message.kind === 'checked') checkAccused(context, state, message);
  else if (message.kind === 'masked') checkMasked(context, message);
  else if (message.kind === 'consistency') checkConsistency(context, state, message);
  else checkUnmask(context, state, message);
}
