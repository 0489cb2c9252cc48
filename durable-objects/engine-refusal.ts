/**
 * What a failure of the encoder is to callers. An error loses its class on the way between objects, a refusal arrives
 * as it is: objects return it, and the edge makes one of the errors of its own engine.
 */
import { EngineError } from '../models/session/engine-error.ts';
import { errorText, logLine } from '../shared/log.ts';
import type { Outcome, Refusal } from '../shared/protocol/objects.ts';

/** Null for other errors. The engine's words name files, sizes and hashes of the artifact, never what is embedded. */
export function engineRefusal(error: unknown): Refusal | null {
  if (!(error instanceof EngineError)) return null;
  const refusal: Refusal = { ok: false, code: 'encoder_failed', detail: `The encoder: ${error.message}` };
  // The next call starts a new runtime; an artifact stays as it is until the next deployment.
  const passes = error.code === 'out-of-memory' || error.code === 'runtime';
  return passes ? { ...refusal, retryAfter: 1 } : refusal;
}

/** What `work` makes, or the encoder's refusal, which is logged. @throws whatever else `work` throws */
export async function unlessEngineFails<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await work();
  } catch (error) {
    const refusal = engineRefusal(error);
    if (refusal === null) throw error;
    logLine('encoder_failed', { level: 'error', error: errorText(error) });
    return refusal;
  }
}
