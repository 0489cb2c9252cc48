/** What can go wrong inside the engine, as opposed to a caller's mistake (TypeError, RangeError). */

/**
 * - `artifact-missing`, `artifact-hash`, `artifact-invalid`: the model's files cannot be used;
 * - `out-of-memory`: the WASM memory reached its limit; the next call starts a new runtime;
 * - `runtime`: ONNX Runtime refused or trapped; the next call starts a new runtime.
 */
export type EngineErrorCode =
  | 'artifact-missing'
  | 'artifact-hash'
  | 'artifact-invalid'
  | 'out-of-memory'
  | 'runtime';

export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
