/**
 * `fedcar bench audit`: an empirical check of the privacy of what a participant sends. The product's participant runs a
 * schedule many times with and without one event; an attacker who knows all else must not prove more than the ledger
 * charges for it, and must prove more as soon as the noise is off. Exits 1 when the claim does not hold.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { openEngine } from '../../../models/engine.ts';
import { fsSource } from '../../../models/fs-source.ts';
import { nodeOrtWasm } from '../../../models/ort-wasm-node.ts';
import { samplingRate } from '../../../shared/privacy/rational.ts';
import { optionsOf } from '../options-of.ts';
import { type Audited, attack, DELTA, type Found } from './attack.ts';

const MODEL = join(dirname(fileURLToPath(import.meta.url)), '../../../models/minilm');
/** Of the bound that is shown, of each schedule. */
const CONFIDENCE = 0.95;
/** Of the verdict: a claim that holds is seldom called false, however often audits are run. */
const VERDICT_CONFIDENCE = 0.999;

/** Schedules, about ε = 2 and ε = 3: less is hard to tell from nothing. */
const SCHEDULES = {
  'every unit in every round': { rounds: 4, rate: samplingRate(1), noiseMultiplier: 3.9 },
  'a sample in every round': { rounds: 10, rate: samplingRate(0.4), noiseMultiplier: 2.5 },
};

interface Audit {
  claimed: number;
  noise_on: Attacked;
  noise_off: Attacked;
  holds: boolean;
}

interface Attacked {
  epsilon_lower_bound: number;
  /** Share of the pairs of runs of which the attacker said right which had the event. */
  told_apart: number;
}

export async function benchAudit(args: string[]): Promise<void> {
  const options = optionsOf<{ trials?: string; small: boolean; json: boolean }>(
    new Command('bench audit')
      .description(
        'What an attacker learns about one event from what a participant sends, against the ε that is charged.',
      )
      .option('--trials <n>', 'pairs of runs, with and without the event (500; 60 with --small)')
      .option('--small', 'fewer runs', false),
    args,
  );
  const trials = Number(options.trials ?? (options.small ? 60 : 500));
  if (!(Number.isInteger(trials) && trials >= 20 && trials <= 1_000_000)) {
    throw new RangeError(`--trials must be an integer from 20 to 1000000, got ${options.trials}`);
  }
  const engine = await openEngine({
    source: fsSource(MODEL),
    wasm: await nodeOrtWasm(),
    adapter: { kind: 'none' },
  });
  const audits: Record<string, Audit> = {};
  for (const [name, schedule] of Object.entries(SCHEDULES)) {
    const audited: Audited = { ...schedule, trials };
    const on = await attack(engine, audited, 'on');
    const off = await attack(engine, audited, 'off');
    const surely = ({ proven }: Found) => proven(1 - VERDICT_CONFIDENCE);
    const holds = surely(on) <= on.claimed && surely(off) > off.claimed;
    audits[name] = { claimed: on.claimed, noise_on: attacked(on), noise_off: attacked(off), holds };
    if (!options.json) console.log(describe(name, audits[name], trials));
  }
  const holds = Object.values(audits).every((audit) => audit.holds);
  if (options.json) {
    const confidence = { confidence: CONFIDENCE, verdict_confidence: VERDICT_CONFIDENCE };
    console.log(JSON.stringify({ delta: DELTA, ...confidence, trials, schedules: audits, holds }));
  }
  if (!holds) process.exitCode = 1;
}

function attacked({ proven, right, pairs }: Found): Attacked {
  return { epsilon_lower_bound: proven(1 - CONFIDENCE), told_apart: right / pairs };
}

function describe(name: string, { claimed, noise_on, noise_off, holds }: Audit, trials: number): string {
  const proven = ({ epsilon_lower_bound, told_apart }: Attacked) =>
    `ε ≥ ${epsilon_lower_bound.toFixed(2)} (${(100 * told_apart).toFixed(1)} % told apart)`;
  return [
    `${name}: ε = ${claimed.toFixed(2)} is charged (δ = ${DELTA})`,
    `  ${trials} pairs of runs with and without one event prove ${proven(noise_on)}, without noise ${proven(noise_off)}`,
    `  ${holds ? 'the claim holds' : 'THE CLAIM DOES NOT HOLD'}`,
  ].join('\n');
}
