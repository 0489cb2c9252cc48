/** A region's work as a part of the round's trace: one span for each step of the participant's. */
import { roundRoot } from '../../shared/trace/span.ts';
import { collectingSpans, inSpan, type TraceHost, tracesFrom } from '../tracing.ts';
import type { Shard } from './shard.ts';

export async function tracedWork<T>(
  host: TraceHost,
  { shard, name }: { shard: Shard; name: string },
  step: () => Promise<T>,
): Promise<T> {
  if (!tracesFrom(host.env)) return await step();
  const job = shard.job();
  // Where nothing is under way the step asks for work: what it asks for is not known yet.
  if (job === null) return await step();
  const { collection, id } = job.spec;
  const attributes = { 'fedcar.object': 'Region', 'fedcar.participant': name };
  return await collectingSpans(host, () =>
    inSpan(job.phase, { parent: roundRoot(collection, id), attributes }, step),
  );
}
