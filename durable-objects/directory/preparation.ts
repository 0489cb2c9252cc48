/**
 * Tells the objects of a collection who they are and who takes part. `ready` of the collection's row is set when all
 * know; an object that fails is told later, and stops nothing that the others can do. Everything here may be repeated.
 */

import type { Collection } from '../../shared/protocol/api/collection.ts';
import type { Outcome } from '../../shared/protocol/objects.ts';
import { clock } from '../clock.ts';
import type { ObjectsEnv } from '../env.ts';
import { type Failed, refusalOf, tellCoordinator, tellRegions } from './collection-objects.ts';
import type { Federations, Subject } from './federations.ts';
import { type CollectionRow, info, subjectOf } from './rows.ts';

/** An object that failed is told again after this time. */
const RETRY_MS = 30_000;

export interface PreparationDeps {
  storage: DurableObjectStorage;
  env: ObjectsEnv;
  federations: Federations;
}

export class Preparation {
  readonly #deps: PreparationDeps;
  /** By collection, where an object failed: when it is told again. */
  readonly #retryAt = new Map<string, number>();

  constructor(deps: PreparationDeps) {
    this.#deps = deps;
  }

  /** A collection with an object that fails can be used without it, once all of them have been told of it. */
  async usable(row: CollectionRow): Promise<Outcome<Collection>> {
    const usable: Outcome<Collection> = { ok: true, value: info(row) };
    if (row.ready === 1) return usable;
    if (this.#deps.federations.regions(row.name).length === 0) return await this.prepare(row);
    if (clock.now() >= (this.#retryAt.get(row.name) ?? 0)) await this.prepare(row);
    return usable;
  }

  async prepare(row: CollectionRow): Promise<Outcome<Collection>> {
    const { storage, env, federations } = this.#deps;
    const subject = await subjectOf(row);
    const { settings } = subject;
    const adminKey = federations.adminKey(subject);
    const known = federations.regions(row.name);
    const { members, failed } = await tellRegions(env, row, { settings, adminKey }, known);
    if (members.length === settings.regions.length) {
      federations.setRegions(row.name, members);
      failed.push(...(await this.#spread(subject)));
    }
    if (failed.length > 0) {
      this.#retryAt.set(row.name, clock.now() + RETRY_MS);
      return refused(failed);
    }
    this.#retryAt.delete(row.name);
    storage.sql.exec('UPDATE collections SET ready = 1 WHERE name = ?', row.name);
    return { ok: true, value: info(row) };
  }

  /** Tells the coordinator who takes part. */
  async spread(subject: Subject): Promise<Outcome<null>> {
    const failed = await this.#spread(subject);
    return failed.length === 0 ? { ok: true, value: null } : refused(failed);
  }

  async #spread(subject: Subject): Promise<Failed> {
    const { storage, env, federations } = this.#deps;
    const failed = await tellCoordinator(env, subject, await federations.settle(subject));
    if (failed.length > 0)
      storage.sql.exec('UPDATE collections SET ready = 0 WHERE name = ?', subject.collection);
    return failed;
  }
}

function refused(failed: Failed) {
  return refusalOf(failed, 'what was asked for is kept, and told when it works again');
}
