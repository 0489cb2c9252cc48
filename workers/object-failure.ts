/**
 * Objects that fail: each is named by its kind, a region by its name too, so that an answer can say what is missing. An
 * error loses its class on the way between objects; here it gets one again.
 */
import { errorText } from '../shared/log.ts';
import type { Collection } from '../shared/protocol/api/collection.ts';
import type { RegionError } from '../shared/protocol/api/region-error.ts';
import type { Stored } from '../shared/protocol/objects.ts';
import { DeadlineError, within } from './deadline.ts';
import type { Services } from './services.ts';

/** How long an object that failed may take to say whether its storage is full. */
const PROBE_MS = 2_000;

export interface ObjectName {
  object: 'directory' | 'coordinator' | 'region';
  /** `region weur`, `the coordinator of faq`: as it stands in a sentence. */
  title: string;
}

/** An object threw, or could not even be made. */
export class ObjectFailure extends Error {
  override readonly name = 'ObjectFailure';
  readonly of: ObjectName;
  /** What the platform says of the failure: the object restarts, or has too much to do. */
  readonly retryable: boolean;
  readonly overloaded: boolean;
  /** Its storage, or the disk that it lies on, is full. */
  readonly full: boolean;

  /** @param full whether the storage is known to be full, where the cause does not say it */
  constructor(of: ObjectName, cause: unknown, full = false) {
    super(`${of.title}: ${errorText(cause)}`, { cause });
    this.of = of;
    const { retryable, overloaded } = (cause ?? {}) as { retryable?: boolean; overloaded?: boolean };
    this.retryable = retryable === true;
    this.overloaded = overloaded === true;
    this.full = full || isStorageFull(cause);
  }
}

/** SQLite's SQLITE_FULL: an object of 10 GB, or a full disk below workerd. */
function isStorageFull(error: unknown): boolean {
  return /SQLITE_FULL|database or disk is full|No space left on device|ENOSPC/i.test(errorText(error));
}

/**
 * Asks an object that failed without a word why whether its storage takes no more. workerd keeps alarms in a database of
 * its own: where there is no room for that one, the object is torn down, and its caller hears of an internal error only.
 */
async function foundFull(again: () => Stored, cause: unknown): Promise<boolean> {
  if (!/internal error/i.test(errorText(cause))) return false;
  try {
    await within(PROBE_MS, 'its storage', again().probeStorage());
    return false;
  } catch (error) {
    return isStorageFull(error);
  }
}

/** Services whose objects fail with ObjectFailures. */
export function withNamedObjects(services: Services): Services {
  const coordinatorOf = ({ name }: Collection): ObjectName => ({
    object: 'coordinator',
    title: `the coordinator of ${name}`,
  });
  return {
    ...services,
    directory: () => {
      const make = () => services.directory();
      return named(make(), { object: 'directory', title: 'the directory' }, make);
    },
    coordinator: (collection) => {
      const make = () => services.coordinator(collection);
      return named(make(), coordinatorOf(collection), make);
    },
    hub: (collection) =>
      named(services.hub(collection), coordinatorOf(collection), () => services.coordinator(collection)),
    region: (collection, name) => {
      const make = () => services.region(collection, name);
      return named(make(), { object: 'region', title: `region ${name}` }, make);
    },
  };
}

/** @param again another stub of the object: one whose call failed fails for ever */
function named<T extends object>(stub: T, of: ObjectName, again: () => Stored): T {
  return new Proxy(stub, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        try {
          return await Reflect.apply(member, target, args);
        } catch (error) {
          throw new ObjectFailure(of, error, await foundFull(again, error));
        }
      };
    },
  });
}

/** @param missing what the answer lacks: `its documents are missing` */
export function regionError(region: string, error: unknown, missing: string): RegionError {
  if (error instanceof DeadlineError) return { region, code: 'region_timeout', detail: error.message };
  if (error instanceof ObjectFailure && error.full)
    return { region, code: 'storage_full', detail: `region ${region} has no room left; ${missing}` };
  return { region, code: 'region_failed', detail: `region ${region} failed; ${missing}` };
}
