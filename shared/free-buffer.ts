/** Large buffers are freed when their use is over: garbage that waits for a collection counts in an isolate of 128 MB. */

/** Frees the memory behind `view`, which nobody may use any more, where the runtime can (ES2024). */
export function freeBuffer({ buffer }: ArrayBufferView): void {
  (buffer as ArrayBuffer & { transfer?: (bytes: number) => ArrayBuffer }).transfer?.(0);
}
