/**
 * A limit on a WASM memory, and thrift in its growth. WASM memory never shrinks, and ONNX Runtime's allocator asks
 * for a fifth more than it needs, then for a tenth, then for a twentieth when the larger step is refused.
 */
const PAGE_BYTES = 65_536;
/** Attempts of one growth; only the last, smallest one is granted. */
const ATTEMPTS = 3;

/** Makes `memory.grow` refuse (RangeError) the generous attempts and everything beyond `maximumBytes`. */
export function limitMemory(memory: WebAssembly.Memory, maximumBytes: number): void {
  const grow = memory.grow.bind(memory);
  let attempt = 0;
  memory.grow = (pages) => {
    attempt += 1;
    if (attempt < ATTEMPTS) throw new RangeError('a smaller growth is enough');
    attempt = 0;
    const wanted = memory.buffer.byteLength + pages * PAGE_BYTES;
    if (wanted > maximumBytes) {
      throw new RangeError(`WASM memory of ${wanted} bytes is above the limit of ${maximumBytes}`);
    }
    return grow(pages);
  };
}
