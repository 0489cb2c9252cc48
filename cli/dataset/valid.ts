/**
 * A value of a file against a schema of the API. What the service would refuse in the middle of an upload is refused
 * here, with file, line, field, the limit and what was given.
 */
import type { z } from 'zod';
import { DatasetError } from './dataset-error.ts';

type Issue = z.core.$ZodIssue;

/** Longer values are not repeated: they may be somebody's query. */
const SHOWN_CHARACTERS = 40;

/** @param field of a value that is not an object. @throws DatasetError for the first thing that is wrong */
export function valid<T>(
  schema: z.ZodType<T>,
  value: unknown,
  file: string,
  line: number | null,
  field: string | null = null,
): T {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0] as Issue;
  const path = issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue.path.join('.');
  throw new DatasetError(file, line, path || field, sentence(issue));
}

function sentence(issue: Issue): string {
  if (issue.code === 'invalid_key') return `as a name: ${issue.issues.map(sentence).join(', ')}`;
  const got = `got ${shown(issue.input)}`;
  if (issue.code === 'invalid_value') return `expected one of ${issue.values.join(', ')}, ${got}`;
  if (issue.code === 'invalid_format') return `${issue.message}, ${got}`;
  if (typeof issue.input !== 'string') return issue.message;
  if (issue.code === 'too_big') return `at most ${issue.maximum} characters, got ${issue.input.length}`;
  if (issue.code === 'too_small') return `at least ${issue.minimum} characters, got ${issue.input.length}`;
  return issue.message;
}

function shown(value: unknown): string {
  if (typeof value !== 'string') return typeof value;
  return value.length <= SHOWN_CHARACTERS ? JSON.stringify(value) : `${value.length} characters`;
}
