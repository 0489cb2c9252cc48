/** A run that this release did not begin: ends it when the object starts, with everything that only the run needed. */
import { RUN_VERSION, UPGRADED } from '../../shared/protocol/run-version.ts';
import { Blobs } from '../sql.ts';
import type { RunStore } from './run-store.ts';
import { SecaggStore } from './secagg-store.ts';
import { RUN_BLOBS } from './training-state.ts';
import { UPLOADS } from './uploads.ts';
import type { Versions } from './versions.ts';

export function endForeignRun(
  storage: DurableObjectStorage,
  { runs, versions }: { runs: RunStore; versions: Versions },
  now: number,
): void {
  // Of what it holds only its name is read: the rest may have any shape.
  const run = runs.active();
  if (run === null || run.version === RUN_VERSION) return;
  const blobs = new Blobs(storage);
  storage.transactionSync(() => {
    versions.discardCandidates();
    runs.abandon(run.run, UPGRADED, now);
    blobs.deletePrefix(UPLOADS);
    blobs.deletePrefix(RUN_BLOBS);
    new SecaggStore(storage).clear();
  });
}
