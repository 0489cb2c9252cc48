import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, MAX_PARTS, shapeProblem } from '../../../../workers/middleware/json-shape.ts';

const problem = (text: string) => shapeProblem(new TextEncoder().encode(text));

describe('the shape of a JSON text', () => {
  it('may be as deep and as long as the limits say, and no more', () => {
    expect(problem('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH))).toBeNull();
    expect(problem('['.repeat(MAX_DEPTH + 1))).toContain(`${MAX_DEPTH}`);
    expect(problem(`[${'0,'.repeat(MAX_PARTS - 1)}0]`)).toBeNull();
    expect(problem(`[${'0,'.repeat(MAX_PARTS)}0]`)).toContain(`${MAX_PARTS}`);
    expect(problem(`[${'[],'.repeat(MAX_PARTS)}[]]`)).toContain(`${MAX_PARTS}`);
  });

  it('does not count what stands in strings', () => {
    expect(problem(JSON.stringify({ text: '[{,'.repeat(MAX_PARTS) }))).toBeNull();
    expect(problem(JSON.stringify({ text: '\\"[{,'.repeat(MAX_PARTS) }))).toBeNull();
    expect(problem(`["\\\\",${'[],'.repeat(MAX_PARTS)}[]]`)).not.toBeNull();
  });

  it('counts siblings once: depth goes down again', () => {
    expect(problem(`[${'[[]],'.repeat(1000)}[]]`)).toBeNull();
  });
});
