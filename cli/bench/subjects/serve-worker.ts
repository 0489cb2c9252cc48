/**
 * The Worker as it is deployed, with paths more for `bench serve`: documents with made-up embeddings, because 50,000
 * real ones take a quarter of an hour to embed, the size of what lies in WebAssembly, and how often its objects were
 * called and how many rows they read. Everything else, from the regions' tables over the registration of rows to the
 * search, is the real thing.
 */

import { Coordinator as RealCoordinator } from '../../../durable-objects/coordinator/coordinator.ts';
import { Directory as RealDirectory } from '../../../durable-objects/directory/directory.ts';
import { engineFor } from '../../../durable-objects/engine.ts';
import type { ObjectsEnv } from '../../../durable-objects/env.ts';
import { coordinator, region } from '../../../durable-objects/names.ts';
import { Library } from '../../../durable-objects/region/library.ts';
import { Region as RealRegion } from '../../../durable-objects/region/region.ts';
import { KERNEL_BYTES } from '../../../models/scoring/row-products.ts';
import { openBytes } from '../../../shared/index/open-bytes.ts';
import { CollectionSettings } from '../../../shared/protocol/settings.ts';
import type { Env } from '../../../workers/env.ts';
import worker from '../../../workers/index.ts';
import { direction, nearCentre, passageText } from '../made-up-passages.ts';

export interface Plant {
  region: string;
  /** Number of the first document. */
  from: number;
  count: number;
  width: number;
  /** Near which of the centres that were sent before its vectors lie: every `of`-th from `at` on. Anywhere without. */
  near?: { at: number; of: number };
}

/** What a slice of an alarm embeds of passages as short. */
const PLANTED_AT_ONCE = 200;

/** Of all objects: local workerd has them in one isolate. */
let centres: Float32Array[] = [];

export interface Counts {
  /** Calls of methods, by object. */
  calls: Record<string, number>;
  /** Of SQLite, by object, as the platform bills them. */
  rowsRead: Record<string, number>;
}

/** Local workerd has the Worker and all objects in one isolate. Null: nobody counts, and nothing is slowed down. */
let counting: { calls: Map<string, number>; cursors: [of: string, SqlStorageCursor<never>][] } | null = null;

/** Remembers what the storage reads for an object, while somebody counts. */
function watch(of: string, sql: SqlStorage): void {
  const exec = sql.exec.bind(sql);
  Object.defineProperty(sql, 'exec', {
    value: (query: string, ...bindings: unknown[]) => {
      const cursor = exec(query, ...bindings);
      counting?.cursors.push([of, cursor as SqlStorageCursor<never>]);
      return cursor;
    },
  });
}

function called(of: string): void {
  counting?.calls.set(of, (counting.calls.get(of) ?? 0) + 1);
}

/** What was counted since the last time. */
function taken(): Counts {
  const counts: Counts = { calls: Object.fromEntries(counting?.calls ?? []), rowsRead: {} };
  for (const [of, { rowsRead }] of counting?.cursors ?? []) {
    counts.rowsRead[of] = (counts.rowsRead[of] ?? 0) + rowsRead;
  }
  return counts;
}

export class Directory extends RealDirectory {
  constructor(ctx: DurableObjectState, env: ObjectsEnv) {
    super(ctx, env);
    watch('directory', ctx.storage.sql);
  }

  override async traced(...call: Parameters<RealDirectory['traced']>): Promise<unknown> {
    called('directory');
    return await super.traced(...call);
  }
}

export class Coordinator extends RealCoordinator {
  constructor(ctx: DurableObjectState, env: ObjectsEnv) {
    super(ctx, env);
    watch('coordinator', ctx.storage.sql);
  }

  override async traced(...call: Parameters<RealDirectory['traced']>): Promise<unknown> {
    called('coordinator');
    return await super.traced(...call);
  }
}

export class Region extends RealRegion {
  constructor(ctx: DurableObjectState, env: ObjectsEnv) {
    super(ctx, env);
    watch('region', ctx.storage.sql);
  }

  override async traced(...call: Parameters<RealDirectory['traced']>): Promise<unknown> {
    called('region');
    return await super.traced(...call);
  }

  /** Writes documents of one passage each, and then their embeddings, as uploads do. The next flush tells the coordinator. */
  plant({ from, count, width, near }: Plant): void {
    const library = new Library(this.ctx.storage);
    const around = near && centres.filter((_, index) => index % near.of === near.at);
    for (let first = from; first < from + count; first += PLANTED_AT_ONCE) {
      const numbers = Array.from(
        { length: Math.min(PLANTED_AT_ONCE, from + count - first) },
        (_, index) => first + index,
      );
      const planted = numbers.map((number) => {
        const key = `made-up/${number}`;
        const text = passageText(number);
        const hash = number.toString(16).padStart(32, '0');
        const passage = { ordinal: 0, text, layout: null, hash, tokens: 20, embedding: null };
        const item = {
          key,
          title: `Document ${number}`,
          text,
          metadata: { number },
          format: 'text',
        } as const;
        library.put(item, [passage], Date.now());
        const embedding = around ? nearCentre(number, around) : direction(number, width);
        return { passage: { ...passage, item: key }, embedding };
      });
      library.embedded(planted);
    }
  }

  /** Merges what a region's alarms would, until nothing is left to merge. */
  settle(): void {
    const { segments } = new Library(this.ctx.storage);
    while (segments.step());
  }

  storedBytes(): number {
    return this.ctx.storage.sql.databaseSize;
  }
}

const settings = CollectionSettings.parse({ regions: ['weur'] });

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === '/bench/plant') {
      const plant = (await request.json()) as Plant;
      await (region(env, 'default', plant.region) as unknown as { plant(plant: Plant): Promise<void> }).plant(
        plant,
      );
      return Response.json({});
    }
    if (pathname === '/bench/settle') {
      const { regions } = (await request.json()) as { regions: string[] };
      for (const name of regions)
        await (region(env, 'default', name) as unknown as { settle(): Promise<void> }).settle();
      return Response.json({});
    }
    if (pathname === '/bench/apart') {
      openBytes.takeEdge(Number.POSITIVE_INFINITY);
      openBytes.takeEdge(0);
      return Response.json({});
    }
    if (pathname === '/bench/refresh') return Response.json(await coordinator(env, 'default').refresh());
    if (pathname === '/bench/pointer') return Response.json(await coordinator(env, 'default').pointer());
    if (pathname === '/bench/centres') {
      centres = ((await request.json()) as number[][]).map((values) => Float32Array.from(values));
      return Response.json({});
    }
    if (pathname === '/bench/embed') {
      const texts = (await request.json()) as string[];
      const engine = await engineFor(env, settings);
      const embeddings = await engine.embed(texts.map((text) => engine.tokenize(text, 'query')));
      return Response.json(Array.from(embeddings));
    }
    if (pathname === '/bench/stored') {
      const { regions } = (await request.json()) as { regions: string[] };
      const bytes = await Promise.all(
        regions.map((name) =>
          (region(env, 'default', name) as unknown as { storedBytes(): number }).storedBytes(),
        ),
      );
      return Response.json(bytes);
    }
    if (pathname === '/bench/count') {
      counting = { calls: new Map(), cursors: [] };
      return Response.json({});
    }
    if (pathname === '/bench/counted') {
      const counts = taken();
      counting = null;
      return Response.json(counts);
    }
    if (pathname === '/bench/held') {
      const engine = await engineFor(env, settings);
      return Response.json({ wasmBytes: engine.memory().wasmBytes + KERNEL_BYTES });
    }
    return await worker.fetch(request, env, ctx);
  },
  scheduled: worker.scheduled,
} satisfies ExportedHandler<Env>;
