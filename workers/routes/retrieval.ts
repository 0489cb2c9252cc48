/**
 * What search and chat have in common: the request's way of saying what to look for and where, the passages of the
 * answer, and the step from one to the other. Shaped after Cloudflare AI Search; what is ours lies under `fedcar`.
 */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Chunk } from '../../shared/protocol/api/chunk.ts';
import { Filters } from '../../shared/protocol/filters.ts';
import { RegionName } from '../../shared/protocol/names.ts';
import { MAX_QUERY_CHARACTERS, retrievalQuery } from '../../shared/retrieval/conversation.ts';
import type { AppEnv } from '../env.ts';
import { requireRegion } from '../placement.ts';
import { Problem } from '../problem.ts';
import { type ScoredHit, type SearchContext, type SearchOptions, search } from '../search.ts';
import type { SnapshotCache } from '../snapshot-cache.ts';
import { snapshotSource } from '../snapshot-source.ts';
import type { Stopwatch } from '../stopwatch.ts';

/** Turns of a conversation, and characters of one turn. */
const MAX_MESSAGES = 100;
const MAX_MESSAGE_CHARACTERS = 32_768;

export const Query = z.string().trim().min(1).max(MAX_QUERY_CHARACTERS).describe('What to look for');

const TextPart = z.strictObject({
  type: z.literal('text').describe('Only text is read'),
  text: z
    .string()
    .max(MAX_MESSAGE_CHARACTERS)
    .describe('A piece of the turn; pieces are joined by line breaks'),
});
const Message = z
  .strictObject({
    role: z.enum(['system', 'developer', 'user', 'assistant']).describe('Who speaks'),
    content: z
      .union([z.string().max(MAX_MESSAGE_CHARACTERS), z.array(TextPart).min(1).max(16)])
      .describe('What is said: text, or pieces of text'),
  })
  .meta({ id: 'Message', description: 'A turn of a conversation' });
export const Messages = z
  .array(Message)
  .min(1)
  .max(MAX_MESSAGES)
  .describe('A conversation, oldest turn first; its last user turn asks');

export const SearchOptionsInput = z
  .strictObject({
    retrieval: z
      .strictObject({
        max_num_results: z.int().min(1).max(50).default(10).describe('Passages wanted, one of each item'),
        match_threshold: z
          .number()
          .min(0)
          .max(1)
          .default(0)
          .describe('Results whose score is lower are left out'),
        filters: Filters.nullable()
          .default(null)
          .describe(
            'Only items whose metadata satisfy every condition; also `folder`, `key` and `timestamp`. Null: all',
          ),
      })
      .prefault({})
      .describe('What is looked for and how much of it'),
  })
  .meta({ id: 'AiSearchOptions', description: 'Options as Cloudflare AI Search spells them' })
  .prefault({});

/** Our own options; routes may add to them. */
export const FEDCAR_OPTIONS = {
  model_version: z
    .union([z.literal('latest'), z.int().nonnegative()])
    .default('latest')
    .describe('`latest` serves; 0 is plain embedding search, without any training'),
  region: RegionName.optional().describe('Only this region’s documents'),
  explain: z
    .boolean()
    .default(false)
    .describe('Also computes each passage’s score in plain embedding search'),
} as const;

export function chunkOf(hit: ScoredHit): Chunk {
  return {
    id: hit.id,
    score: hit.calibrated,
    text: hit.text,
    item: {
      key: hit.item,
      title: hit.title,
      region: hit.region,
      timestamp: hit.timestamp,
      metadata: hit.metadata,
    },
    scoring_details: { base_score: hit.baseScore, head_score: hit.score },
  };
}

export interface Turn {
  role: z.infer<typeof Message>['role'];
  content: string;
}

/** Messages with their text in one piece. */
export function turnsOf(messages: z.infer<typeof Messages>): Turn[] {
  return messages.map(({ role, content }) => ({
    role,
    content: typeof content === 'string' ? content : content.map(({ text }) => text).join('\n'),
  }));
}

/** The one query that a conversation asks for. @throws Problem when no user turn has any text. */
export function queryOf(turns: readonly Turn[]): string {
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
  fedcar: { model_version: 'latest' | number; region?: string | undefined; explain: boolean };
}

/** A search that can be run again with another query, as an answerer may ask for. */
export class Retrieval {
  readonly context: SearchContext;
  readonly #options: Omit<SearchOptions, 'query'>;

  private constructor(context: SearchContext, options: Omit<SearchOptions, 'query'>) {
    this.context = context;
    this.#options = options;
  }

  /** @throws Problem when the collection has no such region or version. */
  static async open(
    c: Context<AppEnv>,
    snapshots: SnapshotCache,
    { ai_search_options: { retrieval }, fedcar }: Asked,
    { measure }: Stopwatch,
  ): Promise<Retrieval> {
    const { services, collection } = c.var;
    const region = fedcar.region ?? null;
    if (region !== null) requireRegion(collection, region, 'fedcar.region');
    const source = snapshotSource(services, collection, fedcar.model_version);
    // One after the other: a large snapshot has no room beside the encoder's files while they are loaded.
    const encoder = await services.encoder(collection);
    const { snapshot } = await snapshots.current(source, services.sharedBytes(), services.later);
    return new Retrieval(
      { services, encoder, collection, snapshot, measure },
      {
        region,
        maxResults: retrieval.max_num_results,
        threshold: retrieval.match_threshold,
        filters: retrieval.filters,
        explain: fedcar.explain,
      },
    );
  }

  get version(): number {
    return this.context.snapshot.header.version;
  }

  /** @param limit fewer results than the request asks for. */
  async search(query: string, limit = this.#options.maxResults) {
    const maxResults = Math.min(limit, this.#options.maxResults);
    return await search(this.context, { ...this.#options, query, maxResults });
  }
}
