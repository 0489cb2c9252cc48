/**
 * A limit on a runtime's WASM memory, and thrift in its growth. WASM memory never shrinks, and the runtime's allocator
 * asks for a fifth more than it needs, then for a tenth, then for a twentieth when the larger step is refused.
 */
const PAGE_BYTES = 65_536;
/** Attempts of one growth; where the need is not known only the last, smallest one is granted. */
const ATTEMPTS = 3;
/** Growth beyond the need, so that small requests do not each grow the memory. */
const SLACK_BYTES = 512 * 1024;

/**
 * Limits the memory that `imports` bring to a module: growth beyond `maximumBytes` is refused. Changes `imports`.
 * Throws a TypeError when there is no memory among them.
 */
export function limitMemory(imports: WebAssembly.Imports, maximumBytes: number): void {
  let needed: number | null = null;
  let memory: WebAssembly.Memory | null = null;
  for (const group of Object.values(imports) as Record<string, unknown>[]) {
    for (const [name, value] of Object.entries(group)) {
      if (value instanceof WebAssembly.Memory) memory = value;
      // The allocator's call for more memory: the only import that grows it, and it is told the size needed.
      else if (typeof value === 'function' && /\.grow\(/.test(value.toString())) {
        group[name] = (bytes: number) => {
          needed = bytes >>> 0;
          try {
            return value(bytes);
          } finally {
            needed = null;
          }
        };
      }
    }
  }
  if (memory === null) throw new TypeError('the module imports no memory');
  limitGrowth(memory, maximumBytes, () => needed);
}

/** Makes `memory.grow` refuse (RangeError) what passes the limit, and grant no more than is needed. */
function limitGrowth(memory: WebAssembly.Memory, maximumBytes: number, need: () => number | null): void {
  const grow = memory.grow.bind(memory);
  let attempt = 0;
  memory.grow = (pages) => {
    const current = memory.buffer.byteLength;
    const needed = need();
    let wanted = current + pages * PAGE_BYTES;
    if (needed !== null)
      wanted = Math.min(wanted, Math.ceil((needed + SLACK_BYTES) / PAGE_BYTES) * PAGE_BYTES);
    else {
      attempt += 1;
      if (attempt < ATTEMPTS) throw new RangeError('a smaller growth is enough');
      attempt = 0;
    }
    if (wanted > maximumBytes) {
      throw new RangeError(`WASM memory of ${wanted} bytes is above the limit of ${maximumBytes}`);
    }
    return grow((wanted - current) / PAGE_BYTES);
  };
}
