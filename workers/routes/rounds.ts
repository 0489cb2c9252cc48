/** /rounds: training runs, each a sequence of federated rounds; to watch, to start by hand, to cancel. */
import { createRoute, z } from '@hono/zod-openapi';
import type { RoundInfo, RunInfo } from '../../shared/protocol/objects.ts';
import { Problem, problemOf } from '../problem.ts';
import { json, NoQuery, problems, router } from '../router.ts';
import { Schedule, shownSchedule } from '../schedule.ts';

const Participant = z.strictObject({ phase: z.string(), progress: z.number() });
const Round = z
  .strictObject({
    round: z.int(),
    kind: z.enum(['count', 'train', 'gate']),
    phase: z.string(),
    started_at: z.number(),
    ended_at: z.number().nullable(),
    participants: z.record(z.string(), Participant),
    contributors: z.int(),
    /** Noise multiplier in the sum, at least the one charged; null without noise, and before there is a sum. */
    noise_in_effect: z.number().nullable(),
    /** Before the round's step, over its units; null where not measured. */
    loss: z.number().nullable(),
    accuracy: z.number().nullable(),
    error: z.string().nullable(),
  })
  .openapi('Round');
export const Run = z
  .strictObject({
    run: z.string(),
    state: z.enum(['running', 'published', 'rejected', 'failed', 'cancelled']),
    reason: z.string(),
    started_at: z.number(),
    ended_at: z.number().nullable(),
    finished: z.int(),
    planned: z.int().nullable(),
    version: z.int().nullable(),
    error: z.string().nullable(),
    rounds: z.array(Round),
  })
  .openapi('Run');
export const Runs = z.strictObject({ runs: z.array(Run), schedule: Schedule }).openapi('Runs');
const params = z.object({ run: z.string().min(1).max(64) });
const tags = ['rounds'];

const list = createRoute({
  method: 'get',
  path: '/rounds',
  summary: 'Training runs, newest first, without their rounds; and when the next is due',
  tags,
  request: { query: z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(20) }) },
  responses: { 200: json(Runs, 'Runs'), ...problems },
});

const start = createRoute({
  method: 'post',
  path: '/rounds',
  summary: 'Start a training run now',
  tags,
  request: { query: NoQuery },
  responses: { 202: json(Run, 'The run, under way'), ...problems },
});

const one = createRoute({
  method: 'get',
  path: '/rounds/{run}',
  summary: 'A run with its rounds',
  tags,
  request: { params, query: NoQuery },
  responses: { 200: json(Run, 'The run'), ...problems },
});

const cancel = createRoute({
  method: 'post',
  path: '/rounds/{run}/cancel',
  summary: 'Stop a run; what serves goes on serving',
  tags,
  request: { params, query: NoQuery },
  responses: { 200: json(Run, 'The run, stopped'), ...problems },
});

function shownRound({ startedAt, endedAt, noiseInEffect, ...rest }: RoundInfo): z.infer<typeof Round> {
  // Rounds of earlier versions say nothing of it.
  return { ...rest, started_at: startedAt, ended_at: endedAt, noise_in_effect: noiseInEffect ?? null };
}

function shown({ startedAt, endedAt, rounds, ...rest }: RunInfo): z.infer<typeof Run> {
  const times = { started_at: startedAt, ended_at: endedAt };
  return { ...rest, ...times, rounds: rounds.map(shownRound) };
}

export function roundRoutes() {
  return router()
    .openapi(list, async (c) => {
      const coordinator = c.var.services.coordinator(c.var.collection);
      const [runs, schedule] = await Promise.all([
        coordinator.runs(c.req.valid('query').limit),
        coordinator.schedule(),
      ]);
      return c.json({ runs: runs.map(shown), schedule: shownSchedule(schedule) }, 200);
    })
    .openapi(start, async (c) => {
      const outcome = await c.var.services.coordinator(c.var.collection).start('by hand');
      if (!outcome.ok) throw problemOf(outcome);
      return c.json(shown(outcome.value), 202);
    })
    .openapi(one, async (c) => {
      const { run } = c.req.valid('param');
      const found = await c.var.services.coordinator(c.var.collection).run(run);
      if (!found) throw new Problem('unknown_run', `There is no run ${JSON.stringify(run)}`);
      return c.json(shown(found), 200);
    })
    .openapi(cancel, async (c) => {
      const outcome = await c.var.services.coordinator(c.var.collection).cancel(c.req.valid('param').run);
      if (!outcome.ok) throw problemOf(outcome);
      return c.json(shown(outcome.value), 200);
    });
}
