/**
 * What the asker's region remembers, at the edge: which region that is, what it says of a question, and what that does to
 * scores. A region that is away or late, or has nothing to say, costs an answer nothing but what it would have said.
 */
import { lifted } from '../shared/index/memory.ts';
import type { Collection } from '../shared/protocol/api/collection.ts';
import type { Lift, PassageAnswer, PassageHit } from '../shared/protocol/passages.ts';
import { within } from './deadline.ts';
import { type CallerPlace, regionOfCaller } from './location.ts';
import { requireRegion } from './placement.ts';
import { Problem } from './problem.ts';
import type { Services } from './services.ts';

/** An answer does not wait for memory much longer than for passages. */
const DEADLINE_MS = 1000;

/**
 * The region from which a question comes: the one that is named, where the collection lets callers say so, else the one
 * that keeps the feedback of the same caller. @throws Problem for a name that may not be given, or is no region's
 */
export function askerRegion(collection: Collection, named: string | undefined, place: CallerPlace): string {
  const { regions, askersNameRegion } = collection.settings;
  if (named === undefined) return regionOfCaller(regions, place);
  if (!askersNameRegion) {
    const detail = `fedcar.asker_region: ${collection.name} does not let callers name it (askersNameRegion is false)`;
    throw new Problem('invalid_request', detail, { errors: [{ pointer: '#/fedcar/asker_region', detail }] });
  }
  requireRegion(collection, named, 'fedcar.asker_region');
  return named;
}

/** Documents that memory lifts for one question. */
export class Lifts {
  readonly #near: ReadonlyMap<string, number>;

  constructor(lifts: readonly Lift[]) {
    this.#near = new Map(lifts.map(({ item, near }) => [item, near]));
  }

  /** Those of which nothing was found yet. */
  missingFrom(hits: readonly PassageHit[]): string[] {
    const found = new Set(hits.map(({ item }) => item));
    return [...this.#near.keys()].filter((item) => !found.has(item));
  }

  /** A document's score with what memory adds. @param weight as of `ServingParameters` */
  of(item: string, score: number, weight: number): number {
    const near = this.#near.get(item);
    return near === undefined ? score : lifted(score, near, weight);
  }
}

/** What the log of `region` says of a question; nothing where none is asked or it does not answer. @param query base embedding */
export async function recall(
  services: Services,
  collection: Collection,
  region: string | null,
  query: Float32Array | null,
): Promise<Lift[]> {
  if (region === null || query === null) return [];
  try {
    const asked = services.region(collection, region).recall(query);
    return await within(DEADLINE_MS, `region ${region}`, asked);
  } catch {
    return [];
  }
}

/** What came with passages. An object of the release before says nothing of it. */
export function liftsIn(answers: readonly Partial<Pick<PassageAnswer, 'lifts'>>[]): Lift[] {
  return answers.flatMap(({ lifts }) => lifts ?? []);
}
