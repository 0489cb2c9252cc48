/** Specifications of rounds for tests of what their sums mean. */
import { roundGrid } from '../../../../shared/privacy/fixed-point.ts';
import type { GateRound, TrainRound } from '../../../../shared/protocol/rounds.ts';
import { START_PARAMETERS } from '../../../../shared/protocol/serving-parameters.ts';

const state = { key: 'k', hash: 'a'.repeat(64), bytes: 0, parts: 0 };
const common = (dimension: number, clipNorm: number) => ({
  id: 'r.1',
  collection: 'help',
  sample: { kind: 'all' as const },
  dimension,
  clipNorm,
  startedAt: 0,
  from: -1,
  serial: 1,
  gridStep: roundGrid(dimension, clipNorm).step,
  bits: 32,
  noiseMultiplier: 0,
  cohort: { members: 3, threshold: 3, colluders: 0 },
  aggregation: 'secure' as const,
  lineage: 'first',
  rowsAt: 0,
});

/** A gate that tries other weights of words, two of each version. */
export function gateSpec(more: Partial<GateRound> = {}): GateRound {
  const states = { candidate: state, serving: state, baseline: state };
  const present = { candidate: START_PARAMETERS, serving: START_PARAMETERS, baseline: START_PARAMETERS };
  const tried = (['candidate', 'serving'] as const).flatMap((of) =>
    [0.7, 1].map((words) => ({
      of,
      unasked: false,
      everyone: false,
      untrained: false,
      parameters: { ...START_PARAMETERS, words },
    })),
  );
  const asked = { words: null, parameters: present, tried };
  return { ...common(8, 2), ...states, ...asked, kind: 'gate', adapter: { kind: 'none' }, ...more };
}

export function trainSpec(more: Partial<TrainRound> = {}): TrainRound {
  return {
    ...common(103, 1),
    kind: 'train',
    train: 'head',
    adapter: { kind: 'none' },
    batch: null,
    state,
    rows: state,
    activeRows: 4,
    fixed: state,
    margin: 0,
    directions: null,
    temperature: 20,
    tokenDropout: 0,
    gradientNorm: 1,
    local: null,
    statScale: 1,
    adaptiveClip: false,
    ...more,
  };
}
