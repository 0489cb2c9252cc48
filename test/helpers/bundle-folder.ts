/** Runs before and after all files: a folder for the bundles of the processes that run them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    bundles: string;
  }
}

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'fedcar-bundles-'));
  project.provide('bundles', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
