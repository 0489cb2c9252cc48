import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { jsonProblem } from '../../../../shared/protocol/json-value.ts';

const RESERVED =
  '__proto__ cannot be the name of a field: many readers of JSON take it for what an object inherits, and lose it';

describe('what JSON can say and nobody should', () => {
  it.each([
    ['"a\\ud800b"', [], 'half a surrogate pair at character 1'],
    [
      '{"items":[{"text":"x"},{"text":"😀\\udc00"}]}',
      ['items', 1, 'text'],
      'half a surrogate pair at character 2',
    ],
    ['{"metadata":{"a\\udfff":1}}', ['metadata', 'a\ufffd'], 'the name has half a surrogate pair'],
    ['{"metadata":{"\\u005f_proto__":1}}', ['metadata', '__proto__'], RESERVED],
    ['[[{"__proto__":{}}]]', [0, 0, '__proto__'], RESERVED],
  ])('%s', (text, path, detail) => {
    expect(jsonProblem(JSON.parse(text))).toEqual({ path, detail });
  });

  it('is nothing else, whatever its name', () => {
    const value = {
      constructor: 'toString',
      text: 'what is "__proto__"?',
      pair: '😀',
      none: null,
      list: [1, true],
    };
    expect(jsonProblem(value)).toBeNull();
  });

  test.prop([fc.string({ unit: 'binary' })])('is found wherever a text cannot be encoded', (text) => {
    expect(jsonProblem([{ text }]) === null).toBe(text.isWellFormed());
  });
});
