/** The figures of one training for `bench accuracy`: of all regions together, or of one of several that train alone. */
import type { Trained } from './accuracy.ts';
import { criticalPathS } from './critical-path.ts';

/**
 * `rounds` are train rounds, those that `--rounds` asks for and `curve` has; `rounds_in_all` has the counting round and
 * the gate as well. `epsilon` is null without noise.
 */
export function runFigures(trained: Trained) {
  const { run, units, version, settings } = trained;
  const path = criticalPathS(run, units);
  const curve = run.rounds
    .filter((one) => one.kind === 'train')
    .map(({ round, loss, accuracy }) => ({ round, loss, top1: accuracy }));
  return {
    rounds: curve.length,
    rounds_in_all: run.finished,
    critical_path_s: path === null ? null : roundTenths(path),
    ...privacyFigures(trained),
    state: run.state,
    held_out: version.held_out,
    probe: version.probe,
    rows: version.rows,
    active_rows: version.active_rows,
    snapshot_bytes: version.bytes,
    curve,
    settings,
  };
}

type RunFigures = ReturnType<typeof runFigures>;

/**
 * What several trainings have in common: the longest critical path, as they need not wait for each other, and the largest
 * ε, as each query trains in one region only. Everything else is a single run's, and null.
 */
export function figuresOfAll(trained: readonly Trained[]) {
  const runs = trained.map(runFigures);
  const names = Object.keys(runs[0] as RunFigures);
  const largest = (name: 'critical_path_s' | 'epsilon' | 'epsilon_pld'): number | null => {
    const values = runs.flatMap((run) => run[name] ?? []);
    return values.length === 0 ? null : Math.max(...values);
  };
  return {
    ...(Object.fromEntries(names.map((name) => [name, null])) as { [name in keyof RunFigures]: null }),
    critical_path_s: largest('critical_path_s'),
    epsilon: largest('epsilon'),
    epsilon_pld: largest('epsilon_pld'),
  };
}

/** ε as charged, and the noise multiplier of the steps: charged, and the mean of what was in effect. */
function privacyFigures({ privacy, run }: Trained) {
  if (privacy.noise === 'off') return { epsilon: null, epsilon_pld: null, noise: null };
  const { epsilon, epsilon_pld, charges } = privacy;
  const train = charges.find(({ kind }) => kind === 'train');
  const charged = train?.noise_multiplier ?? null;
  const multipliers = run.rounds.flatMap(({ kind, noise_in_effect: inEffect }) =>
    kind === 'train' && inEffect !== null ? [inEffect] : [],
  );
  const inEffect = multipliers.length === 0 ? null : mean(multipliers);
  return { epsilon, epsilon_pld, noise: { charged, in_effect: inEffect } };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function roundTenths(value: number): number {
  return Math.round(value * 10) / 10;
}
