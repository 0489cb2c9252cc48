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
/** Of the whole audit, over its two schedules. */
const CONFIDENCE = 0.95;
const MISS = (1 - CONFIDENCE) / 2;

/** Schedules, about ε = 2 and ε = 1. */
const SCHEDULES = {
  'every unit in every round': { rounds: 4, rate: samplingRate(1), noiseMultiplier: 3.9 },
  'a sample in every round': { rounds: 10, rate: samplingRate(0.1), noiseMultiplier: 2.2 },
};

interface Audit {
  claimed: number;
  noise_on: Attacked;
  noise_off: Attacked;
  holds: boolean;
}

interface Attacked {
  epsilon_lower_bound: number;
  true_positive_rate: number;
  false_positive_rate: number;
}

export async function benchAudit(args: string[]): Promise<void> {
  const options = optionsOf<{ trials?: string; small: boolean; json: boolean }>(
    new Command('bench audit')
      .description(
        'What an attacker learns about one event from what a participant sends, against the ε that is charged.',
      )
      .option('--trials <n>', 'runs in each world (500; 60 with --small)')
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
    const audited: Audited = { ...schedule, trials, miss: MISS };
    const on = await attack(engine, audited, 'on');
    const off = await attack(engine, audited, 'off');
    const holds = on.epsilon <= on.claimed && off.epsilon > off.claimed;
    audits[name] = { claimed: on.claimed, noise_on: attacked(on), noise_off: attacked(off), holds };
    if (!options.json) console.log(describe(name, audits[name], trials));
  }
  const holds = Object.values(audits).every((audit) => audit.holds);
  if (options.json) {
    console.log(JSON.stringify({ delta: DELTA, confidence: CONFIDENCE, trials, schedules: audits, holds }));
  }
  if (!holds) process.exitCode = 1;
}

function attacked({ epsilon, truePositiveRate, falsePositiveRate }: Found): Attacked {
  return {
    epsilon_lower_bound: epsilon,
    true_positive_rate: truePositiveRate,
    false_positive_rate: falsePositiveRate,
  };
}

function describe(name: string, { claimed, noise_on, noise_off, holds }: Audit, trials: number): string {
  const proven = ({ epsilon_lower_bound }: Attacked) => `ε ≥ ${epsilon_lower_bound.toFixed(2)}`;
  return [
    `${name}: ε = ${claimed.toFixed(2)} is charged (δ = ${DELTA})`,
    `  ${trials} runs with and without one event prove ${proven(noise_on)}, without noise ${proven(noise_off)}`,
    `  ${holds ? 'the claim holds' : 'THE CLAIM DOES NOT HOLD'}`,
  ].join('\n');
}
