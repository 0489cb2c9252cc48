/**
 * Which settings of a collection may change while it lives. What regions promised each other, what divides the queries,
 * and what a version's parameters mean stays as it is; a privacy budget that was drawn on only shrinks.
 */

import { z } from 'zod';
import { entryOf } from './names.ts';
import { CollectionSettings } from './settings.ts';

type Shape = Record<string, z.ZodType>;

/** The fields of an object's schema, all of them optional and without defaults, at every depth. */
function patchOf(schema: z.ZodObject): z.ZodObject {
  const fields: Shape = {};
  for (const [name, field] of Object.entries(schema.shape as Shape)) {
    let inner: z.ZodType = field;
    let { description } = inner;
    while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      inner = inner.unwrap() as z.ZodType;
      description ??= inner.description;
    }
    const optional = (inner instanceof z.ZodObject ? patchOf(inner) : inner).optional();
    fields[name] = description === undefined ? optional : optional.describe(description);
  }
  return z.strictObject(fields);
}

/** Settings that replace those of the same name; arrays and what is null are replaced as a whole. */
export const SettingsPatch = patchOf(CollectionSettings).meta({
  id: 'CollectionSettingsPatch',
  description: 'Settings that replace those of the same name; what is left out stays',
});
export type SettingsPatch = Record<string, unknown>;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merge(before: unknown, patch: unknown): unknown {
  if (patch === undefined) return before;
  if (!isObject(before) || !isObject(patch)) return patch;
  // An alternative of another kind has fields of its own.
  if (Object.hasOwn(patch, 'kind') && patch.kind !== before.kind) return patch;
  const names = new Set([...Object.keys(before), ...Object.keys(patch)]);
  return Object.fromEntries(
    [...names].map((name) => [name, merge(entryOf(before, name), entryOf(patch, name))]),
  );
}

/** @throws z.ZodError when the result is no collection's settings */
export function patched(settings: CollectionSettings, patch: SettingsPatch): CollectionSettings {
  return CollectionSettings.parse(merge(settings, patch));
}

type Read = (settings: CollectionSettings) => unknown;

/** What stays for the life of a collection, and why. */
export const FIXED: readonly [field: string, read: Read, why: string][] = [
  ['regions', (s) => s.regions, 'its members keep its documents and sign its rosters'],
  ['regionsTrain', (s) => s.regionsTrain, 'rosters go by it'],
  ['jurisdiction', (s) => s.jurisdiction, 'its objects lie there'],
  ['encoder', (s) => s.encoder, 'its rows are made by it; POST …/reindex makes them anew'],
  ['generation', (s) => s.generation, 'the service counts it'],
  ['adapter', (s) => s.adapter, 'the parameters of its versions have this shape'],
  ['heldOutShare', (s) => s.heldOutShare, 'it divides queries into those that train and those that judge'],
  ['privacy.unit', (s) => s.privacy.unit, 'it says what is protected'],
  ['privacy.noise', (s) => s.privacy.noise, 'it says whether anything is'],
  ['privacy.aggregation', (s) => s.privacy.aggregation, 'its members agreed on it'],
  ['privacy.threshold', (s) => s.privacy.threshold, 'it is in the signed roster'],
  ['privacy.colluders', (s) => s.privacy.colluders, 'it is in the signed roster'],
  ['privacy.completeUpTo', (s) => s.privacy.completeUpTo, 'its members agreed on it'],
];

/** What of the budget was drawn on, of the window that counts today; null when nothing ever was. */
export type Spent = { epsilon: number } | null;

/** Why the settings of a collection may not become `after`; null when they may. */
export function changeProblem(
  before: CollectionSettings,
  after: CollectionSettings,
  spent: Spent,
): string | null {
  for (const [field, read, why] of FIXED) {
    if (JSON.stringify(read(before)) !== JSON.stringify(read(after))) {
      return `settings.${field}: fixed for the life of a collection, because ${why}`;
    }
  }
  if (spent === null || after.privacy.noise === 'off') return null;
  const { epsilon, delta } = after.privacy;
  if (delta !== before.privacy.delta) {
    return `settings.privacy.delta: fixed since the first charge, at ${before.privacy.delta}`;
  }
  if (epsilon > before.privacy.epsilon) {
    return `settings.privacy.epsilon: at most the ${before.privacy.epsilon} promised before, got ${epsilon}`;
  }
  if (epsilon < before.privacy.epsilon && epsilon < spent.epsilon) {
    return `settings.privacy.epsilon: at least the ${spent.epsilon.toFixed(3)} spent already, got ${epsilon}`;
  }
  return null;
}
