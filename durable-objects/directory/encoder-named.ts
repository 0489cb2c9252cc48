/** The encoder that a request names, before anything is made for it. */
import { EngineError } from '../../models/session/engine-error.ts';
import type { Outcome } from '../../shared/protocol/objects.ts';
import { type ModelInfo, modelInfo } from '../engine.ts';
import { unlessEngineFails } from '../engine-refusal.ts';
import type { ObjectsEnv } from '../env.ts';

/** What is in a folder; `null` is the deployment's own, whose absence no request is to blame for. */
export function encoderNamed(env: ObjectsEnv, encoder: string | null): Promise<Outcome<ModelInfo>> {
  return unlessEngineFails(async () => {
    try {
      return { ok: true, value: await modelInfo(env, encoder) };
    } catch (error) {
      const missing = error instanceof EngineError && error.code === 'artifact-missing';
      if (!missing || encoder === null) throw error;
      return { ok: false, code: 'unknown_encoder', detail: `encoder: there is no artifact in ${encoder}` };
    }
  });
}
