/**
 * The bound that every charge rests on, through the participant itself: with the dither fixed and no noise, one unit more
 * moves the integer vector that leaves by at most Δ = 101·√d grid steps, whatever the unit holds and whatever else is there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditSubject, COLLECTION } from '../../../../cli/bench/audit/subject.ts';
import { FileShard } from '../../../../cli/participant/file-shard.ts';
import type { LoggedQuery } from '../../../../cli/participant/query-log.ts';
import { type Engine, openEngine } from '../../../../models/engine.ts';
import { nodeOrtWasm } from '../../../../models/ort-wasm-node.ts';
import { toHex, utf8 } from '../../../../shared/crypto/bytes.ts';
import { digest } from '../../../../shared/crypto/hash.ts';
import { clipNorms } from '../../../../shared/privacy/clipping.ts';
import { roundGrid } from '../../../../shared/privacy/fixed-point.ts';
import { principalDirections } from '../../../../shared/privacy/principal-directions.ts';
import { encodeFloats, encodeRows, partCount } from '../../../../shared/protocol/parameters.ts';
import type { GateRound, RoundSpec, StateRef, TrainRound } from '../../../../shared/protocol/rounds.ts';
import { START_PARAMETERS } from '../../../../shared/protocol/serving-parameters.ts';
import { adapterSize } from '../../../../shared/protocol/snapshot.ts';
import type { AdapterSettings } from '../../../../shared/protocol/training-settings.ts';
import { figuresNorm, figuresOf } from '../../../../shared/round/figures.ts';
import { GATE_NORM, gateDimension } from '../../../../shared/round/gate-figures.ts';
import { triedSettings } from '../../../../shared/round/serving-choice.ts';
import { COUNT_NORM } from '../../../../shared/round/unit-norms.ts';
import { named, snapshotOf } from '../../../helpers/snapshots.ts';
import { seededNormal, tinyBert } from '../../../helpers/tiny-bert.ts';
import { seededSource } from '../privacy/seeded-source.ts';

const ITEMS = ['card', 'fees', 'limits', 'loan', 'login'];
const NOW = 1000;
const states = new Map<string, Uint8Array>();
const folders: string[] = [];
const engines = new Map<AdapterSettings['kind'], Engine>();

beforeAll(async () => {
  const { source } = await tinyBert();
  const wasm = await nodeOrtWasm();
  for (const adapter of [{ kind: 'none' }, { kind: 'full' }, { kind: 'low-rank', rank: 3 }] as const) {
    engines.set(adapter.kind, await openEngine({ source, wasm, adapter }));
  }
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** What a unit says: questions with the documents that answer them, or do not. */
type Said = { query: string; item: string; relevant?: boolean }[];

const OTHERS: Said[] = [
  [{ query: 'where is my card', item: 'card' }],
  [{ query: 'lost', item: 'fees' }],
  [
    { query: 'how is my card lost ?', item: 'limits' },
    { query: 'how is my card lost ?', item: 'loan', relevant: false },
  ],
];
const UNITS: [name: string, said: Said][] = [
  ['one question', [{ query: 'the lost card', item: 'loan' }]],
  ['a question that another unit asked too', [{ query: 'lost', item: 'login' }]],
  ['a no', [{ query: 'where is the card', item: 'card', relevant: false }]],
  ['an empty question', [{ query: '', item: 'fees' }]],
  ['a question longer than the encoder reads', [{ query: 'where is my card '.repeat(40), item: 'limits' }]],
  [
    'fifty records',
    Array.from({ length: 50 }, (_, i) => ({
      query: `how lost is card ${'abcdefghij'[i % 10]}${'klmno'[i % 5]} ?`,
      item: ITEMS[i % 5]!,
      relevant: i % 3 !== 0,
    })),
  ],
  ['three that agree', ['how', 'is it', 'my card'].map((query) => ({ query, item: 'login' }))],
];

/** The vector that leaves, with every dither the same and everything else as in production. */
async function vectorOf(
  units: readonly Said[],
  spec: RoundSpec,
  unit: 'record' | 'contributor',
  engine: Engine,
  remembers = false,
): Promise<Uint32Array> {
  const folder = mkdtempSync(join(tmpdir(), 'fedcar-sensitivity-'));
  folders.push(folder);
  const log = units.flatMap((said, u) =>
    said.map(({ query, item, relevant = true }, i): LoggedQuery => {
      const ids = engine.tokenize(query, 'query');
      const whose = unit === 'contributor' ? { contributor: `person ${u}` } : {};
      return {
        ...{ n: 100 * u + i, id: `${u}.${i}`, event: `event ${u}`, item, relevant, ids, length: ids.length },
        ...{ place: 7 * u, at: NOW, arrived: NOW, held: spec.kind === 'gate', ...whose },
      };
    }),
  );
  const home = { region: 'subject', regions: ['subject'], key: new Uint8Array(32) };
  const policy = { unit, recordsPerContributor: 8, home };
  const store = new FileShard({
    ...{ folder, log, titles: new Map(), policy, retentionMs: 1e6, random: seededSource(5) },
  });
  // The most that memory could do: it lifts what every question is about.
  Object.assign(store, {
    recalled(record: number) {
      const { item } = log.find(({ n }) => n === record)!;
      const asked = remembers ? [{ item, near: 1 }] : [];
      return { asked, unasked: asked };
    },
  });
  const noise = spec.noiseMultiplier > 0 ? ('on' as const) : ('off' as const);
  const subject = new AuditSubject({
    ...{ hub: { items: ITEMS, states }, store, engine, noise, random: seededSource(9) },
    policy: { epsilon: 1e6, delta: 1e-5, unit: 'record', retentionMs: 1e6, order: 2 },
  });
  return subject.contribution(spec);
}

const common = {
  ...{ id: 'sensitivity.1', collection: COLLECTION, lineage: COLLECTION, serial: 1, startedAt: NOW, from: 0 },
  ...{ rowsAt: ITEMS.length, noiseMultiplier: 0, aggregation: 'plain' as const },
  ...{ cohort: { members: 1, threshold: 1, colluders: 0 }, sample: { kind: 'all' as const } },
};
const gridded = (dimension: number, clipNorm: number) => ({
  ...{ dimension, clipNorm, gridStep: roundGrid(dimension, clipNorm).step, bits: 32 },
});

async function keep(key: string, bytes: Uint8Array): Promise<StateRef> {
  states.set(key, bytes);
  return {
    key,
    hash: toHex(await digest(bytes.slice())),
    bytes: bytes.length,
    parts: partCount(bytes.length),
  };
}

/** A train round on a head whose rows have lengths from a hundredth to a hundred. */
async function trainRound(adapter: AdapterSettings, more: Partial<TrainRound> = {}): Promise<RoundSpec> {
  const { width } = engines.get(adapter.kind)!.info;
  const normal = seededNormal(3);
  const head = Float32Array.from(
    { length: ITEMS.length * width },
    (_, i) => normal() * 10 ** ((Math.floor(i / width) % 5) - 2),
  );
  const weights = Float32Array.from({ length: adapterSize(adapter, width) }, () => normal() / 20);
  const activeRows = Uint32Array.from(ITEMS, (_, row) => row);
  const adaptiveClip = more.adaptiveClip ?? false;
  const norms = clipNorms(0.5, 0.1);
  const headOnly = adapter.kind === 'none';
  const rowsSize = more.train === 'adapter' ? 0 : head.length;
  const dimension = (headOnly ? 0 : weights.length) + rowsSize + figuresOf({ adaptiveClip });
  return {
    ...{ ...common, kind: 'train', train: headOnly ? 'head' : 'adapter-and-head', adapter },
    ...{ ...gridded(dimension, norms.total), gradientNorm: norms.gradient, adaptiveClip },
    statScale: norms.statistics / figuresNorm({ adaptiveClip }),
    batch: null,
    state: await keep('adapter', encodeFloats(weights)),
    rows: await keep('rows', encodeRows({ activeRows, head })),
    fixed: await keep('fixed', new Uint8Array(0)),
    ...{
      activeRows: ITEMS.length,
      margin: 0,
      directions: null,
      temperature: 20,
      tokenDropout: 0,
      local: null,
    },
    ...more,
  };
}

async function gateRound(): Promise<RoundSpec> {
  const { width } = engines.get('none')!.info;
  const ref = async (seed: number): Promise<StateRef> => {
    const normal = seededNormal(seed);
    const rows = ITEMS.map((item) => ({ item, vector: Array.from({ length: width }, normal) }));
    const { bytes, hash } = named(snapshotOf(rows));
    states.set(`snapshot:${hash}`, bytes);
    return { key: `snapshot:${hash}`, hash, bytes: bytes.length, parts: partCount(bytes.length) };
  };
  // What the candidate finds plain search finds too: the most that a unit can say.
  const [candidate, serving, baseline] = [await ref(1), await ref(3), await ref(1)];
  // Many settings push the document that a question is about down, all in the same way: together they are clipped.
  const tried = Array.from({ length: 40 }, (_, i) => ({
    of: 'candidate' as const,
    unasked: true,
    everyone: false,
    untrained: false,
    parameters: { ...START_PARAMETERS, offset: -(i + 1) / 40 },
  }));
  const present = { candidate: START_PARAMETERS, serving: START_PARAMETERS, baseline: START_PARAMETERS };
  return {
    ...{ ...common, kind: 'gate', adapter: { kind: 'none' }, candidate, serving, baseline },
    ...{ words: null, parameters: present, tried },
    ...gridded(gateDimension({ tried }), GATE_NORM),
  };
}

const ROUNDS: [name: string, kind: AdapterSettings['kind'], spec: () => Promise<RoundSpec>][] = [
  ['a head', 'none', () => trainRound({ kind: 'none' })],
  ['a head, with an adapting clip norm', 'none', () => trainRound({ kind: 'none' }, { adaptiveClip: true })],
  [
    'a head along directions',
    'none',
    async () => {
      const { width } = engines.get('none')!.info;
      const spec = (await trainRound({ kind: 'none' })) as TrainRound;
      const found = principalDirections(
        Float32Array.from({ length: 99 * width }, seededNormal(8)),
        width,
        width,
      );
      const dimension = (found.length / width) * ITEMS.length + figuresOf(spec);
      return {
        ...spec,
        ...gridded(dimension, spec.clipNorm),
        directions: await keep('directions', encodeFloats(found)),
      };
    },
  ],
  ['a full adapter and a head', 'full', () => trainRound({ kind: 'full' })],
  ['a low-rank adapter and a head', 'low-rank', () => trainRound({ kind: 'low-rank', rank: 3 })],
  ['a full adapter alone', 'full', () => trainRound({ kind: 'full' }, { train: 'adapter', batch: 4 })],
  [
    'a low-rank adapter alone',
    'low-rank',
    () => trainRound({ kind: 'low-rank', rank: 3 }, { train: 'adapter', batch: 4 }),
  ],
  [
    'the counts',
    'none',
    async () => ({
      ...{ ...common, kind: 'count', ...gridded(ITEMS.length, COUNT_NORM), passages: null },
      manifest: await keep('manifest', utf8(JSON.stringify(ITEMS))),
    }),
  ],
  [
    'the counts of passages',
    'none',
    async () => ({
      ...{ ...common, kind: 'count', ...gridded(ITEMS.length, COUNT_NORM) },
      manifest: await keep('manifest', utf8(JSON.stringify(ITEMS))),
      passages: await keep('passages', new Uint8Array(Uint32Array.from(ITEMS, (_, row) => row).buffer)),
    }),
  ],
  ['the gate', 'none', gateRound],
];

describe.each(['record', 'contributor'] as const)('where the unit is a %s', (unit) => {
  describe.each(ROUNDS)('in a round of %s', (_, kind, specify) => {
    it('one unit moves the vector by at most Δ, and some come near it', async () => {
      const engine = engines.get(kind)!;
      const spec = await specify();
      const limit = roundGrid(spec.dimension, spec.clipNorm).sensitivitySquared;
      const without = await vectorOf(OTHERS, spec, unit, engine);
      let most = 0;
      for (const [name, said] of UNITS) {
        const with_ = await vectorOf([...OTHERS, said], spec, unit, engine);
        // Differences mod 2³², as the nearest integers to zero.
        const squares = with_.reduce((sum, word, i) => sum + ((word - without[i]!) | 0) ** 2, 0);
        expect(squares, name).toBeLessThanOrEqual(limit);
        most = Math.max(most, squares);
      }
      expect(most).toBeGreaterThan(0.8 * limit);
    });
  });
});

describe('a gate that tries what regions remember', () => {
  const many: Said[] = Array.from({ length: 12 }, (_, i) => [
    { query: `how is my ${'abcdefghijkl'[i]} card ?`, item: ITEMS[i % 5]! },
  ]);
  const one: Said = [{ query: 'the lost card', item: 'loan' }];

  /** Squared distance, in grid steps, that one unit moves the sum by which changes what is remembered of all others. */
  async function moved(noiseMultiplier: number): Promise<{ squares: number; limit: number }> {
    const engine = engines.get('none')!;
    const gate = (await gateRound()) as GateRound;
    const present = gate.parameters;
    const tried = triedSettings(present, { words: false, memory: true, everyone: false });
    const { dimension, ...grid } = gridded(gateDimension({ tried }), GATE_NORM);
    const spec: GateRound = { ...gate, ...grid, dimension, tried, noiseMultiplier };
    const vectors = [
      await vectorOf(many, spec, 'record', engine, false),
      await vectorOf([...many, one], spec, 'record', engine, true),
    ] as const;
    const squares = vectors[1].reduce((sum, word, i) => sum + ((word - vectors[0][i]!) | 0) ** 2, 0);
    return { squares, limit: roundGrid(dimension, spec.clipNorm).sensitivitySquared };
  }

  it('asks it without noise alone: one record can change the answers to many questions', async () => {
    const noised = await moved(3);
    expect(noised.squares).toBeLessThanOrEqual(noised.limit);
    // What this is a test of.
    const bare = await moved(0);
    expect(bare.squares).toBeGreaterThan(4 * bare.limit);
  });
});
