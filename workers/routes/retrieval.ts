/**
 * What search and chat have in common: the request's way of saying what to look for and where, the passages of the
 * answer, and the step from one to the other. Shaped after Cloudflare AI Search; what is ours lies under `fedcar`.
 */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Chunk } from '../../shared/protocol/api/chunk.ts';
import { Filters } from '../../shared/protocol/filters.ts';
import { entryOf, RegionName } from '../../shared/protocol/names.ts';
import { optional, withDefault, withDefaults } from '../../shared/protocol/optional.ts';
import { isSearchedAtEdge } from '../../shared/protocol/settings.ts';
import {
  type ConversationTurn,
  MAX_QUERY_CHARACTERS,
  retrievalQuery,
} from '../../shared/retrieval/conversation.ts';
import { roundScore, scoreOf } from '../calibration.ts';
import type { AppEnv } from '../env.ts';
import type { CallerPlace } from '../location.ts';
import { askerRegion } from '../memory.ts';
import type { OwnChanges } from '../own-changes.ts';
import { requireRegion } from '../placement.ts';
import { Problem } from '../problem.ts';
import { type SearchContext, type SearchOptions, type ShownHit, search } from '../search.ts';
import type { SegmentCache } from '../segment-cache.ts';
import { withSiblings } from '../siblings.ts';
import type { SnapshotCache } from '../snapshot-cache.ts';
import { indexSource, snapshotSource } from '../snapshot-source.ts';
import type { Stopwatch } from '../stopwatch.ts';

/** Of two fields of which one is given, the other. */
export const Unset = z.null().optional().describe('Absent, or null');

export const Query = z.string().trim().min(1).max(MAX_QUERY_CHARACTERS).describe('What to look for');

const NO_STEP = 'Changes nothing: there is no such step';
const OFF = { enabled: z.literal(false).describe('There is no such step') };
/** What comes along where a step is off. */
const NoReranking = z.strictObject({
  ...OFF,
  model: optional(z.string().max(256)).describe(NO_STEP),
  match_threshold: optional(z.number().min(0).max(1)).describe(NO_STEP),
});
const NoCache = z.strictObject({ ...OFF, cache_threshold: optional(z.string().max(64)).describe(NO_STEP) });
const QueryRewrite = z.strictObject({
  enabled: z.boolean().describe('A conversation becomes one query either way'),
  model: optional(z.string().max(256)).describe('Changes nothing: no model makes the query'),
  rewrite_prompt: optional(z.string().max(32_768)).describe('Changes nothing: no model makes the query'),
});
const RetrievalOptions = z.strictObject({
  max_num_results: withDefault(z.int().min(1).max(50), 10).describe(
    'Passages wanted: of a search one of each item, of an answer more where they say more to the question',
  ),
  match_threshold: withDefault(z.number().min(0).max(1), 0).describe(
    'Results whose score is lower are left out',
  ),
  retrieval_type: withDefault(z.enum(['vector', 'keyword', 'hybrid']), 'hybrid').describe(
    '`hybrid` adds what the question’s words say to what it means; `vector` and `keyword` search by one alone',
  ),
  fusion_method: optional(z.literal('sum')).describe(
    'Changes nothing: scores are added. `rrf` and `max` would lose what a trained retriever learned, and are refused',
  ),
  keyword_match_mode: optional(z.literal('or')).describe(
    'Changes nothing: any word counts, the rare ones most. `and` is refused',
  ),
  context_expansion: withDefault(z.int().min(0).max(3), 0).describe(
    'Neighbouring passages on each side whose texts come with that of a passage',
  ),
  filters: Filters.nullable()
    .default(null)
    .describe(
      'Only items whose metadata satisfy every condition; also `folder`, `key` (or `filename`) and `timestamp` in milliseconds. Null: all',
    ),
  boost_by: optional(
    z
      .array(z.unknown())
      .refine((fields) => fields.length === 0, 'results are not boosted by fields: leave it out, or empty'),
  ).describe('Changes nothing: results are not boosted by fields, and a list that names any is refused'),
  metadata_only: withDefault(z.boolean(), false).describe('Passages come with an empty `text`'),
  return_on_failure: withDefault(z.boolean(), true).describe(
    'Where a region fails or is late, what the others have is the answer, and `errors` says whose is missing; with `false` the request fails',
  ),
});
type RetrievalOptions = z.infer<typeof RetrievalOptions>;

export const SearchOptionsInput = withDefaults(
  z.strictObject({
    retrieval: withDefaults(RetrievalOptions).describe('What is looked for and how much of it'),
    query_rewrite: optional(QueryRewrite).describe(
      'Changes nothing: a fixed rule makes one query of a conversation. AI Search’s chats ask for it',
    ),
    reranking: optional(NoReranking).describe('Changes nothing: passages come in the order of their scores'),
    cache: optional(NoCache).describe('Changes nothing: no answer is kept'),
  }),
).meta({ id: 'AiSearchOptions', description: 'Options as Cloudflare AI Search spells them' });

/** Our own options; routes may add to them. */
export const FEDCAR_OPTIONS = {
  model_version: withDefault(z.union([z.literal('latest'), z.int().nonnegative()]), 'latest').describe(
    '`latest` serves; 0 is plain search, without any training',
  ),
  region: optional(RegionName).describe('Only this region’s documents'),
  asker_region: optional(RegionName).describe(
    'Region from which the question comes, whose own log adds to the answer; the one nearest to the caller unless given. Only where `askersNameRegion` of the collection allows it',
  ),
  memory: withDefault(z.boolean(), true).describe(
    'Whether what the asker’s region remembers adds to the answer, where `memory` of the collection lets it',
  ),
  fresh: withDefault(z.boolean(), false).describe(
    'Asks now which version serves, and every region for what it has, whatever `freshnessSeconds` of the collection allows',
  ),
  explain: withDefault(z.boolean(), false).describe(
    'Also computes each passage’s cosine in plain embedding search, names the words of the question that it has, and says what memory lifted',
  ),
} as const;

/** A passage as answers show it. */
export function chunkOf(hit: ShownHit, { metadata_only }: Pick<RetrievalOptions, 'metadata_only'>): Chunk {
  return {
    id: hit.id,
    type: 'text',
    score: hit.calibrated,
    text: metadata_only ? '' : hit.text,
    item: {
      key: hit.item,
      title: hit.title,
      region: hit.region,
      timestamp: hit.timestamp,
      metadata: hit.metadata,
    },
    scoring_details: {
      base_score: hit.baseScore,
      head_score: hit.score,
      ...(hit.baseScore === null ? {} : { from_memory: hit.remembered }),
      ...wordScores(hit),
    },
  };
}

/** What words add to the details of a score; nothing in search by vectors alone. */
function wordScores({ score, keyword, matched, vectorRank, keywordRank }: ShownHit) {
  if (keyword === null) return {};
  const both = {
    vector_score: scoreOf(score ?? 0),
    vector_rank: vectorRank ?? 0,
    fusion_method: 'sum' as const,
  };
  return {
    ...(score === null ? {} : both),
    keyword_score: roundScore(keyword),
    ...(keywordRank === null ? {} : { keyword_rank: keywordRank }),
    ...(matched.length === 0
      ? {}
      : { words: matched.map(({ word, score: added }) => ({ word, score: roundScore(added) })) }),
  };
}

/** The one query that a conversation asks for. @throws Problem when no user turn has any text. */
export function queryOf(turns: readonly ConversationTurn[]): string {
  try {
    return retrievalQuery(turns);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const detail = 'has no user message with text';
    throw new Problem('invalid_request', `#/messages: ${detail}`, {
      errors: [{ pointer: '#/messages', detail }],
    });
  }
}

interface Asked {
  ai_search_options: z.infer<typeof SearchOptionsInput>;
  fedcar: {
    model_version: 'latest' | number;
    region?: string | undefined;
    asker_region?: string | undefined;
    memory: boolean;
    fresh: boolean;
    explain: boolean;
  };
}

/** What an isolate knows of what serves. */
export interface Freshest {
  snapshots: SnapshotCache;
  segments: SegmentCache;
  changes: OwnChanges;
}

interface AskedOptions extends Omit<SearchOptions, 'query'> {
  /** Whether an answer from some of the regions is one. */
  partial: boolean;
}

/** A search that can be run again with another query, as an answerer may ask for. */
export class Retrieval {
  readonly context: SearchContext;
  /** What an answer says of a version that could not be looked up in time; nothing otherwise. */
  readonly staleness: { stale_seconds?: number };
  readonly #options: AskedOptions;

  private constructor(context: SearchContext, options: AskedOptions, staleMs: number | null) {
    this.context = context;
    this.#options = options;
    this.staleness = staleMs === null ? {} : { stale_seconds: Math.ceil(staleMs / 1000) };
  }

  /** @throws Problem when the collection has no such region or version. */
  static async open(
    c: Context<AppEnv>,
    { snapshots, segments, changes }: Freshest,
    { ai_search_options: { retrieval }, fedcar }: Asked,
    { measure }: Stopwatch,
  ): Promise<Retrieval> {
    const { services, collection } = c.var;
    const region = fedcar.region ?? null;
    if (region !== null) requireRegion(collection, region, 'fedcar.region');
    const place = ((c.req.raw as Request).cf ?? {}) as CallerPlace;
    const from = askerRegion(collection, fedcar.asker_region, place);
    const source = snapshotSource(services, collection, fedcar.model_version);
    // One after the other: a large snapshot has no room beside the encoder's files while they are loaded.
    const encoder = await services.encoder(collection);
    const freshness = { maxAgeMs: collection.settings.freshnessSeconds * 1000, now: fedcar.fresh };
    const served = await snapshots.current(source, services.sharedBytes(), services.later, freshness);
    const { snapshot, staleMs, watermarks, index } = served;
    const view = isSearchedAtEdge(collection.settings)
      ? segments.view(indexSource(services, collection), index, services.later)
      : null;
    const isNewer = (name: string) =>
      fedcar.fresh ||
      staleMs !== null ||
      changes.has(collection.name, name) ||
      (entryOf(watermarks, name) ?? 0) > (view?.watermarks.get(name) ?? 0);
    return new Retrieval(
      { services, encoder, collection, snapshot, view, isNewer, measure },
      {
        region,
        asker: fedcar.memory ? from : null,
        maxResults: retrieval.max_num_results,
        threshold: retrieval.match_threshold,
        type: retrieval.retrieval_type,
        expansion: retrieval.context_expansion,
        filters: retrieval.filters,
        explain: fedcar.explain,
        partial: retrieval.return_on_failure,
      },
      staleMs,
    );
  }

  get version(): number {
    return this.context.snapshot.header.version;
  }

  /**
   * @param limit fewer results than the request asks for.
   * @throws Problem where a region did not answer and the request wants all or nothing
   */
  async search(query: string, limit = this.#options.maxResults) {
    const { partial, ...options } = this.#options;
    const maxResults = Math.min(limit, options.maxResults);
    const found = await search(this.context, { ...options, query, maxResults });
    if (partial || found.errors.length === 0) return found;
    const detail = found.errors.map((error) => error.detail).join('; ');
    throw new Problem('unavailable', detail, { headers: { 'retry-after': '10' } });
  }

  /** As `search`, with further passages of the best documents: what an answer is made of. */
  async read(query: string, limit = this.#options.maxResults) {
    const { hits, errors } = await this.search(query, limit);
    const read = await this.context.measure('passages', () => withSiblings(this.context, query, hits));
    const shown = read.filter(({ calibrated }) => calibrated >= this.#options.threshold);
    return { hits: shown.slice(0, Math.min(limit, this.#options.maxResults)), errors };
  }
}
