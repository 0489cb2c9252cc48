/**
 * Runs before each file of the suite. Files share an isolate with its modules and its encoder; each begins without the
 * objects of another, and with a Worker that remembers nothing of them.
 */
import { reset } from 'cloudflare:test';
import type { EvaluatedModules } from 'vite/module-runner';
import { afterAll } from 'vitest';

declare const __vitest_worker__: { evaluatedModules: EvaluatedModules };

/** The one module that holds the Worker's memory: whoever asks the service next makes it anew. */
const ENTRY = new URL('../../workers/index.ts', import.meta.url).pathname;

afterAll(async () => {
  await reset();
  const { evaluatedModules } = __vitest_worker__;
  for (const module of evaluatedModules.getModulesByFile(ENTRY) ?? [])
    evaluatedModules.invalidateModule(module);
});
