/**
 * A round as one trace: its root is told when the round is over, and every step of the coordinator's on the way is a
 * part of it. Regions find the root by the round's name (shared/trace/span.ts).
 */

import type { RoundSpec } from '../../shared/protocol/rounds.ts';
import { roundRoot } from '../../shared/trace/span.ts';
import { clock } from '../clock.ts';
import { collectingSpans, inSpan, record, type TraceHost, tracesFrom } from '../tracing.ts';
import type { ActiveRun, RunStore } from './run-store.ts';

type Open = Pick<ActiveRun, 'run' | 'index' | 'stage'> & { spec: RoundSpec; phase: string };

/** The round that is open, if one is. */
function openOf(runs: RunStore): Open | null {
  const run = runs.active();
  if (run?.spec == null || run.round === null) return null;
  return { ...run, spec: run.spec, phase: run.securePhase ?? run.round.phase };
}

/** @param advance one step of the run */
export async function tracedStep<T>(host: TraceHost, runs: RunStore, advance: () => Promise<T>): Promise<T> {
  if (!tracesFrom(host.env)) return await advance();
  return await collectingSpans(host, async () => {
    const before = openOf(runs);
    if (before === null) return await opening(runs, advance);
    const { spec, stage, phase } = before;
    const parent = roundRoot(spec.collection, spec.id);
    const attributes = { 'fedcar.object': 'Coordinator', 'fedcar.round.phase': phase };
    const done = await inSpan(`advance ${stage}`, { parent, attributes }, advance);
    if (openOf(runs)?.spec.id !== spec.id) tellEnd(runs, before);
    return done;
  });
}

/** The step that opens a round knows its name afterwards. */
async function opening<T>(runs: RunStore, advance: () => Promise<T>): Promise<T> {
  const startMs = Date.now();
  const done = await advance();
  const opened = openOf(runs)?.spec;
  if (opened == null) return done;
  const { traceId, spanId: parentId } = roundRoot(opened.collection, opened.id);
  const { spanId } = roundRoot(opened.collection, `${opened.id}/open`);
  record({
    ...{ traceId, spanId, parentId, sampled: true, kind: 'internal', name: 'open' },
    ...{ startMs, endMs: Date.now(), attributes: { 'fedcar.object': 'Coordinator' }, failed: false },
  });
  return done;
}

/** The root, once all is known of it. */
function tellEnd(runs: RunStore, { run, index, spec }: Open): void {
  const round = runs.get(run)?.rounds.findLast((each) => each.round === index);
  record({
    ...roundRoot(spec.collection, spec.id),
    ...{ parentId: null, kind: 'internal', name: `round ${round?.kind ?? ''}`.trim() },
    startMs: clock.toPlatform(spec.startedAt),
    endMs: Date.now(),
    attributes: {
      'fedcar.collection': spec.collection,
      'fedcar.run': run,
      'fedcar.round': spec.id,
      'fedcar.round.kind': round?.kind ?? '',
    },
    failed: round?.error != null,
  });
}
