/**
 * The objects of a collection as the directory reaches them: told who they are, and let go. One that fails does not stop
 * what concerns the others; it is named, and told again later. Everything here may be repeated.
 */
import { errorText, logLine } from '../../shared/log.ts';
import type { Federation } from '../../shared/protocol/enrolment.ts';
import type { Refusal } from '../../shared/protocol/objects.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import type { ObjectsEnv } from '../env.ts';
import { coordinator, region } from '../names.ts';
import { traced } from '../request-context.ts';
import type { Subject } from './federations.ts';
import type { Member } from './rosters.ts';
import type { CollectionRow } from './rows.ts';

/** What failed, as it stands in a sentence: `region weur`, `the coordinator`. */
export type Failed = string[];

async function unlessFails<T>(
  collection: string,
  title: string,
  failed: Failed,
  work: () => Promise<T>,
): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    logLine('object_failed', { level: 'error', collection, object: title, error: errorText(error) });
    failed.push(title);
    return null;
  }
}

/**
 * Tells regions who they are.
 * @param known members from before: those that fail now stay members with the keys that they had
 */
export async function tellRegions(
  env: ObjectsEnv,
  row: CollectionRow,
  { settings, adminKey }: { settings: CollectionSettings; adminKey: string },
  known: readonly Member[],
): Promise<{ members: Member[]; failed: Failed }> {
  const failed: Failed = [];
  const members = await Promise.all(
    settings.regions.map(async (name) => {
      const keys = { splitKey: row.split_key, contributorKey: row.contributor_key, adminKey };
      const identity = { collection: row.name, name, settings, ...keys };
      const told = await unlessFails(row.name, `region ${name}`, failed, () =>
        traced(region(env, row.name, name, settings)).configure(identity),
      );
      return told === null ? known.filter(({ id }) => id === name) : [{ id: name, key: told.key }];
    }),
  );
  return { members: members.flat(), failed };
}

/** Tells the coordinator who takes part. @returns the coordinator if it failed */
export async function tellCoordinator(
  env: ObjectsEnv,
  { collection, settings }: Subject,
  federation: Federation,
): Promise<Failed> {
  const failed: Failed = [];
  await unlessFails(collection, 'the coordinator', failed, () =>
    traced(coordinator(env, collection, settings)).configure(collection, settings, federation),
  );
  return failed;
}

/** Lets go of coordinator and regions. @returns those that failed */
export async function destroyObjects(
  env: ObjectsEnv,
  collection: string,
  settings: CollectionSettings,
): Promise<Failed> {
  const failed: Failed = [];
  await unlessFails(collection, 'the coordinator', failed, () =>
    traced(coordinator(env, collection, settings)).destroy(),
  );
  await Promise.all(
    settings.regions.map((name) =>
      unlessFails(collection, `region ${name}`, failed, () =>
        traced(region(env, collection, name, settings)).destroy(),
      ),
    ),
  );
  return failed;
}

/** @param meanwhile what was done all the same, and what comes of the rest */
export function refusalOf(failed: Failed, meanwhile: string): Refusal {
  const code = failed.includes('the coordinator') ? 'coordinator_failed' : 'region_failed';
  return { ok: false, code, detail: `${failed.sort().join(' and ')} failed; ${meanwhile}`, retryAfter: 30 };
}
