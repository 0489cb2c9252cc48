/** What the next round asks of its participants. */
import { clipNorms } from '../../shared/privacy/clipping.ts';
import { roundGrid } from '../../shared/privacy/fixed-point.ts';
import type { PrivacySettings } from '../../shared/protocol/privacy-settings.ts';
import type { RoundSpec, TrainRound } from '../../shared/protocol/rounds.ts';
import { figuresNorm, figuresOf, statScale } from '../../shared/round/figures.ts';
import { GATE_NORM, gateDimension } from '../../shared/round/gate-figures.ts';
import { rateOf } from '../../shared/round/noise-plan.ts';
import { mostUnits } from '../../shared/round/release-checks.ts';
import {
  displacementRing,
  gradientRing,
  noisedRing,
  type RoundRing,
  WORD_BITS,
} from '../../shared/round/round-ring.ts';
import { movesBefore, type Position, positionOf, sampleOf } from '../../shared/round/run-plan.ts';
import { COUNT_NORM } from '../../shared/round/unit-norms.ts';
import { phaseOf } from './begin-training.ts';
import { specifyGate, specifyOffsets } from './gate-spec.ts';
import type { ActiveRun } from './run-store.ts';
import type { RunnerDeps } from './runner.ts';
import type { TrainingState } from './training-state.ts';

/**
 * Serials only grow, and go by the clock: a coordinator that was put back to a backup goes on above what its
 * participants have joined since.
 */
export function nextSerial(last: number, now: number): number {
  return Math.max(last + 1, now);
}

/** The specification of `run`'s current round; `rowsAt` is fixed by the run's first. */
export async function specifyRound(
  run: ActiveRun,
  deps: RunnerDeps,
  state: TrainingState,
): Promise<RoundSpec> {
  const { collection, now } = deps;
  const secure = deps.secure();
  const common = {
    id: `${run.run}.${run.index}`,
    collection,
    lineage: deps.rows.lineage(),
    rowsAt: run.rowsAt,
    serial: run.serial,
    startedAt: now(),
    from: run.stage === 'census' ? run.censusFrom : run.from,
    noiseMultiplier: 0,
    cohort: secure?.cohort ?? { members: 1, threshold: 1, colluders: 0 },
    aggregation: secure === null ? ('plain' as const) : ('secure' as const),
  };
  const grid = (dimension: number, clipNorm: number) => ({
    dimension,
    clipNorm,
    gridStep: roundGrid(dimension, clipNorm).step,
    bits: WORD_BITS,
  });
  const noise = run.noise;
  if (run.stage === 'census') {
    common.noiseMultiplier = noise?.census ?? 0;
    const nothing = { manifest: null, passages: null };
    return { ...common, kind: 'count', sample: { kind: 'all' }, ...grid(1, COUNT_NORM), ...nothing };
  }
  if (run.stage === 'count') {
    common.noiseMultiplier = noise?.counts ?? 0;
    const { manifest, passages } = run;
    if (manifest == null) throw new RangeError('the run began under an earlier version; start another');
    const places = passages == null ? run.documents : passages.bytes / 4;
    return {
      ...common,
      kind: 'count',
      sample: { kind: 'all' },
      ...grid(Math.max(1, places), COUNT_NORM),
      manifest: { key: `manifest:${run.run}`, ...manifest },
      passages: passages == null ? null : { key: `passages:${run.run}`, ...passages },
    };
  }
  if (run.stage === 'gate' || run.stage === 'offset') {
    const gate = await (run.stage === 'gate' ? specifyGate : specifyOffsets)(run, deps, state);
    common.noiseMultiplier = noise?.gate ?? 0;
    const sized = grid(gateDimension(gate), GATE_NORM);
    return { ...common, ...gate, kind: 'gate', sample: { kind: 'all' }, ...sized };
  }
  common.noiseMultiplier = noise?.train ?? 0;
  return specifyTraining(run, deps, state, common);
}

type Common = Pick<
  RoundSpec,
  | 'id'
  | 'collection'
  | 'lineage'
  | 'rowsAt'
  | 'serial'
  | 'startedAt'
  | 'from'
  | 'noiseMultiplier'
  | 'cohort'
  | 'aggregation'
>;

async function specifyTraining(
  run: ActiveRun,
  deps: RunnerDeps,
  state: TrainingState,
  common: Common,
): Promise<RoundSpec> {
  const { settings, context } = deps;
  const { plan } = run;
  if (plan === null) throw new Error('a train round needs a plan');
  const { training, adapter, privacy } = settings;
  const noised = run.noise === null ? null : privacy.training;
  const position = positionOf(plan, run.trained);
  const phase = phaseOf(settings, plan, run.trained);
  const { train, batch, whole } = plan.phases[position.phase]!;
  const moves = movesBefore(plan, run.trained);
  const keys = { adapter: `adapter:${run.run}.${moves.adapter}`, rows: `rows:${run.run}.${moves.rows}` };
  const refs = await state.refs(keys);
  const adapterLength = refs.adapter.bytes / 4;
  const activeRows = refs.rows.bytes / 4 / (1 + context.model.width);
  const { fixed, directions } = state.constants();
  const headWidth = directions === null ? context.model.width : directions.bytes / 4 / context.model.width;
  const adaptiveClip = noised !== null && noised.adaptiveClip !== null;
  const adapterSize = train === 'head' ? 0 : adapterLength;
  const headSize = train === 'adapter' ? 0 : activeRows * headWidth;
  const dimension = adapterSize + headSize + figuresOf({ adaptiveClip });
  const local = phase.rounds === 'local' ? phase.local : null;
  // Without the encoder a unit costs next to nothing.
  const leastChance = train === 'head' ? 1 : training.leastChance;
  const clip = noised === null ? null : clipNorms(run.clipNorm ?? noised.clipNorm, noised.statisticsShare);
  const gradientNorm = clip?.gradient ?? training.clipNorm;
  const ring = ringOf(run, position, { dimension, gradientNorm, clip, local, ...common });
  return {
    ...common,
    dimension,
    ...ring,
    kind: 'train',
    train,
    // A Poisson sample is as large as its rate says.
    batch: noised === null ? batch : null,
    sample: noised === null ? sampleOf(position, run.seed, leastChance) : poissonOf(privacy),
    adapter,
    state: refs.adapter,
    rows: refs.rows,
    fixed: { key: `fixed:${run.run}${whole ? '.whole' : ''}`, ...fixed },
    margin: noised?.margin ?? training.margin,
    directions: directions === null ? null : { key: `directions:${run.run}`, ...directions },
    activeRows,
    temperature: noised === null ? training.temperature : temperatureAt(noised, position),
    tokenDropout: train === 'head' ? 0 : training.tokenDropout,
    gradientNorm,
    local,
    statScale:
      clip === null
        ? statScale(ring, mostUnitsOf(run, position))
        : clip.statistics / figuresNorm({ adaptiveClip }),
    adaptiveClip,
  };
}

/** The most units that a round may be over: those of its part of a pass, and what varies between deps. */
function mostUnitsOf(run: ActiveRun, { parts }: Position): number {
  const most = run.most ?? mostUnits(run.units, 0);
  return mostUnits(most / parts / 2, 0);
}

function ringOf(
  run: ActiveRun,
  position: Position,
  round: Pick<TrainRound, 'dimension' | 'gradientNorm' | 'local' | 'noiseMultiplier' | 'cohort'> & {
    clip: ReturnType<typeof clipNorms> | null;
  },
): RoundRing {
  const { dimension, gradientNorm, local, noiseMultiplier, cohort, clip } = round;
  const units = mostUnitsOf(run, position);
  if (clip !== null) {
    const extra = Object.values(run.extraNoise ?? {}).reduce((sum, more) => sum + more, 0);
    return noisedRing(dimension, clip.total, units, noiseMultiplier, cohort, extra);
  }
  if (local !== null) return displacementRing(dimension, run.units / position.parts, units, cohort);
  return gradientRing(dimension, gradientNorm, units, cohort);
}

function temperatureAt({ temperature }: PrivacySettings['training'], { step, steps }: Position): number {
  const { first, last } = temperature;
  return steps <= 1 ? last : first + ((last - first) * step) / (steps - 1);
}

function poissonOf(privacy: PrivacySettings): RoundSpec['sample'] {
  const { numerator, denominator } = rateOf(privacy);
  return { kind: 'poisson', numerator, denominator };
}
