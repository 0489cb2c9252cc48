/** One running instance for each state folder: two would open the same databases, each with half of the truth in memory. */
import { join } from 'node:path';
import { lockFileSoon } from './process-lock.ts';
import { StartError } from './start-error.ts';

/** @returns gives the folder back. @throws StartError when another process has it and keeps it */
export async function lockState(folder: string, patienceMs?: number): Promise<() => void> {
  const why = (holder: string) =>
    `${folder} is in use by ${holder}; end that first, or choose another folder with --state`;
  return await lockFileSoon(join(folder, 'running.pid'), (holder) => new StartError(why(holder)), patienceMs);
}
