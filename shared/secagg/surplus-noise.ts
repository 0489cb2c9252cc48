/**
 * Noise that a member adds in case few survive, and that is taken out of the sum again when many do: drawn from a seed,
 * part by part, which is revealed with the shares. What every member always keeps has no seed and is not seen here.
 */
import { fromBase64Url } from '../crypto/bytes.ts';
import { importMaskKey, type MaskKey, maskWords } from '../crypto/prg.ts';
import { DiscreteGaussian } from '../privacy/discrete-gaussian.ts';
import { roundGrid } from '../privacy/fixed-point.ts';
import { noiseParts, survivorTiers, tierOf } from '../privacy/noise-share.ts';
import type { RandomSource } from '../privacy/random-source.ts';
import { surplusKey } from './binding.ts';
import type { RoundContext } from './context.ts';
import type { ServerState } from './server-state.ts';

/** One part of one member's surplus noise. */
export interface SurplusPart {
  readonly key: MaskKey;
  readonly gaussian: DiscreteGaussian;
}

/** Samplers of the surplus parts in order; none where noise is off, or where nobody may be missing. */
export function surplusGaussians(context: RoundContext): DiscreteGaussian[] {
  const { noiseMultiplier, dimension, clipNorm } = context.parameters;
  if (noiseMultiplier === 0) return [];
  const [, ...surplus] = noiseParts(noiseMultiplier, roundGrid(dimension, clipNorm), context.cohort);
  return surplus.map((variance) => new DiscreteGaussian(variance));
}

/** How many parts a member's surplus noise has. */
export function surplusParts({ parameters, cohort }: RoundContext): number {
  return parameters.noiseMultiplier === 0 ? 0 : survivorTiers(cohort).length - 1;
}

/** The first of the parts that so many survivors do without: members reveal the seeds from there on. */
export function firstRevealed(context: RoundContext, survivors: number): number {
  return Math.min(surplusParts(context), tierOf(context.cohort, survivors));
}

/** All parts that can be taken out of the sum. Call in phase `reconstruct` only. */
export async function revealedSurplus(context: RoundContext, state: ServerState): Promise<SurplusPart[]> {
  const first = firstRevealed(context, state.survivors.length);
  const gaussians = surplusGaussians(context).slice(first);
  const found = Object.values(state.messages.unmask).flatMap(({ sender, surplusSeeds }) =>
    gaussians.map((gaussian, i) => surplusPart(context, sender, first + i, surplusSeeds[i]!, gaussian)),
  );
  return Promise.all(found);
}

export async function surplusPart(
  context: RoundContext,
  member: string,
  part: number,
  seed: string,
  gaussian: DiscreteGaussian,
): Promise<SurplusPart> {
  return { key: await importMaskKey(surplusKey(fromBase64Url(seed, 32), context, member, part)), gaussian };
}

/** Samples between two looks at the stream, which must be synchronous meanwhile. */
const BATCH = 1024;
/** Words fetched at once. A sample takes about four; that a batch takes thirty-two each does not happen. */
const CHUNK = 1 << 15;

/** Words of one stream in order: when a batch begins, a whole chunk stands behind the one that is read. */
class Words implements RandomSource {
  readonly #key: MaskKey;
  readonly #stream: number;
  #now: Uint32Array = new Uint32Array(0);
  #behind: Uint32Array | null = null;
  #at = 0;
  #fetched = 0;

  constructor(key: MaskKey, stream: number) {
    this.#key = key;
    this.#stream = stream;
  }

  async fill(): Promise<void> {
    if (this.#behind !== null) return;
    this.#behind = await maskWords(this.#key, this.#fetched, CHUNK, this.#stream);
    this.#fetched += CHUNK;
  }

  nextWord(): number {
    if (this.#at === this.#now.length) this.#turn();
    return this.#now[this.#at++]!;
  }

  #turn(): void {
    if (this.#behind === null) throw new Error('surplus noise: the stream ran dry');
    this.#now = this.#behind;
    this.#behind = null;
    this.#at = 0;
  }
}

/** words ±= the parts' noise in frame `index`. */
export async function applySurplus(
  words: Uint32Array,
  index: number,
  parts: readonly SurplusPart[],
  sign: 1 | -1,
): Promise<void> {
  for (const { key, gaussian } of parts) {
    const source = new Words(key, index);
    for (let from = 0; from < words.length; from += BATCH) {
      await source.fill();
      const to = Math.min(words.length, from + BATCH);
      for (let i = from; i < to; i++) words[i] = words[i]! + sign * gaussian.sample(source);
    }
  }
}
