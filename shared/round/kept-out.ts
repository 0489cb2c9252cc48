/**
 * How a run without noise finds the offset of rows that never learned: some of the documents with questions are kept out
 * of its first head, and the least offset is taken with which they are found as often as by plain search. Then they learn,
 * too. Why so, and what it was compared with: docs/decisions/0030-found-offset.md. Pure.
 */
import { hashJson } from '../crypto/hash.ts';
import type { GateRound, TriedSetting } from '../protocol/rounds.ts';
import type { ServingParameters } from '../protocol/serving-parameters.ts';

/** One of so many documents with questions is kept out. */
const ONE_OF = 8;
/** With fewer documents to tell from, the rule by the share of rows decides alone. */
const LEAST_KEPT_OUT = 4;
/** Documents that this rule counts for beside those that were kept out. */
const PRIOR_DOCUMENTS = 4;
/** What the sum's grid may round away of a draw, in units. */
const ROUNDING = 0.1;

/** Offsets that are tried. */
export const OFFSETS = [0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14, 0.16] as const;

/** The documents that a run keeps out, by a hash under its seed; none where they would be too few to judge. */
export function keptOut(items: readonly string[], seed: number): Set<string> {
  const count = Math.floor(items.length / ONE_OF);
  if (count < LEAST_KEPT_OUT) return new Set();
  const placed = items.map((item) => ({ item, place: hashJson('kept out', [seed, item]) }));
  placed.sort((x, y) => compareBytes(x.place, y.place));
  return new Set(placed.slice(0, count).map(({ item }) => item));
}

function compareBytes(x: Uint8Array, y: Uint8Array): number {
  const at = x.findIndex((value, index) => value !== y[index]);
  return at < 0 ? 0 : x[at]! - y[at]!;
}

/** The candidate with each offset, as units say that are about documents which it did not learn. */
export function triedOffsets(present: ServingParameters): TriedSetting[] {
  return OFFSETS.map((offset) => ({
    ...{ of: 'candidate' as const, unasked: false, everyone: true, untrained: true },
    parameters: { ...present, memory: 0, offset },
  }));
}

/** Whether a gate round judges offsets, and nothing that is served. */
export function findsOffset({ tried }: Pick<GateRound, 'tried'>): boolean {
  return tried.some(({ untrained }) => untrained);
}

/**
 * The least offset with which documents that were kept out are found as often as by plain search, drawn towards what the
 * share of rows says as their few documents are.
 * @param sums units that find their document with each offset of `OFFSETS`, less those that plain search finds it for
 * @param documents that were kept out
 * @param prior the offset by the share of rows
 */
export function chooseOffset(sums: ArrayLike<number>, documents: number, prior: number): number {
  const found = OFFSETS.find((_, at) => sums[at]! >= -ROUNDING) ?? Math.max(prior, OFFSETS.at(-1)!);
  return (documents * found + PRIOR_DOCUMENTS * prior) / (documents + PRIOR_DOCUMENTS);
}
