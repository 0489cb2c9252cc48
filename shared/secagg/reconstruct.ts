/**
 * The last step at the coordinator: restore the survivors' seeds and the dropped members' mask secrets, and from them
 * the masks that are left in the sum. What is restored is checked against what was declared and advertised.
 */
import { fromBase64Url, toBase64Url } from '../crypto/bytes.ts';
import { combine, lagrangeAtZero } from '../crypto/shamir.ts';
import { type AgreementKey, agree, importAgreementKey, publicKey } from '../crypto/x25519.ts';
import { pairMaskKey, seedHash, selfMaskKey } from './binding.ts';
import type { RoundContext } from './context.ts';
import { type Mask, makeMask, pairSign } from './masks.ts';
import type { ServerState } from './server-state.ts';

export type Reconstruction =
  | { ok: true; masks: Mask[] }
  /** Dealers whose shares restore something else than they declared. */
  | { ok: false; blamed: string[] };

/** Restores secrets; the coefficients are computed once for each set of answers. */
class Restorer {
  readonly #context: RoundContext;
  readonly #coefficients = new Map<string, number[]>();
  /** Dealer → holder → share. */
  readonly #shares = new Map<string, Map<string, Uint8Array>>();

  constructor(context: RoundContext, state: ServerState) {
    this.#context = context;
    for (const { sender, seedShares, keyShares } of Object.values(state.messages.unmask)) {
      for (const { of, share } of [...seedShares, ...keyShares]) {
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
    const points = holders.map((id) => this.#context.position(id) + 1);
    const name = points.join();
    const coefficients = this.#coefficients.get(name) ?? lagrangeAtZero(points);
    this.#coefficients.set(name, coefficients);
    return combine(
      holders.map((id) => shares!.get(id)!),
      coefficients,
    );
  }
}

/** Masks in the sum, with the sign that removes them. Call in phase `reconstruct` only. */
export async function reconstructMasks(context: RoundContext, state: ServerState): Promise<Reconstruction> {
  const restorer = new Restorer(context, state);
  const alive = new Set(state.survivors);
  const { advertise, share } = state.messages;
  const blamed: string[] = [];
  const masks: Mask[] = [];
  const keys = new Map<string, AgreementKey>();
  for (const id of state.sharers) {
    const secret = restorer.restore(id);
    if (alive.has(id)) {
      if (seedHash(context, id, secret) !== share[id]!.seedHash) blamed.push(id);
      else masks.push(await makeMask(selfMaskKey(secret, context, id), -1));
      continue;
    }
    const own = await importAgreementKey(secret);
    if (toBase64Url(await publicKey(own)) !== advertise[id]!.maskKey) blamed.push(id);
    else keys.set(id, own);
  }
  if (blamed.length > 0) return { ok: false, blamed };
  for (const [gone, own] of keys) {
    for (const survivor of context.holders(gone).filter((id) => alive.has(id))) {
      const shared = await agree(own, fromBase64Url(advertise[survivor]!.maskKey, 32));
      const added = pairSign(context.position(survivor), context.position(gone));
      masks.push(await makeMask(pairMaskKey(shared, context, gone, survivor), added === 1 ? -1 : 1));
    }
  }
  return { ok: true, masks };
}
