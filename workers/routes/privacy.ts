/** GET /privacy: what a collection promises, what is spent of it, and what the next run would cost. */
import { createRoute, z } from '@hono/zod-openapi';
import type { PrivacyInfo, ScheduleInfo } from '../../shared/protocol/objects.ts';
import { json, NoQuery, problems, router } from '../router.ts';
import { Schedule, shownSchedule } from '../schedule.ts';

const Charge = z.strictObject({
  kind: z.string(),
  rounds: z.int(),
  sampling_rate: z.number(),
  noise_multiplier: z.number(),
  last_at: z.number(),
});
export const Privacy = z
  .strictObject({
    /** `plain`: the coordinator sees every region's vector. */
    aggregation: z.enum(['secure', 'plain']),
    /** Who shares secrets with whom, and against which coordinator the sums are secret. Null where they are not. */
    graph: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('complete'), security: z.literal('malicious-server') }),
        z.strictObject({
          kind: z.literal('k-regular'),
          security: z.literal('semi-honest'),
          /** k: with how many others each member shares its secrets. */
          degree: z.int(),
          /** So many shares restore a secret. */
          share_threshold: z.int(),
        }),
      ])
      .nullable(),
    /** `off`: nothing is promised. */
    noise: z.enum(['on', 'off']),
    unit: z.enum(['record', 'contributor']),
    delta: z.number(),
    /** ε that every window as long as the retention time is promised. */
    budget: z.number(),
    retention_days: z.number(),
    /** ε spent by the ledger's own accounting; then as a fixed schedule, by RDP and by the loss distribution. */
    epsilon: z.number(),
    epsilon_rdp: z.number(),
    epsilon_pld: z.number(),
    left: z.number(),
    /** So many of the members are sure to be honest and in every sum: threshold minus colluders. */
    honest: z.int(),
    members: z.int(),
    next_run: z.strictObject({
      /** ε after it. */
      epsilon: z.number(),
      fits: z.boolean(),
      noise_multiplier: z.number(),
      /** Runs like it that the budget has room for now; 100 stands for 100 or more. */
      runs_left: z.int(),
    }),
    charges: z.array(Charge),
    schedule: Schedule,
  })
  .openapi('Privacy');

const route = createRoute({
  method: 'get',
  path: '/privacy',
  summary: 'Privacy promised, spent and left',
  tags: ['privacy'],
  request: { query: NoQuery },
  responses: { 200: json(Privacy, 'The ledger’s account'), ...problems },
});

function shown(info: PrivacyInfo, schedule: ScheduleInfo): z.infer<typeof Privacy> {
  const { retentionDays, epsilonRdp, epsilonPld, nextRun, charges, graph, ...rest } = info;
  return {
    ...rest,
    graph: shownGraph(graph),
    retention_days: retentionDays,
    epsilon_rdp: epsilonRdp,
    epsilon_pld: epsilonPld,
    next_run: {
      epsilon: nextRun.epsilon,
      fits: nextRun.fits,
      noise_multiplier: nextRun.noiseMultiplier,
      runs_left: nextRun.runsLeft,
    },
    schedule: shownSchedule(schedule),
    charges: charges.map(({ samplingRate, noiseMultiplier, lastAt, kind, rounds }) => ({
      kind,
      rounds,
      sampling_rate: samplingRate,
      noise_multiplier: noiseMultiplier,
      last_at: lastAt,
    })),
  };
}

function shownGraph(graph: PrivacyInfo['graph']): z.infer<typeof Privacy>['graph'] {
  if (graph?.kind !== 'k-regular') return graph;
  const { shareThreshold, ...rest } = graph;
  return { ...rest, share_threshold: shareThreshold };
}

export function privacyRoutes() {
  return router().openapi(route, async (c) => {
    const coordinator = c.var.services.coordinator(c.var.collection);
    const [info, schedule] = await Promise.all([coordinator.privacy(), coordinator.schedule()]);
    return c.json(shown(info, schedule), 200);
  });
}
