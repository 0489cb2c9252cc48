/** A run whose clip norm follows a quantile of the gradients: its count is paid for by the very charge of its round. */
import { runInDurableObject } from 'cloudflare:test';
import { expect, it } from 'vitest';
import { SumApplier } from '../../durable-objects/coordinator/apply-sum.ts';
import { LedgerStore } from '../../durable-objects/ledger-store.ts';
import type { Region } from '../../durable-objects/region/region.ts';
import { roundGrid } from '../../shared/privacy/fixed-point.ts';
import type { TrainRound } from '../../shared/protocol/rounds.ts';
import { figuresNorm } from '../../shared/round/figures.ts';
import { planNoise } from '../../shared/round/noise-plan.ts';
import {
  collection,
  fewRecords,
  fill,
  finished,
  hubOf,
  hubStub,
  regionOf,
  replaced,
  start,
} from './objects.ts';

const REGIONS = ['east', 'south', 'west'];
const STEPS = 5;
const RATE = 2;

it('follows the norms from far above them, and costs what the run costs without it', async () => {
  const training = {
    steps: STEPS,
    samplingRate: 1,
    // Hardly any noise: ε is out of all proportion, so that the path can be told.
    clipNorm: 1000,
    statisticsShare: 0.5,
    adaptiveClip: { quantile: 0.5, rate: RATE },
    // … and hardly any step: the head stays where it is.
    optimiser: { headRate: 1e-9, kind: 'momentum' },
  };
  const privacy = { epsilon: 100, runEpsilon: 100, training };
  const settings = await collection(
    'adaptive',
    { privacy, gate: { margin: -1, probeTolerance: 1 } },
    REGIONS,
  );
  await fill('adaptive', REGIONS);
  // Of 24 questions a count is off by so much that one run in some hundreds would leave the path.
  await regionOf('adaptive', REGIONS[0]!).addFeedback(fewRecords(8));
  const specs: TrainRound[] = [];
  const release = (original: SumApplier['release']) =>
    async function (this: SumApplier, ...[run, words]: Parameters<SumApplier['release']>) {
      if (run.spec?.kind === 'train') specs.push(run.spec);
      await original.call(this, run, words);
    };
  await replaced(SumApplier.prototype, 'release', release, async () => {
    const run = await finished('adaptive', await start('adaptive'));
    expect(['published', 'rejected'], JSON.stringify(run)).toContain(run.state);
  });
  expect(specs).toHaveLength(STEPS);
  // Nothing is clipped at first: the norm falls by exp(−η(1 − γ)) a round.
  expect(specs[0]?.gradientNorm).toBe(1000);
  expect((specs[1]?.gradientNorm as number) / 1000).toBeCloseTo(Math.exp(-RATE / 2), 1);
  expect((specs[2]?.gradientNorm as number) / 1000).toBeCloseTo(Math.exp(-RATE), 1);
  const norms = specs.map(({ gradientNorm }) => gradientNorm);
  expect(norms.at(-1)).toBeLessThan(25);
  for (const spec of specs) {
    // Every round's grid and norm are its own, and a unit's count fits into them.
    expect(spec.gridStep).toBe(roundGrid(spec.dimension, spec.clipNorm).step);
    const most = Math.hypot(spec.gradientNorm, figuresNorm(spec) * spec.statScale);
    expect(most).toBeLessThanOrEqual(spec.clipNorm * (1 + 1e-9));
    expect(most).toBeGreaterThan(spec.clipNorm * (1 - 1e-9));
    expect(spec.dimension).toBe(spec.activeRows * 384 + 4);
  }
  const entries = await runInDurableObject(
    hubStub('adaptive') as unknown as DurableObjectStub<Region>,
    (_, o) => new LedgerStore(o.storage).entries(),
  );
  const { adaptiveClip: _, ...fixed } = settings.privacy.training;
  const plan = planNoise({ ...settings.privacy, training: { ...fixed, adaptiveClip: null } }, 365);
  const charged = entries.map(({ kind, samplingRate, noiseMultiplier }) => [
    kind,
    samplingRate,
    noiseMultiplier,
  ]);
  expect(charged).toEqual([
    ['counts', 1, plan.counts],
    ...new Array(STEPS).fill(['train', 1, plan.train]),
    ['gate', 1, plan.gate],
  ]);
  const [latest] = await hubOf('adaptive').versions();
  expect(latest?.training).toMatchObject({ noise: 'on', lastClipNorm: norms.at(-1) });
});
