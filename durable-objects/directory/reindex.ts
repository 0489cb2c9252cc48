/**
 * The encoder of a collection is changed by a second set of objects, its next generation: they take over documents, query
 * records and ledgers while the first set serves, and when they have everything one statement in the directory makes
 * theirs the collection's settings. That is the switch; whoever still reads the old settings is served by the old objects
 * as before, and what is written there is handed on, until they are let go. Every step may be repeated.
 */

import { errorText } from '../../shared/log.ts';
import type { Reindex } from '../../shared/protocol/api/reindex.ts';
import { entryOf } from '../../shared/protocol/names.ts';
import type { Outcome } from '../../shared/protocol/objects.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import type { ObjectsEnv } from '../env.ts';
import type { HandoverProgress } from '../handover.ts';
import { coordinator, region } from '../names.ts';
import { answerOf } from '../object-calls.ts';
import { traced } from '../request-context.ts';
import { encoderNamed } from './encoder-named.ts';

/** The old generation serves so much longer: the edge reads settings again at least every 30 s. */
const LEAVE_MS = 600_000;
/** A region says how far it is after it has set its alarm. */
const MOVE_MS = 30_000;
const HALTED = 'the encoder of the collection is being changed: wait until that is over';
/** No run starts in objects that do not serve yet. */
const NOT_YET = { revision: 0, rosters: [], outside: [], problem: HALTED };

export interface ReindexState {
  /** `leaving`: switched; the old objects are let go later. */
  state: 'building' | 'leaving' | 'cancelling' | 'done' | 'cancelled';
  before: CollectionSettings;
  after: CollectionSettings;
  model: { name: string; sha256: string };
  startedAt: number;
  switchedAt: number | null;
  /** Whether the objects of the next generation know who they are. */
  prepared: boolean;
  progress: Record<string, HandoverProgress>;
  /** Why it does not switch although everything is there; unset in one that began before that was told. */
  problem?: string | null;
}

/** What of a collection's row this is about. */
export interface Subject {
  name: string;
  settings: string;
  split_key: string;
  contributor_key: string;
  reindex: string | null;
}

export interface ReindexDeps {
  storage: DurableObjectStorage;
  env: ObjectsEnv;
  row(name: string): Subject | null;
  adminKey(name: string): Promise<string>;
  /** Tells the objects of the collection as it is now. */
  prepare(name: string): Promise<unknown>;
}

export function isUnderWay(reindex: ReindexState | null): reindex is ReindexState {
  return reindex !== null && reindex.state !== 'done' && reindex.state !== 'cancelled';
}

export function reindexOf({ reindex }: Subject): ReindexState | null {
  return reindex === null ? null : (JSON.parse(reindex) as ReindexState);
}

export class Reindexes {
  readonly #deps: ReindexDeps;
  /** Collections with a step under way: two at once would undo each other's. */
  readonly #stepping = new Set<string>();

  constructor(deps: ReindexDeps) {
    this.#deps = deps;
  }

  async begin(row: Subject, encoder: string | null, now: number): Promise<Outcome<Reindex>> {
    const { env } = this.#deps;
    const known = reindexOf(row);
    if (isUnderWay(known)) {
      if (known.state === 'building' && known.after.encoder === encoder)
        return { ok: true, value: infoOf(known) };
      const detail = `a re-index to ${known.after.encoder ?? 'the deployment’s encoder'} is under way (${known.state})`;
      return { ok: false, code: 'reindex_in_progress', detail };
    }
    const before = CollectionSettings.parse(JSON.parse(row.settings));
    const model = await encoderNamed(env, encoder);
    if (!model.ok) return model;
    // A collection can leave an encoder whose artifact is broken.
    const current = await encoderNamed(env, before.encoder);
    if (current.ok && model.value.sha256 === current.value.sha256) {
      return {
        ok: false,
        code: 'conflict',
        detail: `encoder: the collection is of ${model.value.name} already`,
      };
    }
    const halted = await traced(coordinator(env, row.name, before)).halt(HALTED);
    if (!halted.ok) return halted;
    const reindex: ReindexState = {
      state: 'building',
      before,
      after: { ...before, encoder, generation: before.generation + 1 },
      model: { name: model.value.name, sha256: model.value.sha256 },
      startedAt: now,
      switchedAt: null,
      prepared: false,
      progress: {},
    };
    this.#save(row.name, reindex);
    return { ok: true, value: infoOf(reindex) };
  }

  /** Ends it before the switch; everything stays as it was. */
  cancel(row: Subject): Outcome<Reindex> {
    const reindex = reindexOf(row);
    if (reindex === null || (reindex.state !== 'building' && reindex.state !== 'cancelling')) {
      return { ok: false, code: 'conflict', detail: 'there is no re-index that could be cancelled' };
    }
    const cancelling = { ...reindex, state: 'cancelling' as const };
    this.#save(row.name, cancelling);
    return { ok: true, value: infoOf(cancelling) };
  }

  /** Goes on as far as it can now. Returns whether it has to be called again soon. */
  async step(name: string, now: number): Promise<boolean> {
    const row = this.#deps.row(name);
    const reindex = row === null ? null : reindexOf(row);
    if (row === null || !isUnderWay(reindex)) return false;
    if (this.#stepping.has(name)) return true;
    this.#stepping.add(name);
    try {
      if (reindex.state === 'building') await this.#build(row, reindex, now);
      else if (reindex.state === 'cancelling') await this.#cancel(row, reindex);
      else await this.#leave(row, reindex, now);
    } finally {
      this.#stepping.delete(name);
    }
    const next = this.#deps.row(name);
    return next !== null && isUnderWay(reindexOf(next));
  }

  /** Lets go of the objects that are not the collection's own; with the collection itself. */
  async forget(row: Subject): Promise<void> {
    const reindex = reindexOf(row);
    if (!isUnderWay(reindex)) return;
    await this.#destroy(row.name, reindex.state === 'leaving' ? reindex.before : reindex.after);
    this.#save(row.name, null);
  }

  async #build(row: Subject, reindex: ReindexState, now: number): Promise<void> {
    const { env } = this.#deps;
    const { name } = row;
    const { before, after } = reindex;
    const next = coordinator(env, name, after);
    if (!reindex.prepared) {
      const keys = { splitKey: row.split_key, contributorKey: row.contributor_key };
      const adminKey = await this.#deps.adminKey(name);
      for (const each of after.regions) {
        const identity = { collection: name, name: each, settings: after, ...keys, adminKey };
        await region(env, name, each, after).configure(identity);
      }
      await next.configure(name, after, NOT_YET);
    }
    const progress = await this.#moved(name, reindex);
    if (!this.#still(name, 'building')) return;
    const current = { ...reindex, prepared: true, progress: { ...reindex.progress, ...progress } };
    this.#save(name, current);
    if (!before.regions.every((each) => entryOf(progress, each)?.caughtUp)) return;
    await next.takeOver(await coordinator(env, name, before).handOver());
    // Whoever comes first after the switch finds an index of everything.
    await next.refresh();
    if (!this.#still(name, 'building')) return;
    const switched: ReindexState = { ...current, state: 'leaving', switchedAt: now };
    this.#deps.storage.sql.exec(
      "UPDATE collections SET settings = ?, ready = 0, reindex = ? WHERE name = ? AND state = 'lives'",
      JSON.stringify(after),
      JSON.stringify(switched),
      name,
    );
    await this.#deps.prepare(name);
  }

  async #leave(row: Subject, reindex: ReindexState, now: number): Promise<void> {
    // Settings may have changed since; who they are told to are the new objects.
    const progress = await this.#moved(row.name, reindex);
    if (now < (reindex.switchedAt ?? now) + LEAVE_MS) return;
    const empty = (each: string) =>
      entryOf(progress, each)?.items === 0 && entryOf(progress, each)?.records === 0;
    if (!reindex.before.regions.every(empty)) return;
    await this.#destroy(row.name, reindex.before);
    this.#save(row.name, { ...reindex, state: 'done' });
  }

  async #cancel(row: Subject, reindex: ReindexState): Promise<void> {
    const { env } = this.#deps;
    const { before, after } = reindex;
    for (const each of before.regions) await region(env, row.name, each, before).stay();
    await this.#destroy(row.name, after);
    await coordinator(env, row.name, before).halt(null);
    this.#save(row.name, { ...reindex, state: 'cancelled' });
  }

  /** How far the regions are that could be reached. */
  async #moved(name: string, { before, after }: ReindexState): Promise<Record<string, HandoverProgress>> {
    const asked = before.regions.map(async (each) => {
      const progress = await answerOf(() => region(this.#deps.env, name, each, before).move(after), MOVE_MS);
      return progress === null ? [] : [[each, progress] as const];
    });
    return Object.fromEntries((await Promise.all(asked)).flat());
  }

  async #destroy(name: string, settings: CollectionSettings): Promise<void> {
    const { env } = this.#deps;
    await coordinator(env, name, settings).destroy();
    await Promise.all(settings.regions.map((each) => region(env, name, each, settings).destroy()));
  }

  /** Calls take time: somebody may have cancelled it, or removed the collection. */
  #still(name: string, state: ReindexState['state']): boolean {
    const row = this.#deps.row(name);
    return row !== null && reindexOf(row)?.state === state;
  }

  #save(name: string, reindex: ReindexState | null): void {
    const text = reindex === null ? null : JSON.stringify(reindex);
    this.#deps.storage.sql.exec('UPDATE collections SET reindex = ? WHERE name = ?', text, name);
  }
}

export function infoOf({ problem = null, ...reindex }: ReindexState): Reindex {
  const { state, after, model, startedAt, switchedAt, progress } = reindex;
  const regions = after.regions.map((region) => {
    const { items = null, records = null, caughtUp = false } = entryOf(progress, region) ?? {};
    return { region, items_left: items, records_left: records, caught_up: caughtUp };
  });
  const shown = state === 'leaving' ? 'done' : state;
  return {
    ...{ state: shown, encoder: after.encoder, model },
    ...{ started_at: startedAt, switched_at: switchedAt, regions, problem },
  };
}

/** What stands in the log when a step failed: the next one does it again. */
export function failureOf(name: string, error: unknown) {
  return { level: 'warn' as const, collection: name, error: errorText(error) };
}
