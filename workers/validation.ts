/**
 * What zod finds wrong, in words: every entry points at the field and names the limit and the value that was given.
 * Values of long strings are never repeated: they may be somebody's query.
 */
import type { z } from '@hono/zod-openapi';
import type { ProblemField } from '../shared/protocol/api/problem.ts';
import { Problem } from './problem.ts';

type Issue = z.core.$ZodIssue;
type Target = 'json' | 'query' | 'param' | 'header' | 'cookie' | 'form';

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner === null || typeof inner !== 'object' ? undefined : Reflect.get(inner, key)),
    value,
  );
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string')
    return value.length <= 40 ? JSON.stringify(value) : `${value.length} characters`;
  return Array.isArray(value) ? `an array of ${value.length}` : 'an object';
}

function size(issue: { origin: string }, value: unknown): [string, string] {
  if (issue.origin === 'string') return [' characters', String((value as string).length)];
  if (issue.origin === 'array') return [' entries', String((value as unknown[]).length)];
  return ['', shown(value)];
}

function sentence(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return value === undefined ? 'is required' : `has to be ${issue.expected}, not ${shown(value)}`;
    case 'too_big': {
      const [unit, got] = size(issue, value);
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unit}, got ${got}`;
    }
    case 'too_small': {
      const [unit, got] = size(issue, value);
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unit}, got ${got}`;
    }
    case 'invalid_value':
      return `one of ${issue.values.map((v) => JSON.stringify(v)).join(', ')}, got ${shown(value)}`;
    case 'invalid_format':
      return issue.message.startsWith('Invalid')
        ? `is not valid: ${shown(value)}`
        : `${issue.message}; got ${shown(value)}`;
    case 'invalid_key':
      return issue.issues.map((inner) => sentence(inner, issue.path.at(-1))).join(', ');
    default:
      return issue.message;
  }
}

/** The alternative that was meant: one of the kind of value that was given, then the one whose own fields fit best. */
function meant(alternatives: readonly (readonly Issue[])[]): readonly Issue[] {
  const foreign = (issues: readonly Issue[]) =>
    issues.filter(({ code, path }) => code === 'invalid_type' && path.length === 0).length;
  const outer = (issues: readonly Issue[]) => issues.filter((issue) => issue.path.length <= 1).length;
  const worse = (a: readonly Issue[], b: readonly Issue[]) =>
    foreign(a) - foreign(b) || outer(a) - outer(b) || a.length - b.length;
  return [...alternatives].sort(worse)[0] ?? [];
}

/** A JSON pointer into the body, or the place of a parameter. */
export function pointer(target: Target, path: readonly PropertyKey[]): string {
  const steps = path.map((key) => String(key).replaceAll('~', '~0').replaceAll('/', '~1'));
  if (target === 'json') return `#${steps.map((step) => `/${step}`).join('')}`;
  return `/${target === 'param' ? 'path' : target}/${steps.join('/')}`;
}

/** Flattens zod's issues about `value`; at most 20, so that an answer stays small. */
export function fieldsOf(issues: readonly Issue[], value: unknown, target: Target): ProblemField[] {
  const fields: ProblemField[] = [];
  const visit = (issue: Issue, prefix: readonly PropertyKey[]) => {
    const path = [...prefix, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        fields.push({ pointer: pointer(target, [...path, key]), detail: 'is not a known field' });
      }
    } else if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      for (const inner of meant(issue.errors)) visit(inner, path);
    } else {
      fields.push({ pointer: pointer(target, path), detail: sentence(issue, at(value, path)) });
    }
  };
  for (const issue of issues) visit(issue, []);
  return fields.slice(0, 20);
}

/** Hook of every router: a request that does not fit its schema becomes a problem document. */
export function refuseInvalid(
  result:
    | { success: true }
    | { success: false; error: { issues: readonly Issue[] }; data?: unknown; target: Target },
): void {
  if (result.success) return;
  const errors = fieldsOf(result.error.issues, result.data, result.target);
  const detail = errors.map((field) => `${field.pointer}: ${field.detail}`).join('; ');
  throw new Problem('invalid_request', detail, { errors });
}
