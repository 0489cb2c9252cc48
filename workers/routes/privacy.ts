/** GET /privacy: what a collection promises, what is spent of it, and what the next run would cost. */
import { createRoute, z } from '@hono/zod-openapi';
import type { PrivacyInfo } from '../../shared/protocol/objects.ts';
import { json, NoQuery, problems, router } from '../router.ts';

const Charge = z.strictObject({
  kind: z.string(),
  rounds: z.int(),
  sampling_rate: z.number(),
  noise_multiplier: z.number(),
  last_at: z.number(),
});
const Privacy = z
  .strictObject({
    /** `plain`: the coordinator sees every region's vector. */
    aggregation: z.enum(['secure', 'plain']),
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
    /** The noise charged is what so many of the members add; usually all do. */
    honest: z.int(),
    members: z.int(),
    next_run: z.strictObject({ epsilon: z.number(), fits: z.boolean(), noise_multiplier: z.number() }),
    charges: z.array(Charge),
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

function shown(info: PrivacyInfo): z.infer<typeof Privacy> {
  const { retentionDays, epsilonRdp, epsilonPld, nextRun, charges, ...rest } = info;
  return {
    ...rest,
    retention_days: retentionDays,
    epsilon_rdp: epsilonRdp,
    epsilon_pld: epsilonPld,
    next_run: { epsilon: nextRun.epsilon, fits: nextRun.fits, noise_multiplier: nextRun.noiseMultiplier },
    charges: charges.map(({ samplingRate, noiseMultiplier, lastAt, kind, rounds }) => ({
      kind,
      rounds,
      sampling_rate: samplingRate,
      noise_multiplier: noiseMultiplier,
      last_at: lastAt,
    })),
  };
}

export function privacyRoutes() {
  return router().openapi(route, async (c) => {
    const { services, collection } = c.var;
    return c.json(shown(await services.coordinator(collection).privacy()), 200);
  });
}
