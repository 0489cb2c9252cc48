/** Flags of `bench accuracy`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { RetrievalType } from '../evaluation.ts';
import { optionsOf } from './options-of.ts';

export interface AccuracyOptions {
  dataset: string;
  withhold?: string;
  regions?: number;
  rounds?: number;
  seed: number;
  localOnly: boolean;
  /** Plays the log in so many blocks instead of training once. */
  stream?: number;
  /** So many years of `stream` blocks each. */
  years: number;
  /** Undefined: noise off. */
  dpEpsilon?: number;
  set: string[];
  limit?: number;
  /** How the trained version is asked, and what plain search is beside it. */
  retrieval: RetrievalType;
  state?: string;
  json: boolean;
}

export const RETRIEVAL_TYPES = ['vector', 'keyword', 'hybrid'] as const satisfies RetrievalType[];

/** A whole number within limits, or a complaint that names both. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
      throw new InvalidArgumentError(`expected a whole number ${range}.`);
    }
    return value;
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 100)) throw new InvalidArgumentError('expected a number above 0, at most 100.');
  return value;
}

/** @throws CommanderError for a wrong flag, which commander has named on standard error by then */
export function parseAccuracyOptions(args: string[]): AccuracyOptions {
  const command = new Command('bench accuracy')
    .description('Ingest a BEIR folder, train over its regions, evaluate; all through HTTP against workerd.')
    .requiredOption('--dataset <dir>', 'BEIR folder: corpus.jsonl, queries.jsonl, qrels/{train,test}.tsv')
    .option(
      '--withhold <file>',
      'documents whose training queries are left out, one id a line; a file here, or in the data set',
    )
    .option('--regions <n>', 'spread over n regions; 1 is the same training in one place', whole(1, 64))
    .option('--rounds <n>', 'so many train rounds instead of the passes of the settings', whole(1))
    .option('--seed <n>', 'seed of shuffles and starting points', whole(0, 2 ** 32 - 1), 1)
    .option('--dp-epsilon <e>', 'train with noise, within this ε (default: noise off)', positive)
    .option(
      '--stream <blocks>',
      'play the log of a year in so many blocks, as the schedule trains on it, and ask after each',
      whole(2, 366),
    )
    .option('--years <n>', 'with --stream: play it again, a year later by the clock', whole(1, 10), 1)
    .option('--local-only', 'train each region alone on its own queries', false)
    .option(
      '--set <path=value>',
      'a setting of the collection, such as training.phases.0.passes=2; may be repeated',
      (value: string, all: string[]) => [...all, value],
      [],
    )
    .addOption(
      new Option('--retrieval <type>', 'how passages are looked for')
        .choices(RETRIEVAL_TYPES)
        .default('hybrid'),
    )
    .option('--limit <n>', 'evaluate on so many test queries only', whole(1))
    .option('--state <dir>', 'keep the state in this folder instead of a temporary one');
  return optionsOf<AccuracyOptions>(command, args);
}
