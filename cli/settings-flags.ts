/** `--set path=value`: single settings of a collection from the command line, checked by the settings' own schema. */

import type { z } from 'zod';
import { entryOf } from '../shared/protocol/names.ts';
import { CollectionSettings } from '../shared/protocol/settings.ts';

/** Settings as they were given make no sense; the message names the setting. */
export class SettingsError extends RangeError {}

/**
 * Settings with the given changes to the defaults, for example `training.phases.0.passes=2`, `adapter.kind=none`,
 * `regions=["a","b"]`: a value is JSON, or else a string.
 * @throws SettingsError naming the setting.
 */
export function settingsFrom(assignments: readonly string[], base: object = {}): CollectionSettings {
  // Filled with the defaults first, so that a path may lead into a list of them.
  const settings: Record<string, unknown> = checked(base);
  for (const assignment of assignments) assign(settings, assignment);
  return checked(settings);
}

function checked(settings: unknown): CollectionSettings {
  const parsed = CollectionSettings.safeParse(settings);
  if (parsed.success) return parsed.data;
  throw new SettingsError(parsed.error.issues.map(said).join('; '));
}

function said(issue: z.core.$ZodIssue): string {
  const keys = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys.join(', ')] : issue.path;
  return `${keys.length === 0 ? 'settings' : keys.join('.')}: ${issue.message}`;
}

/** The changes alone, for a service that knows the rest. @throws SettingsError for what is no assignment */
export function patchFrom(assignments: readonly string[]): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const assignment of assignments) assign(patch, assignment);
  return patch;
}

function assign(settings: Record<string, unknown>, assignment: string): void {
  const equals = assignment.indexOf('=');
  if (equals < 1)
    throw new SettingsError(`--set ${assignment}: expected path=value, such as training.margin=-0.2`);
  const path = assignment.slice(0, equals).split('.');
  const last = path.pop() as string;
  let inner = settings;
  for (const step of path) {
    const known = entryOf(inner, step);
    const next = typeof known === 'object' && known !== null ? known : {};
    define(inner, step, next);
    inner = next as Record<string, unknown>;
  }
  define(inner, last, jsonOrText(assignment.slice(equals + 1)));
}

/** An entry of the object's own, whatever its name: an assignment to `__proto__` would change what it inherits. */
function define(record: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
