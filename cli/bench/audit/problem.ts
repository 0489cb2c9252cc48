/**
 * What an audit trains on: a handful of documents and logged questions, and one more event, the canary, whose presence
 * an attacker tries to tell. It says that a question is answered by the document that fits it least: no event moves the
 * sum by more.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../../../models/engine.ts';
import { toHex } from '../../../shared/crypto/bytes.ts';
import { digest } from '../../../shared/crypto/hash.ts';
import type { ShardStore } from '../../../shared/participant/shard-store.ts';
import { clipNorms } from '../../../shared/privacy/clipping.ts';
import { roundGrid } from '../../../shared/privacy/fixed-point.ts';
import type { RandomSource } from '../../../shared/privacy/random-source.ts';
import { encodeRows, partCount } from '../../../shared/protocol/parameters.ts';
import type { Sample, StateRef, TrainRound } from '../../../shared/protocol/rounds.ts';
import { CollectionSettings } from '../../../shared/protocol/settings.ts';
import { figuresNorm, figuresOf } from '../../../shared/round/figures.ts';
import { WORD_BITS } from '../../../shared/round/round-ring.ts';
import { FileShard } from '../../participant/file-shard.ts';
import { openQueryLog } from '../../participant/query-log.ts';
import { COLLECTION, type Hub } from './subject.ts';

interface Question {
  query: string;
  item: string;
}

const DOCUMENTS = {
  card: 'How to replace a lost or stolen card',
  fees: 'Fees for transfers to other countries',
  limits: 'Daily limits of withdrawals and payments',
  address: 'Changing your address and your name',
  loan: 'Applying for a loan and paying it back early',
  login: 'Logging in after a forgotten password',
} as const;

const QUESTIONS: readonly Question[] = [
  { query: 'my card was stolen', item: 'card' },
  { query: 'what does a transfer abroad cost', item: 'fees' },
  { query: 'how much cash can I take out in a day', item: 'limits' },
  { query: 'I moved to another street', item: 'address' },
  { query: 'can I pay my loan back sooner', item: 'loan' },
  { query: 'I do not remember my password', item: 'login' },
  { query: 'lost my card on a trip', item: 'card' },
  { query: 'is there a charge for sending money to France', item: 'fees' },
];
const CANARY: Question = { query: 'how do I replace my lost card', item: 'loan' };

/** Nothing of an audit outlives it, so its files lie in memory where the system offers that: they are synced often. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
/** Milliseconds since 1970 of every record and of every round. */
const NOW = 1_000_000;
const CLIP = 1;
const TEMPERATURE = 20;

export interface Problem {
  hub: Hub;
  /** A round on these documents; `serial` tells rounds apart. */
  round(serial: number, sample: Sample, noiseMultiplier: number): TrainRound;
  /** The log with or without the canary, in a folder of its own. */
  shard(canary: boolean, random: RandomSource): ShardStore;
  /** Removes the folders. */
  close(): void;
}

/**
 * @param company whether there are other questions than the canary: where samples are drawn, an attacker who knows
 *   everything else also knows who was drawn, which is as if nobody else were there
 */
export async function makeProblem(engine: Engine, company: boolean): Promise<Problem> {
  const items = Object.keys(DOCUMENTS);
  const { width } = engine.info;
  const head = await engine.embed(Object.values(DOCUMENTS).map((text) => engine.tokenize(text, 'passage')));
  const activeRows = Uint32Array.from(items, (_, row) => row);
  const states = new Map<string, Uint8Array>();
  const keep = async (key: string, bytes: Uint8Array): Promise<StateRef> => {
    states.set(key, bytes);
    const hash = toHex(await digest(bytes.slice()));
    return { key, hash, bytes: bytes.length, parts: partCount(bytes.length) };
  };
  const state = await keep('adapter', new Uint8Array(0));
  const rows = await keep('rows', encodeRows({ activeRows, head }));
  const fixed = await keep('fixed', new Uint8Array(0));
  const norms = clipNorms(CLIP, 0.05);
  const dimension = head.length + figuresOf({ adaptiveClip: false });
  const folders: string[] = [];
  return {
    hub: { items, states },
    round: (serial, sample, noiseMultiplier) => ({
      id: `audit.${serial}`,
      collection: COLLECTION,
      kind: 'train',
      train: 'head',
      adapter: { kind: 'none' },
      ...{ sample, dimension, noiseMultiplier, serial, startedAt: NOW, from: 0, rowsAt: items.length },
      ...{
        clipNorm: norms.total,
        gradientNorm: norms.gradient,
        gridStep: roundGrid(dimension, norms.total).step,
        bits: WORD_BITS,
      },
      statScale: norms.statistics / figuresNorm({ adaptiveClip: false }),
      cohort: { members: 1, threshold: 1, colluders: 0 },
      aggregation: 'plain',
      ...{ lineage: COLLECTION, activeRows: head.length / width },
      ...{
        batch: null,
        state,
        rows,
        fixed,
        margin: 0,
        directions: null,
        temperature: TEMPERATURE,
        tokenDropout: 0,
      },
      ...{ local: null, adaptiveClip: false },
    }),
    shard: (canary, random) => {
      const folder = mkdtempSync(join(FOLDER, 'fedcar-audit-'));
      folders.push(folder);
      const settings = CollectionSettings.parse({});
      const { adapter, privacy, retentionDays } = settings;
      const questions = [...(company ? QUESTIONS : []), ...(canary ? [CANARY] : [])];
      const log = openQueryLog(
        folder,
        questions.map((question) => ({ ...question, relevant: true })),
        {
          terms: { adapter, privacy, heldOutShare: 0, retentionDays },
          key: new Uint8Array(32),
          tokenize: (text) => engine.tokenize(text, 'query'),
          now: NOW,
        },
      );
      const home = { region: COLLECTION, regions: [COLLECTION], key: new Uint8Array(32) };
      const policy = { unit: privacy.unit, recordsPerContributor: 1, home };
      return new FileShard({
        ...{ folder, log, titles: new Map(), policy, retentionMs: retentionDays * 86_400_000, random },
      });
    },
    close: () => {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    },
  };
}
