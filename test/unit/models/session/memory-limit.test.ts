import { describe, expect, it } from 'vitest';
import { limitMemory } from '../../../../models/session/memory-limit.ts';

const PAGE = 65_536;

/** A module's imports with an allocator that grows generously at first, then less so, as Emscripten's does. */
function allocator(initialPages: number, known: boolean) {
  const memory = new WebAssembly.Memory({ initial: initialPages, maximum: 1000 });
  const grow = (bytes: number) => {
    const pages = () => memory.buffer.byteLength / PAGE;
    for (const generosity of [1, 2, 4]) {
      const target = Math.max(Math.ceil(bytes / PAGE), Math.ceil(pages() * (1 + 0.2 / generosity)));
      try {
        memory.grow(target - pages());
        return true;
      } catch {}
    }
    return false;
  };
  // Where the allocator cannot be told from other imports, only the memory itself is watched.
  const hidden = Object.assign((bytes: number) => grow(bytes), { toString: () => 'native' });
  const group: Record<string, unknown> = { memory, allocate: known ? grow : hidden };
  return {
    memory,
    imports: { a: group } as WebAssembly.Imports,
    allocate: (bytes: number) => (group.allocate as typeof grow)(bytes),
  };
}

describe('the limit of a WASM memory', () => {
  it('grants what is needed and half a megabyte more', () => {
    const { memory, imports, allocate } = allocator(100, true);
    limitMemory(imports, 1000 * PAGE);
    expect(allocate(101 * PAGE)).toBe(true);
    expect(memory.buffer.byteLength).toBe(109 * PAGE);
    expect(allocate(150 * PAGE)).toBe(true);
    expect(memory.buffer.byteLength).toBe(150 * PAGE);
  });

  it('grants the smallest attempt where the need is not known', () => {
    const { memory, imports, allocate } = allocator(100, false);
    limitMemory(imports, 1000 * PAGE);
    expect(allocate(101 * PAGE)).toBe(true);
    expect(memory.buffer.byteLength).toBe(105 * PAGE);
  });

  it.each([true, false])('refuses what passes the limit and goes on below it (need known: %s)', (known) => {
    const { memory, imports, allocate } = allocator(100, known);
    limitMemory(imports, 120 * PAGE);
    expect(allocate(150 * PAGE)).toBe(false);
    expect(memory.buffer.byteLength).toBe(100 * PAGE);
    expect(allocate(110 * PAGE)).toBe(true);
  });

  it('says when there is no memory to limit', () => {
    expect(() => limitMemory({ a: {} }, PAGE)).toThrow(TypeError);
  });
});
