/** What JSON can say and nobody should: checked once where it is parsed, so that no text or name needs it again. */

const RESERVED =
  '__proto__ cannot be the name of a field: many readers of JSON take it for what an object inherits, and lose it';

export interface JsonProblem {
  /** Where it is: the fields and places that lead to it. */
  path: (string | number)[];
  detail: string;
}

/**
 * The first string or name in `value` that is not well-formed Unicode (half a surrogate pair is stored as another
 * character than was given), or the first field `__proto__`, over which schemas pass in silence and which readers of JSON lose or take for what an
 * object inherits; null when there is none.
 * @param value of `JSON.parse`
 */
export function jsonProblem(value: unknown): JsonProblem | null {
  if (typeof value === 'string') {
    if (value.isWellFormed()) return null;
    return { path: [], detail: `half a surrogate pair at character ${loneSurrogate(value)}` };
  }
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) {
      const inner = jsonProblem(each);
      if (inner !== null) return { path: [index, ...inner.path], detail: inner.detail };
    }
    return null;
  }
  for (const [name, each] of Object.entries(value)) {
    if (name === '__proto__') return { path: [name], detail: RESERVED };
    if (!name.isWellFormed()) {
      return { path: [name.toWellFormed()], detail: 'the name has half a surrogate pair' };
    }
    const inner = jsonProblem(each);
    if (inner !== null) return { path: [name, ...inner.path], detail: inner.detail };
  }
  return null;
}

function loneSurrogate(text: string): number {
  return text.search(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/);
}
