/** What a well-signed message must also be before it counts: complete, for this place, and true to what was dealt. */
import { fromBase64Url } from '../crypto/bytes.ts';
import type {
  Advertisement,
  ClientMessage,
  MaskedMessage,
  ShareMessage,
  UnmaskMessage,
} from '../protocol/secagg.ts';
import { shareHash, surplusHash } from './binding.ts';
import { checkList, type RoundContext, sameList } from './context.ts';
import { refuse } from './errors.ts';
import { frameCount } from './frames.ts';
import type { ServerState } from './server-state.ts';
import { firstRevealed, surplusParts } from './surplus-noise.ts';

function checkShare(context: RoundContext, state: ServerState, message: ShareMessage): void {
  const present = new Set(state.participants);
  const expected = context.holders(message.sender).filter((id) => id !== message.sender && present.has(id));
  const receivers = message.parcels.map(({ to }) => to);
  if (!sameList(receivers, expected)) refuse('malformed', 'parcels: not those of the neighbours');
}

/** What a dealer declared that one holder's share hashes to. */
function declared(
  state: ServerState,
  dealer: string,
  holder: string,
  kind: 'seed' | 'key',
): string | undefined {
  const message = state.messages.share[dealer];
  const hashes = holder === dealer ? message?.own : message?.parcels.find(({ to }) => to === holder);
  return kind === 'seed' ? hashes?.seedShareHash : hashes?.keyShareHash;
}

/** One share for each dealer whose parcel the sender could open: of the seed if it lives, else of the key. */
function checkUnmask(context: RoundContext, state: ServerState, message: UnmaskMessage): void {
  const { sender } = message;
  const bad = new Set(state.messages.masked[sender]?.undecryptable);
  const alive = new Set(state.survivors);
  const dealers = state.sharers.filter((id) => context.holders(id).includes(sender) && !bad.has(id));
  const lists = [
    { kind: 'seed', shares: message.seedShares, expected: dealers.filter((id) => alive.has(id)) },
    { kind: 'key', shares: message.keyShares, expected: dealers.filter((id) => !alive.has(id)) },
  ] as const;
  for (const { kind, shares, expected } of lists) {
    if (
      !sameList(
        shares.map(({ of }) => of),
        expected,
      )
    ) {
      refuse('malformed', `${kind}Shares: not one for each that is asked for`);
    }
    for (const { of, share } of shares) {
      if (
        shareHash(context, kind, of, sender, fromBase64Url(share, 32)) !== declared(state, of, sender, kind)
      ) {
        refuse('bad-share', `${kind} share of ${of}: not the one that was dealt`);
      }
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

function checkAdvertisement(state: ServerState, { cipherKey, maskKey }: Advertisement): void {
  const known = Object.values(state.messages.advertise).flatMap((other) => [other.cipherKey, other.maskKey]);
  if (cipherKey === maskKey || known.includes(cipherKey) || known.includes(maskKey)) {
    refuse('bad-key', 'a key occurs twice');
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
  checkList(context, 'undecryptable', message.undecryptable);
  if (message.undecryptable.includes(message.sender)) refuse('malformed', 'undecryptable: names the sender');
}

/** @throws ProtocolError; the sender is then named and the round goes on. */
export function checkClientMessage(context: RoundContext, state: ServerState, message: ClientMessage): void {
  if (message.kind === 'advertise') checkAdvertisement(state, message);
  else if (message.kind === 'share') checkShare(context, state, message);
  else if (message.kind === 'masked') checkMasked(context, message);
  else if (message.kind === 'unmask') checkUnmask(context, state, message);
}
