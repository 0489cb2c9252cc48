/** A hub enrols under many names: nobody's noise but the victim's is real, and the roster's rule of operators sees nothing. */
import { toBase64Url } from '../../shared/crypto/bytes.ts';
import { fingerprint } from '../../shared/crypto/fingerprint.ts';
import { OwnNoise } from '../../shared/participant/own-noise.ts';
import { type RosterLimits, RosterWatch } from '../../shared/participant/roster-watch.ts';
import { roundGrid } from '../../shared/privacy/fixed-point.ts';
import { spent } from '../../shared/privacy/ledger.ts';
import { noiseParts } from '../../shared/privacy/noise-share.ts';
import type { RoundSpec } from '../../shared/protocol/rounds.ts';
import { ROSTER_VERSION, type Roster } from '../../shared/protocol/secagg.ts';
import { attack } from './outcome.ts';

const NAMES = [
  'victim',
  ...Array.from({ length: 99 }, (_, i) => `clinic-${String(i).padStart(2, '0')}`),
].sort();
const keyOf = (name: string) => new Uint8Array(32).fill(NAMES.indexOf(name) + 1);
const ROSTER: Roster = {
  ...{ version: ROSTER_VERSION, collection: 'health', epoch: 3, previous: '0'.repeat(64) },
  members: NAMES.map((id) => ({ id, key: toBase64Url(keyOf(id)), operator: id })),
  ...{ threshold: 67, colluders: 2 },
};
const COHORT = { members: 100, threshold: 67, colluders: 2 };
const POLICY = { epsilon: 2, delta: 1e-5, unit: 'record', retentionMs: 1e9, order: 'gaussian' } as const;
const DIMENSION = 177_408;
const Z = 8;
const grid = roundGrid(DIMENSION, 1);

/** ε of one round for the victim: as it is charged, and as it is when all other noise is known and subtracted. */
function epsilonOf(variance: bigint): string {
  const release = { round: 1, kind: 'counts', atMs: 0, samplingRate: 1, steps: 1 } as const;
  const of = (noiseMultiplier: number) => spent(POLICY, [{ ...release, noiseMultiplier }], 0).epsilon;
  const alone = of(Math.sqrt(Number(variance) / grid.sensitivitySquared));
  return `charged ${of(Z).toFixed(2)}, really ${alone.toFixed(2)}`;
}

attack('ninety-nine names of one operator, no floor', 'charged 0.44, really 5.62', async () => {
  const [kept] = noiseParts(Z, grid, COHORT);
  return epsilonOf(kept.numerator / kept.denominator);
});

attack('the same, where the victim keeps ε = 4 by itself', 'charged 0.44, really 0.85', async () => {
  const own = new OwnNoise(POLICY, 4, { get: () => null, set: () => {} });
  const spec = { noiseMultiplier: Z, dimension: DIMENSION, clipNorm: 1, cohort: COHORT };
  return epsilonOf(own.variance(spec as RoundSpec));
});

async function met(limits: RosterLimits): Promise<string> {
  const told: string[] = [];
  let kept: Roster | null = null;
  const store = {
    get: () => kept,
    set(roster: Roster) {
      kept = roster;
    },
  };
  const watch = new RosterWatch({ self: 'victim', limits, told: store, tell: (line) => told.push(line) });
  const refused = watch.meet(ROSTER);
  const once = told.length;
  watch.meet(ROSTER);
  const prints = NAMES.filter((name) => told.includes(`  + ${name} ${fingerprint(keyOf(name))}`));
  return `${refused ?? 'taken'}; told of ${prints.length}${told.length === once ? '' : ', twice'}`;
}

attack('a roster of them', 'taken; told of 100', () => met({}));
attack(
  'at most 20 members',
  /^roster of epoch 3: 100 members where at most 20 are taken .*told of 100$/,
  () => met({ maxMembers: 20 }),
);
attack('only two that are known', /^roster of epoch 3: clinic-02, .* is not among those taken .*$/, () =>
  met({ only: ['clinic-00', fingerprint(keyOf('clinic-01'))] }),
);
