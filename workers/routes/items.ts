/**
 * /items: the documents of a collection. A document lives in one region, given at its first upload or chosen by the
 * coordinator from its key. It is searchable when the upload returns, or as the upload says later if it is long.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { wordsOf } from '../../shared/index/words.ts';
import {
  fitsItem,
  Item,
  ItemFields,
  ItemInput,
  ItemReceipt,
  ItemReceipts,
  Items,
  Passages,
} from '../../shared/protocol/api/item.ts';
import { Filters } from '../../shared/protocol/filters.ts';
import { jsonProblem } from '../../shared/protocol/json-value.ts';
import { ItemKey, RegionName } from '../../shared/protocol/names.ts';
import { optional } from '../../shared/protocol/optional.ts';
import type { AppEnv } from '../env.ts';
import { FILE_TYPES, fileText } from '../file-text.ts';
import type { OwnChanges } from '../own-changes.ts';
import { askRegions } from '../partial.ts';
import { placeItems, regionOfItem, requireRegion, type UploadOptions } from '../placement.ts';
import { Problem, problemOf } from '../problem.ts';
import { body, json, NoQuery, problems, router } from '../router.ts';
import { pointer } from '../validation.ts';

/** Documents of one request: the body's limit allows more only if they are short. */
const MAX_ITEMS = 500;

const region = RegionName.optional();
const givenRegion = optional(RegionName);
const home = givenRegion.describe(
  'Region that is to hold it; where it is already, or one chosen by its key, unless given',
);
const OneItem = z
  .strictObject({ ...ItemFields.shape, region: home })
  .superRefine(fitsItem)
  .meta({ id: 'ItemUpload', description: 'A document' });
const { key: _, ...replaceable } = ItemFields.shape;
const Replacement = z
  .strictObject({ ...replaceable, region: home })
  .superRefine(fitsItem)
  .meta({ id: 'ItemReplacement', description: 'A document for the key in the path' });
const ManyItems = z
  .strictObject({
    items: z.array(ItemInput).min(1).max(MAX_ITEMS).describe('Documents, each key once'),
    region: givenRegion.describe(
      'Region that is to hold those that are new; one chosen by each key unless given',
    ),
  })
  .meta({ id: 'ItemsUpload', description: 'Many documents' });

/** Of a document that is there, also from a time when keys had fewer rules: it can be read and deleted. */
const KnownKey = z.string().min(1).max(512).describe('Key of the document');
const KeyParam = z.object({ key: KnownKey });
const tags = ['items'];
/** Yes or no in a query string. */
const flag = (description: string) =>
  z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .openapi({ type: 'string', enum: ['true', 'false'], description });
const UploadQuery = z.strictObject({
  wait: flag(
    'Whether to wait until what is uploaded is found by searches: `true` for up to two minutes, `false` not at all; else as long as it is little work',
  ),
});
const PassagesQuery = z.strictObject({ words: flag('Whether to say by which words each is found') });
const STORED = 'Stored; some of it is not found yet: it is being indexed';

/** Filters in a query string. */
const FiltersText = z
  .string()
  .max(4096)
  .transform((text, context) => {
    let filters: unknown;
    try {
      filters = JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'is not JSON' });
      return z.NEVER;
    }
    const problem = jsonProblem(filters);
    if (problem !== null) {
      context.addIssue({ code: 'custom', message: problem.detail, path: problem.path });
      return z.NEVER;
    }
    return filters;
  })
  .pipe(Filters);

const create = createRoute({
  method: 'post',
  path: '/items',
  summary: 'Add or replace one document, or many',
  tags,
  request: { query: UploadQuery, body: body(z.union([OneItem, ManyItems])) },
  responses: {
    200: json(z.union([ItemReceipt, ItemReceipts]), 'What became of each document'),
    202: json(z.union([ItemReceipt, ItemReceipts]), STORED),
    ...problems,
  },
});

const list = createRoute({
  method: 'get',
  path: '/items',
  summary: 'List documents in order of their keys',
  tags,
  request: {
    query: z.strictObject({
      after: KnownKey.optional().describe(
        'Key of the last document of the page before: `next` of its answer',
      ),
      limit: z.coerce.number().int().min(1).max(100).default(20).describe('Documents wanted'),
      region: region.describe('Only this region’s documents'),
      filters: FiltersText.optional().describe(
        'Conditions on metadata as JSON, like `ai_search_options.retrieval.filters` of a search',
      ),
    }),
  },
  responses: {
    200: json(Items, 'Documents without their texts; `next` is null on the last page'),
    ...problems,
  },
});

const one = createRoute({
  method: 'get',
  path: '/items/{key}',
  summary: 'A document',
  tags,
  request: { params: KeyParam, query: NoQuery },
  responses: { 200: json(Item, 'The document'), ...problems },
});

const replace = createRoute({
  method: 'put',
  path: '/items/{key}',
  summary: 'Add or replace a document',
  tags,
  request: {
    params: z.object({ key: ItemKey.describe('Key of the document') }),
    query: UploadQuery,
    body: body(Replacement),
  },
  responses: {
    200: json(ItemReceipt, 'What became of it'),
    202: json(ItemReceipt, STORED),
    ...problems,
  },
});

const replaceByFile = createRoute({
  method: 'put',
  path: '/items/{key}/file',
  summary: 'Add or replace a document by a file: text, Markdown, HTML, PDF, Word',
  description:
    'The body is the file, and `content-type` its kind. PDF and office files need the binding `AI` of Workers AI; without it the answer is 501 `no_converter`. Metadata of the document is emptied.',
  tags,
  request: {
    params: z.object({ key: ItemKey.describe('Key of the document') }),
    query: UploadQuery.extend({
      title: z.string().max(1024).optional().describe('Title; else the file’s own'),
      region: region.describe('Region that is to hold it, as in other uploads'),
    }),
    body: {
      required: true,
      content: Object.fromEntries(
        FILE_TYPES.map((type) => [type, { schema: z.string().openapi({ format: 'binary' }) }]),
      ),
    },
  },
  responses: {
    200: json(ItemReceipt, 'What became of it'),
    202: json(ItemReceipt, STORED),
    ...problems,
  },
});

const remove = createRoute({
  method: 'delete',
  path: '/items/{key}',
  summary: 'Delete a document; it leaves the results at once',
  tags,
  request: { params: KeyParam, query: NoQuery },
  responses: { 204: { description: 'Deleted' }, ...problems },
});

const passages = createRoute({
  method: 'get',
  path: '/items/{key}/passages',
  summary: 'The pieces of a document that are searched',
  tags,
  request: { params: KeyParam, query: PassagesQuery },
  responses: { 200: json(Passages, 'Passages in order'), ...problems },
});

function statusOf(receipts: readonly ItemReceipt[]): 200 | 202 {
  return receipts.some(({ status }) => status === 'indexing') ? 202 : 200;
}

/** @throws Problem for what is larger than a document may be */
function validItem(item: ItemInput): ItemInput {
  const read = ItemInput.safeParse(item);
  if (read.success) return read.data;
  const errors = read.error.issues.map(({ path, message }) => ({
    pointer: pointer('json', path),
    detail: message,
  }));
  throw new Problem('invalid_request', errors.map((each) => `${each.pointer}: ${each.detail}`).join('; '), {
    errors,
  });
}

function receiptOf(placed: ItemReceipts): ItemReceipt {
  const [failure] = placed.errors;
  if (failure) throw problemOf({ ok: false, ...failure });
  return placed.items[0] as ItemReceipt;
}

/** The order of keys in the regions: by UTF-8 bytes, which is by code points and not by UTF-16 units. */
function byCodePoints(a: string, b: string): number {
  const encoder = new TextEncoder();
  const [x, y] = [encoder.encode(a), encoder.encode(b)];
  const at = x.findIndex((byte, index) => byte !== y[index]);
  return at < 0 ? x.length - y.length : x[at]! - (y[at] ?? -1);
}

/** What the words of a passage are indexed as, each once, in their order. */
function indexedWords(text: string): string[] {
  return [...new Set([...wordsOf(text)].map(({ term }) => term))];
}

function noItem(key: string): Problem {
  return new Problem('unknown_item', `There is no item ${JSON.stringify(key)}`);
}

export function itemRoutes(changes: OwnChanges) {
  const place = async (
    { services, collection }: AppEnv['Variables'],
    items: ItemInput[],
    options: UploadOptions,
  ) => {
    const placed = await placeItems(services, collection, items, options);
    // Also where an error came back: what its region stored is not known.
    changes.note(collection.name, new Set([...placed.items, ...placed.errors].map(({ region }) => region)));
    return placed;
  };

  return router()
    .openapi(create, async (c) => {
      const given = c.req.valid('json');
      const { wait = null } = c.req.valid('query');
      const options = { region: given.region ?? null, wait, signal: c.req.raw.signal };
      if (!('items' in given)) {
        const { region: _, ...item } = given;
        const receipt = receiptOf(await place(c.var, [item], options));
        return c.json(receipt, statusOf([receipt]));
      }
      const placed = await place(c.var, given.items, options);
      const [failure] = placed.errors;
      if (placed.items.length === 0 && failure) throw problemOf({ ok: false, ...failure });
      return c.json(placed, statusOf(placed.items));
    })
    .openapi(list, async (c) => {
      const { services, collection } = c.var;
      const { after, limit, region: only, filters } = c.req.valid('query');
      if (only !== undefined) requireRegion(collection, only);
      const regions = only === undefined ? collection.settings.regions : [only];
      const { answers, errors } = await askRegions(regions, 'its documents are missing', (name) =>
        services.region(collection, name).items(after ?? null, limit, filters ?? null),
      );
      const pages = [...answers.values()];
      const merged = pages.flat().sort((a, b) => byCodePoints(a.key, b.key));
      const items = merged.slice(0, limit);
      // Some region's page was full: there may be more behind it.
      const more = merged.length > limit || pages.some((page) => page.length === limit);
      return c.json({ items, next: more ? (items.at(-1)?.key ?? null) : null, errors }, 200);
    })
    .openapi(one, async (c) => {
      const { key } = c.req.valid('param');
      const home = await regionOfItem(c.var.services, c.var.collection, key);
      const item = home && (await home.item(key));
      if (!item) throw noItem(key);
      return c.json(item, 200);
    })
    .openapi(replace, async (c) => {
      const { region: where, ...rest } = c.req.valid('json');
      const { wait = null } = c.req.valid('query');
      const item = { ...rest, key: c.req.valid('param').key };
      const options = { region: where ?? null, wait, signal: c.req.raw.signal };
      const receipt = receiptOf(await place(c.var, [item], options));
      return c.json(receipt, statusOf([receipt]));
    })
    .openapi(replaceByFile, async (c) => {
      const { key } = c.req.valid('param');
      const { wait = null, title = '', region: where = null } = c.req.valid('query');
      const contentType = c.req.header('content-type') ?? '';
      const bytes = new Uint8Array(await c.req.arrayBuffer());
      const file = await fileText({ bytes, contentType }, c.env.AI);
      const item = validItem({ key, title, ...file, metadata: {} });
      const receipt = receiptOf(
        await place(c.var, [item], { region: where, wait, signal: c.req.raw.signal }),
      );
      return c.json(receipt, statusOf([receipt]));
    })
    .openapi(remove, async (c) => {
      const { key } = c.req.valid('param');
      const home = await regionOfItem(c.var.services, c.var.collection, key);
      if (!home || !(await home.removeItem(key))) throw noItem(key);
      return c.body(null, 204);
    })
    .openapi(passages, async (c) => {
      const { key } = c.req.valid('param');
      const home = await regionOfItem(c.var.services, c.var.collection, key);
      if (!home || !(await home.item(key))) throw noItem(key);
      const { words = false } = c.req.valid('query');
      const found = await home.passagesOf(key);
      const shown = words ? found.map((each) => ({ ...each, words: indexedWords(each.text) })) : found;
      return c.json({ passages: shown }, 200);
    });
}
