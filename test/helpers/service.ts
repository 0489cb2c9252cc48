/** Deployments of tests. The Worker is the same in all of them: a process bundles it once, for all files that it runs. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { type Deployment, type DeploymentOptions, startDeployment } from '../../cli/deployment.ts';
import { bundleWorker, type WorkerModule } from '../../cli/worker-bundle.ts';

let bundled: Promise<WorkerModule[]> | undefined;

/** The project's Worker as it is deployed. */
export function workerModules(): Promise<WorkerModule[]> {
  bundled ??= bundleWorker(mkdtempSync(join(inject('bundles'), 'worker-')));
  return bundled;
}

export async function startService(options: Omit<DeploymentOptions, 'bench'>): Promise<Deployment> {
  return await startDeployment({ ...options, bench: { modules: await workerModules() } });
}
