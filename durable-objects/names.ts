/** How objects are named and reached: the one place that makes stubs. */

import { hintOf } from '../shared/protocol/location-hints.ts';
import type { CollectionSettings } from '../shared/protocol/settings.ts';
import type { ObjectsEnv } from './env.ts';

type Place = Pick<CollectionSettings, 'jurisdiction'> & Partial<Pick<CollectionSettings, 'generation'>>;

/** Objects of another generation are others. No collection has a tilde in its name. */
const nameOf = (collection: string, { generation = 0 }: Place): string =>
  generation === 0 ? collection : `${collection}~${generation}`;

/**
 * A namespace restricted to the collection's jurisdiction. Local workerd throws on `jurisdiction()`: only explicit
 * development mode may go on without the guarantee.
 */
function within<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
  env: ObjectsEnv,
  place: Place,
): DurableObjectNamespace<T> {
  if (place.jurisdiction === null) return namespace;
  try {
    return namespace.jurisdiction(place.jurisdiction);
  } catch (error) {
    if (env.FEDCAR_ENVIRONMENT === 'development') return namespace;
    throw error;
  }
}

/** Whether the collection's objects can be kept where its settings say. */
export function hasJurisdiction(env: ObjectsEnv, place: Place): boolean {
  try {
    within(env.REGION, env, place);
    return true;
  } catch {
    return false;
  }
}

export function directory(env: ObjectsEnv) {
  return env.DIRECTORY.get(env.DIRECTORY.idFromName('directory'));
}

export function coordinator(env: ObjectsEnv, collection: string, place: Place = { jurisdiction: null }) {
  const namespace = within(env.COORDINATOR, env, place);
  return namespace.get(namespace.idFromName(nameOf(collection, place)));
}

export function region(
  env: ObjectsEnv,
  collection: string,
  name: string,
  place: Place = { jurisdiction: null },
) {
  const namespace = within(env.REGION, env, place);
  const hint = hintOf(name);
  const options = hint === null ? {} : { locationHint: hint };
  return namespace.get(namespace.idFromName(`${nameOf(collection, place)}/${name}`), options);
}
