/**
 * The path of a query: embed it under the serving version's adapter, search the index by vector and words, ask in parallel
 * the regions that hold the best for their passages, rank by item. A region without a candidate is asked only where it may
 * have something newer than the index, which it searches, so that an upload is found. Where the isolate has no index, or
 * the request has filters, of which only regions know whom they let pass, all regions are asked and search for themselves;
 * rows that learned are scored here. The asker's region says meanwhile which documents its own log lifts; those of which
 * nothing was found are asked for. When filters or deletions leave too few, the next best are asked for, until there are
 * enough. A region that is late or fails costs its own passages only.
 */
import { fuse } from '../shared/index/fusion.ts';
import type { IndexView } from '../shared/index/view.ts';
import type { Collection } from '../shared/protocol/api/collection.ts';
import type { RegionError } from '../shared/protocol/api/region-error.ts';
import type { Filters } from '../shared/protocol/filters.ts';
import { entryOf, passageOrdinal } from '../shared/protocol/names.ts';
import type { PassageAnswer, PassageHit, PassageRequest } from '../shared/protocol/passages.ts';
import type { ServingParameters } from '../shared/protocol/serving-parameters.ts';
import type { Snapshot } from '../shared/protocol/snapshot.ts';
import { roundScore, scoreOf, scoreOfFused, UNSURE } from './calibration.ts';
import { within } from './deadline.ts';
import { Lifts, liftsIn, recall } from './memory.ts';
import { missing, REGION_DEADLINE_MS } from './partial.ts';
import { type MatchedWord, QuestionWords } from './question-words.ts';
import { mergeHits, type RankedRows, Ranking, snapshotRanks, TIE } from './ranking.ts';
import type { QueryEncoder, Services } from './services.ts';
import type { Measure } from './stopwatch.ts';
import { ViewRanks } from './view-ranks.ts';

export interface SearchOptions {
  query: string;
  maxResults: number;
  /** Least calibrated score, between 0 and 1. */
  threshold: number;
  type: RetrievalType;
  /** Only this region's documents; null for all. */
  region: string | null;
  /** Region from which the question comes, whose memory is asked; null: none is. */
  asker: string | null;
  filters: Filters | null;
  /** Neighbours on each side whose texts come with a passage's. */
  expansion: number;
  explain: boolean;
}

/** How a passage was found: by what it means, by what was written, or by both. */
export type RetrievalType = 'vector' | 'keyword' | 'hybrid';

export interface ScoredHit extends PassageHit {
  calibrated: number;
  /** What passages are ordered by: a cosine with words added, or in search by words alone their share. */
  rank: number;
  /** Share of the question's words, weighed by how rare they are; null in search by vectors alone. */
  keyword: number | null;
  /** Whether what the asker's region remembers lifted it. */
  remembered: boolean;
  /** The words that it has, the weightiest first; none unless `explain` asked. */
  matched: MatchedWord[];
}

/** One that is shown, with its place among those that are: by its cosine alone and by its words alone, from 1 on. */
export interface ShownHit extends ScoredHit {
  vectorRank: number | null;
  keywordRank: number | null;
}

export interface SearchResult {
  /** Best first, one passage of each item. */
  hits: ShownHit[];
  errors: RegionError[];
}

/** Items asked of the regions beyond those wanted: some may have been deleted or changed since the snapshot. */
const SPARE_ITEMS = 5;
/** With filters nobody knows how many items pass: each time the regions are asked for more. */
const GROWTH = 6;

/** What one search needs from outside. */
export interface SearchContext {
  services: Services;
  encoder: QueryEncoder;
  collection: Collection;
  /** The version's rows that learned. */
  snapshot: Snapshot;
  /** The index of all passages; null where regions search for themselves. */
  view: IndexView | null;
  /** Whether a region may have something that the index has not. */
  isNewer(region: string): boolean;
  measure: Measure;
}

export async function search(context: SearchContext, given: SearchOptions): Promise<SearchResult> {
  // Of words that the encoder does not know its cosines say nothing: the words themselves have to do.
  const isRead = context.encoder.knows(given.query);
  const options: SearchOptions = isRead || given.type === 'vector' ? given : { ...given, type: 'keyword' };
  const { services, snapshot, measure, collection } = context;
  const { maxResults, region, threshold, type, asker } = options;
  const { query, baseQuery, memoryQuery } = await measure('embed', () => embed(context, options));
  const regions = new Regions(context, region === null ? collection.settings.regions : [region]);
  const words = type === 'vector' ? null : new QuestionWords(options.query);
  const view = options.filters === null ? context.view : null;
  const ranks = await measure('score', async () => ranksOf(context, view, { query, words, region }));
  const ranking = ranks && new Ranking(ranks);
  const scoring = new Scoring(options, words, ranking, ranks, snapshot.header.serving);
  const isUnseen = (name: string) => view === null || context.isNewer(name);
  const request = (name: string): PassageRequest => ({
    candidates: [],
    watermark: (view ? view.watermarks.get(name) : entryOf(snapshot.header.watermarks, name)) ?? 0,
    isIndexed: view !== null,
    query,
    terms: isUnseen(name) ? (words?.terms ?? []) : [],
    baseQuery,
    inactiveOffset: snapshot.header.inactiveOffset,
    wordWeight: snapshot.header.serving.words,
    limit: maxResults,
    contenders: Math.max(maxResults, ranking?.contenders ?? 0),
    fresh: false,
    filters: options.filters,
    wanted: [],
    expansion: options.expansion,
    memoryQuery: null,
  });
  let found: PassageHit[] = [];
  let merged: ScoredHit[] = [];
  const unseen = regions.names.filter(isUnseen);
  const spare = unseen.length > 0 ? SPARE_ITEMS : 0;
  const calledBefore = new Set<string>();
  for (let items = maxResults + spare, first = true; ; items *= GROWTH, first = false) {
    const candidates =
      (await measure('score', async () => ranking?.take(items, maxResults))) ?? new Map<string, never>();
    const asked = new Set([...candidates.keys(), ...(first ? unseen : [])]);
    // The asker's region says what its log remembers with its passages, where it is asked for any.
    const askedAlone = first && !asked.has(asker ?? '') ? asker : null;
    const recalled = recall(services, collection, askedAlone, memoryQuery);
    const answers = await measure('passages', () =>
      regions.ask([...asked], (name) => ({
        ...request(name),
        candidates: candidates.get(name) ?? [],
        fresh: !calledBefore.has(name),
        memoryQuery: first && name === asker ? memoryQuery : null,
      })),
    );
    for (const name of asked) calledBefore.add(name);
    found = [...found, ...answers.flatMap(({ hits }) => hits)];
    if (first) {
      if (view === null) words?.weigh(answers);
      const lifts = new Lifts([...(await measure('passages', () => recalled)), ...liftsIn(answers)]);
      const wanted = lifts.missingFrom(found);
      const places = wanted.map((item) => ranking?.regionOf(item) ?? null);
      const holders = places.includes(null) ? regions.names : [...new Set(places as string[])];
      const more =
        wanted.length === 0
          ? []
          : await measure('passages', () => regions.ask(holders, (name) => ({ ...request(name), wanted })));
      found = [...found, ...more.flatMap(({ hits }) => hits)];
      scoring.remember(lifts);
    }
    merged = mergeHits(found.map(scoring.of), maxResults);
    const last = merged[maxResults - 1];
    const isBest = last !== undefined && ranking !== null && last.rank >= ranking.floor - TIE;
    if (ranking === null || ranking.exhausted || isBest) break;
    // What has more of the words than others came with the first answers, or is ranked by them.
    if (type !== 'keyword' && scoreOf(ranking.floor) < threshold) break;
  }
  ranking?.release();
  const { knows } = context.encoder;
  const shown = merged.map((hit) => {
    const isSure = hit.calibrated <= UNSURE || (isRead && knows(hit.text));
    return { ...hit, calibrated: isSure ? hit.calibrated : UNSURE };
  });
  return {
    hits: ranked(shown.filter(({ calibrated }) => calibrated >= threshold)),
    errors: regions.errors(),
  };
}

function ranked(hits: readonly ScoredHit[]): ShownHit[] {
  const places = (value: (hit: ScoredHit) => number | null): ((hit: ScoredHit) => number | null) => {
    const having = hits.filter((hit) => value(hit) !== null).sort((a, b) => value(b)! - value(a)!);
    return (hit) => having.indexOf(hit) + 1 || null;
  };
  const vector = places(({ score }) => score);
  const keyword = places((hit) => hit.keyword || null);
  return hits.map((hit) => ({ ...hit, vectorRank: vector(hit), keywordRank: keyword(hit) }));
}

/** What is ranked here: all passages, or the rows that learned where regions search for themselves; null: nothing is. */
function ranksOf(
  { snapshot, services: { products } }: SearchContext,
  view: IndexView | null,
  {
    query,
    words,
    region,
  }: { query: Float32Array | null; words: QuestionWords | null; region: string | null },
): RankedRows | null {
  if (view !== null) return new ViewRanks(view, { query, words, snapshot, only: region, products });
  return query && snapshotRanks(snapshot, query, region, products);
}

/** `memoryQuery`: what memory is asked by, null where none is asked. */
async function embed(
  { encoder, snapshot, collection }: SearchContext,
  { query, explain, type, asker }: SearchOptions,
) {
  if (type === 'keyword') return { query: null, baseQuery: null, memoryQuery: null };
  const trained = await encoder.embed(query, snapshot);
  const remembers = asker !== null && collection.settings.memory !== 'off';
  const base = explain || remembers ? await encoder.embedBase(query) : null;
  return { query: trained, baseQuery: explain ? base : null, memoryQuery: remembers ? base : null };
}

/** The score of a hit, of all that is known of it. */
class Scoring {
  readonly #explain: boolean;
  readonly #words: QuestionWords | null;
  readonly #ranking: Ranking | null;
  readonly #serving: ServingParameters;
  /** Where the index is here. */
  readonly #ranks: ViewRanks | null;
  #lifts = new Lifts([]);

  constructor(
    { explain }: SearchOptions,
    words: QuestionWords | null,
    ranking: Ranking | null,
    ranks: RankedRows | null,
    serving: ServingParameters,
  ) {
    this.#serving = serving;
    this.#explain = explain;
    this.#words = words;
    this.#ranking = ranking;
    this.#ranks = ranks instanceof ViewRanks ? ranks : null;
  }

  /** From now on, what the asker's region remembers counts. */
  remember(lifts: Lifts): void {
    this.#lifts = lifts;
  }

  of = (hit: PassageHit): ScoredHit => {
    const indexed = hit.newer ? null : this.#ranks?.wordsOf(hit.item, passageOrdinal(hit.id));
    const words = indexed ?? hit.words;
    const keyword = this.#words === null ? null : this.#words.share(words);
    const matched = this.#words === null || !this.#explain ? [] : this.#words.matched(words);
    if (hit.score === null) {
      const share = keyword ?? 0;
      return { ...hit, keyword, remembered: false, matched, rank: share, calibrated: roundScore(share) };
    }
    // A region scores by the passage's own embedding: its row may have learned.
    const learned = hit.newer ? null : this.#ranking?.scoreOf(hit.item, passageOrdinal(hit.id));
    const score = learned ?? hit.score;
    const known = this.#lifts.of(hit.item, score, this.#serving.memory);
    const remembered = known > score;
    const rank = keyword === null ? known : fuse(known, keyword, this.#serving.words);
    const calibrated = keyword === null ? scoreOf(rank) : scoreOfFused(rank, this.#serving.words);
    return { ...hit, score, keyword, remembered, matched, rank, calibrated };
  };
}

/** The regions that a search asks, and which of them it gave up. */
class Regions {
  readonly names: readonly string[];
  readonly #context: SearchContext;
  readonly #failed = new Map<string, RegionError>();
  readonly #until: number;

  constructor(context: SearchContext, names: readonly string[]) {
    this.#context = context;
    this.names = names;
    this.#until = context.services.now() + REGION_DEADLINE_MS;
  }

  /** Answers of those of `names` that answer. */
  async ask(names: readonly string[], request: (name: string) => PassageRequest): Promise<PassageAnswer[]> {
    const { services, collection } = this.#context;
    const left = Math.max(1, this.#until - services.now());
    const answers = await Promise.all(
      names
        .filter((name) => this.names.includes(name) && !this.#failed.has(name))
        .map(async (name) => {
          try {
            const work = services.region(collection, name).passages(request(name));
            return [await within(left, `region ${name}`, work)];
          } catch (error) {
            this.#failed.set(name, missing(name, error, 'its passages are missing'));
            return [];
          }
        }),
    );
    return answers.flat();
  }

  errors(): RegionError[] {
    return [...this.#failed.values()].sort((a, b) => (a.region < b.region ? -1 : 1));
  }
}
