/**
 * What the coordinator restores from shares. First the dropped members' mask secrets, held against the keys that they
 * advertised. Then the survivors' seeds, whose shares were checked one by one as they came in.
 */
import { fromBase64Url, toBase64Url } from '../crypto/bytes.ts';
import { combine, lagrangeAtZero } from '../crypto/shamir.ts';
import { type AgreementKey, agree, importAgreementKey, publicKey } from '../crypto/x25519.ts';
import { pairMaskKey, selfMaskKey } from './binding.ts';
import type { RoundContext } from './context.ts';
import { type Mask, makeMask, pairSign } from './masks.ts';
import type { ServerState } from './server-state.ts';

type Revealed = readonly { of: string; share: string }[];

/** Restores secrets; the coefficients are computed once for each set of answers. */
class Restorer {
  readonly #context: RoundContext;
  readonly #coefficients = new Map<string, number[]>();
  /** Dealer → holder → share. */
  readonly #shares = new Map<string, Map<string, Uint8Array>>();

  constructor(context: RoundContext, revealed: Iterable<{ sender: string; shares: Revealed }>) {
    this.#context = context;
    for (const { sender, shares } of revealed) {
      for (const { of, share } of shares) {
        const of_ = this.#shares.get(of) ?? new Map<string, Uint8Array>();
        this.#shares.set(of, of_.set(sender, fromBase64Url(share, 32)));
      }
    }
  }

  restore(dealer: string): Uint8Array {
    const shares = this.#shares.get(dealer);
    const holders = this.#context
      .holders(dealer)
      .filter((id) => shares?.has(id))
      .slice(0, this.#context.shareThreshold);
    const points = holders.map(this.#context.point);
    const name = points.join();
    const coefficients = this.#coefficients.get(name) ?? lagrangeAtZero(points);
    this.#coefficients.set(name, coefficients);
    return combine(
      holders.map((id) => shares!.get(id)!),
      coefficients,
    );
  }
}

/** Mask secrets of the dropped members, and dealers whose shares restore another than they advertised. */
export async function restoreKeys(
  context: RoundContext,
  state: ServerState,
): Promise<{ keys: Map<string, AgreementKey>; blamed: string[] }> {
  const { advertise, consistency } = state.messages;
  const revealed = Object.values(consistency).map(({ sender, keyShares }) => ({ sender, shares: keyShares }));
  const restorer = new Restorer(context, revealed);
  const alive = new Set(state.survivors);
  const keys = new Map<string, AgreementKey>();
  const blamed: string[] = [];
  for (const id of state.maskers.filter((masker) => !alive.has(masker))) {
    const own = await importAgreementKey(restorer.restore(id));
    if (toBase64Url(await publicKey(own)) !== advertise[id]!.maskKey) blamed.push(id);
    else keys.set(id, own);
  }
  return { keys, blamed };
}

/** Masks in the sum, with the sign that removes them. Call in phase `reconstruct` only. */
export async function reconstructMasks(context: RoundContext, state: ServerState): Promise<Mask[]> {
  const { advertise, unmask } = state.messages;
  const revealed = Object.values(unmask).map(({ sender, seedShares }) => ({ sender, shares: seedShares }));
  const restorer = new Restorer(context, revealed);
  const masks: Mask[] = [];
  for (const id of state.survivors) {
    masks.push(await makeMask(selfMaskKey(restorer.restore(id), context, id), -1));
  }
  const alive = new Set(state.survivors);
  for (const [gone, own] of (await restoreKeys(context, state)).keys) {
    for (const survivor of context.holders(gone).filter((id) => alive.has(id))) {
      const shared = await agree(own, fromBase64Url(advertise[survivor]!.maskKey, 32));
      const added = pairSign(context.position(survivor), context.position(gone));
      masks.push(await makeMask(pairMaskKey(shared, context, gone, survivor), added === 1 ? -1 : 1));
    }
  }
  return masks;
}
