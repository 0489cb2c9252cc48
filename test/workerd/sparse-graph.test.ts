/** A roster larger than the size up to which all share secrets with all: a k-regular round, and that everyone says so. */
import { describe, expect, it } from 'vitest';
import { SecureSum } from '../../durable-objects/coordinator/secure-sum.ts';
import { CoordinatorWiring } from '../../durable-objects/coordinator/wiring.ts';
import { Region } from '../../durable-objects/region/region.ts';
import { Values } from '../../durable-objects/values.ts';
import type { AggregationGraph } from '../../shared/protocol/secagg.ts';
import { collection, finished, hubOf, replaced, start } from './objects.ts';

const REGIONS = Array.from({ length: 12 }, (_, i) => `r${String(i).padStart(2, '0')}`);
const settings = {
  schedule: { everyHours: 0, secureDeadlineMs: 20_000 },
  privacy: { completeUpTo: 8, noise: 'off' },
};
const SPARSE = { kind: 'k-regular', security: 'semi-honest', degree: 6, shareThreshold: 2 };

/** A run without documents ends after its counting round, which needs none. */
async function graphsOf(name: string): Promise<AggregationGraph[]> {
  const seen: AggregationGraph[] = [];
  const sum = (original: SecureSum['sum']) =>
    function (this: SecureSum, ...[round, dimension]: Parameters<SecureSum['sum']>) {
      const graph = this.state(round)?.parameters.graph;
      if (graph !== undefined) seen.push(graph);
      return original.call(this, round, dimension);
    };
  await replaced(SecureSum.prototype, 'sum', sum, async () => {
    const run = await finished(name, await start(name));
    expect(run.error).toContain('0 documents have');
  });
  return seen;
}

describe('a large roster', () => {
  it('shares secrets with k others each, and /v1/privacy says against whom that holds', async () => {
    await collection('sparse', settings, REGIONS);
    const { shareThreshold, ...shown } = SPARSE;
    const graph = { ...shown, share_threshold: shareThreshold };
    expect((await hubOf('sparse').privacy()).graph).toEqual(graph);
    const graphs = await graphsOf('sparse');
    expect(graphs).toMatchObject([SPARSE]);
    await collection('few', settings, REGIONS.slice(0, 3));
    expect((await hubOf('few').privacy()).graph).toEqual({ kind: 'complete', security: 'malicious-server' });
    await collection('alone', settings, REGIONS.slice(0, 1));
    expect((await hubOf('alone').privacy()).graph).toBeNull();
  });

  // Waits for deadlines: with FEDCAR_FULL=1 only.
  it.runIf(process.env.FEDCAR_FULL === '1')('does without members that never answer', async () => {
    const gone = new Set(['r02', 'r07']);
    const nameOf = (region: Region) =>
      new Values((region as unknown as { ctx: DurableObjectState }).ctx.storage).get<{ name: string }>(
        'identity',
      )?.name ?? '';
    const alarm = (original: Region['alarm']) =>
      async function (this: Region) {
        if (!gone.has(nameOf(this))) await original.call(this);
      };
    const wake = (original: Region['wake']) =>
      async function (this: Region) {
        if (gone.has(nameOf(this))) throw new Error('away');
        await original.call(this);
      };
    await replaced(Region.prototype, 'wake', wake, () =>
      replaced(Region.prototype, 'alarm', alarm, async () => {
        expect(await graphsOf('sparse')).toMatchObject([SPARSE]);
      }),
    );
  });

  it('is served by no coordinator that would have it otherwise', async () => {
    // The same collection in a coordinator whose setting was changed behind the participants' backs.
    await collection('told', { ...settings, schedule: { everyHours: 0, secureDeadlineMs: 1_000 } }, REGIONS);
    const changed = (original: CoordinatorWiring['settings']) =>
      function (this: CoordinatorWiring) {
        const own = original.call(this);
        return { ...own, privacy: { ...own.privacy, completeUpTo: 100 } };
      };
    await replaced(CoordinatorWiring.prototype, 'settings', changed, async () => {
      const run = await finished('told', await start('told'));
      expect(run).toMatchObject({
        state: 'failed',
        error: expect.stringMatching(
          /3 times: advertise: 0 of at least 9; r\d\d: what it was told of the secure sum does not fit$/,
        ),
      });
    });
  });
});
