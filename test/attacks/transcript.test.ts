/**
 * What a coordinator sees of a participant beside noised vectors: two shards that differ in one event lead to the same
 * messages and the same requests, in the same order, over RPC and over HTTP. All kinds of rounds are played.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { FileShard } from '../../cli/participant/file-shard.ts';
import { openQueryLog } from '../../cli/participant/query-log.ts';
import { RoundLogFile } from '../../cli/participant/round-log-file.ts';
import { type Engine, openEngine } from '../../models/engine.ts';
import { nodeOrtWasm } from '../../models/ort-wasm-node.ts';
import { toHex, utf8 } from '../../shared/crypto/bytes.ts';
import { generateSigner, type Signer } from '../../shared/crypto/ed25519.ts';
import { sha256 } from '../../shared/crypto/hash.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import { buildPostings } from '../../shared/index/postings.ts';
import { countWords } from '../../shared/index/words.ts';
import type { CoordinatorPort, Hub } from '../../shared/participant/coordinator-port.ts';
import { httpPort } from '../../shared/participant/http-port.ts';
import { openParticipant } from '../../shared/participant/open.ts';
import type { Joined } from '../../shared/participant/round-guard.ts';
import { roundGrid } from '../../shared/privacy/fixed-point.ts';
import type { LedgerEntry } from '../../shared/privacy/ledger.ts';
import { cryptoSource } from '../../shared/privacy/random-source.ts';
import type { FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import { encodeRows } from '../../shared/protocol/parameters.ts';
import type { RoundSpec, RowEntry, StateRef } from '../../shared/protocol/rounds.ts';
import { START_PARAMETERS } from '../../shared/protocol/serving-parameters.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { GATE_NORM, gateDimension } from '../../shared/round/gate-figures.ts';
import { triedSettings } from '../../shared/round/serving-choice.ts';
import { COUNT_NORM } from '../../shared/round/unit-norms.ts';
import { createApp } from '../../workers/app.ts';
import { memoryServices } from '../helpers/memory-services.ts';
import { named, snapshotOf } from '../helpers/snapshots.ts';
import { seededNormal, tinyBert } from '../helpers/tiny-bert.ts';
import { attack } from './outcome.ts';

const NAME = 'clinic';
const WIDTH = 24;
const NOW = 1_000_000;
/** Passages of each document. */
const DOCUMENTS = { card: 3, day: 1, lost: 2, other: 1 };
const TABLE = Object.entries(DOCUMENTS)
  .flatMap(([item, passages]) => Array.from({ length: passages }, (_, ordinal) => ({ item, ordinal })))
  .map((place, row): RowEntry => ({ ...place, row, region: 'east', removed: false, changedAt: row + 1 }));
const normals = (seed: number, length: number) => Float32Array.from({ length }, seededNormal(seed));
const PASSAGES = normals(5, TABLE.length * WIDTH);
/** Rows of the documents that learn. */
const ACTIVE = TABLE.flatMap(({ row, item }) => (item === 'other' ? [] : [row]));

const states = new Map<string, Uint8Array>();
function ref(key: string, bytes: Uint8Array): StateRef {
  states.set(key, bytes);
  return { key, hash: toHex(sha256(bytes)), bytes: bytes.length, parts: bytes.length === 0 ? 0 : 1 };
}

function rounds(): RoundSpec[] {
  const common = (index: number, dimension: number, clipNorm: number) => ({
    ...{ id: `run.${index}`, collection: 'c', serial: index + 1, startedAt: NOW, from: 0, lineage: 'first' },
    ...{ rowsAt: TABLE.length, dimension, clipNorm, gridStep: roundGrid(dimension, clipNorm).step, bits: 32 },
    ...{ noiseMultiplier: 2, cohort: { members: 1, threshold: 1, colluders: 0 } },
    aggregation: 'plain' as const,
  });
  const all = { kind: 'all' as const };
  const manifest = ref('manifest:run', utf8(JSON.stringify(Object.keys(DOCUMENTS))));
  const passages = ref('passages:run', new Uint8Array(Uint32Array.from(ACTIVE).buffer));
  const head = normals(6, ACTIVE.length * WIDTH);
  const rows = TABLE.map(({ item, ordinal, row }) => ({
    ...{ item, ordinal, vector: [...PASSAGES.subarray(row * WIDTH, (row + 1) * WIDTH)] },
    active: ACTIVE.includes(row),
  }));
  const version = (of: number) => {
    const { bytes, hash } = named(snapshotOf(rows, { version: of }));
    return { ...ref(`snapshot:${hash}`, bytes), hash };
  };
  const [baseline, candidate] = [version(0), version(1)];
  const present = { candidate: START_PARAMETERS, serving: START_PARAMETERS };
  const tried = triedSettings(present, { words: true, memory: true, everyone: false });
  const words = rows.map(({ item }) => countWords(item));
  return [
    { ...common(0, 4, COUNT_NORM), kind: 'count', sample: all, manifest, passages: null },
    { ...common(1, ACTIVE.length, COUNT_NORM), kind: 'count', sample: all, manifest, passages },
    {
      ...common(2, head.length + 3, 2),
      ...{ kind: 'train', train: 'head', adapter: { kind: 'none' } },
      sample: { kind: 'poisson', numerator: 1, denominator: 2 },
      batch: null,
      state: ref('adapter:run.0', new Uint8Array(0)),
      rows: ref('rows:run.0', encodeRows({ activeRows: Uint32Array.from(ACTIVE), head })),
      fixed: ref('fixed:run', new Uint8Array(0)),
      ...{ activeRows: ACTIVE.length, margin: 0, directions: null, temperature: 20, tokenDropout: 0 },
      ...{ gradientNorm: 1, local: null, statScale: 0.1, adaptiveClip: false },
    },
    {
      ...common(3, gateDimension({ tried }), GATE_NORM),
      ...{ kind: 'gate', sample: all, adapter: { kind: 'none' }, candidate, serving: baseline, baseline },
      ...{
        words: ref('words:run', buildPostings(words)),
        parameters: { ...present, baseline: present.serving },
        tried,
      },
    },
  ];
}

/** Gives the rounds out one after the other, each until it is ready. */
function scripted(): CoordinatorPort {
  const specs = rounds();
  let at = 0;
  let signed = false;
  return {
    poll: async () => {
      if (at < specs.length) return { do: 'work', spec: specs[at]! };
      return signed ? { do: 'wait', ms: 0, round: null } : { do: 'certify', run: 'run', versions: [] };
    },
    report: async (message) => {
      signed ||= message.type === 'statement';
      if (message.type === 'ready' || message.type === 'failed') at += 1;
      return { current: true };
    },
    putChunk: async () => ({ current: true }),
    arrived: async () => ({ chunks: [], frames: [] }),
    putFrame: async () => ({ current: true }),
    statePart: async (key) => states.get(key) ?? null,
    rowsSince: async (after, limit) => TABLE.filter(({ changedAt }) => changedAt > after).slice(0, limit),
    rowEmbeddings: async (rows) =>
      Float32Array.from(rows.flatMap((row) => [...PASSAGES.subarray(row * WIDTH, (row + 1) * WIDTH)])),
  };
}

let engine: Engine;
let signer: Signer;
const folders: string[] = [];
beforeAll(async () => {
  const { source } = await tinyBert();
  engine = await openEngine({ source, wasm: await nodeOrtWasm(), adapter: { kind: 'none' } });
  ({ signer } = await generateSigner(systemRandom));
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** All that a participant over these records sends, a line a call. Of vectors only their length. */
async function transcript(
  transport: 'rpc' | 'http',
  records: FeedbackInput[],
  titles: [string, string][],
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'fedcar-transcript-'));
  folders.push(folder);
  const { adapter, privacy, retentionDays } = CollectionSettings.parse({});
  const terms = { adapter, privacy, heldOutShare: 0.3, retentionDays };
  const key = new Uint8Array(32).fill(3);
  const random = cryptoSource();
  const tokenize = (text: string) => engine.tokenize(text, 'query');
  const shard = new FileShard({
    folder,
    log: openQueryLog(folder, records, { terms, key, tokenize, now: NOW }),
    titles: new Map(titles),
    policy: { unit: 'record', recordsPerContributor: 4, home: { region: NAME, regions: [NAME], key } },
    retentionMs: 1e9,
    random,
  });
  const lines: string[] = [];
  const plain = scripted();
  const port = transport === 'rpc' ? recorded(plain, lines) : overHttp(plain, lines);
  const kept: { joined: Joined | null } = { joined: null };
  const charged: LedgerEntry[] = [];
  const participant = openParticipant({
    ...{ name: NAME, port, store: shard, random, sliceTokens: 64, note: () => {}, rules: () => null },
    ...{ signer, adminKey: '', encoder: '0'.repeat(64), privacy, retentionMs: 1e9 },
    engine: async () => engine,
    now: () => NOW,
    collection: 'c',
    ledger: {
      refuses: () => null,
      charge: (entry) => {
        charged.push(entry);
        return null;
      },
    },
    witness: {
      log: new RoundLogFile(join(folder, 'rounds.jsonl')),
      entries: () => charged,
      promise: () => ({ noise: 'on', unit: 'record', epsilon: 9, delta: 1e-6, retentionMs: 1e9, filter: 8 }),
    },
    pin: { get: () => null, set: () => {} },
    joined: {
      get: () => kept.joined,
      set: (joined) => {
        kept.joined = joined;
      },
    },
  });
  for (let step = 0; step < 500; step++) if ((await participant.step()) === null) return lines;
  throw new Error(`it did not end: ${lines.at(-1)}`);
}

function recorded(port: CoordinatorPort, lines: string[]): CoordinatorPort {
  return new Proxy(port, {
    get:
      (target, method: keyof CoordinatorPort) =>
      (...args: unknown[]) => {
        const shown = args.map((each) => (each instanceof Uint8Array ? `${each.length} bytes` : each));
        lines.push(`${method} ${JSON.stringify(shown)}`);
        return (target[method] as (...all: unknown[]) => unknown)(...args);
      },
  });
}

/** The same port through requests to the real routes. */
function overHttp(plain: CoordinatorPort, lines: string[]): CoordinatorPort {
  const services = memoryServices({
    snapshot: snapshotOf([{ item: 'card', vector: [1, 0] }]),
    regions: { weur: 'answers' },
    embed: () => Float32Array.of(1, 0),
  });
  const hub = {
    ...plain,
    admit: async () => ({ ok: true, value: NAME }),
    pollFor: (participant: string) => plain.poll(participant),
    rostersAfter: async () => [],
    async signed(_: unknown, method: keyof CoordinatorPort, args: unknown[]) {
      const call = hub[method] as unknown as (...all: unknown[]) => Promise<unknown>;
      return { ok: true, value: await call(...args) };
    },
  } as unknown as Hub;
  const app = createApp(() => ({ ...services, hub: () => hub }));
  const env = { FEDCAR_ENVIRONMENT: 'development' };
  return httpPort({
    ...{ url: 'http://localhost/v1', name: NAME, signer, now: () => NOW, pause: async () => {}, waitS: 1 },
    async fetch(url, init) {
      const { pathname, search } = new URL(url);
      const bytes = new Uint8Array((init.body as Uint8Array<ArrayBuffer> | undefined) ?? []);
      const type = new Headers(init.headers).get('content-type') ?? '';
      const body = type.includes('json') ? new TextDecoder().decode(bytes) : `${bytes.length} bytes`;
      lines.push(`${init.method} ${pathname}${search} ${body}`);
      return app.request(url, init, env as never);
    },
  });
}

const record = (query: string, item: string): FeedbackInput => ({ query, item, relevant: true });
const SHARD = [
  record('where is my card ?', 'card'),
  record('is my card lost ?', 'lost'),
  record('how', 'day'),
  record('the lost card', 'card'),
];
const TITLES: [string, string][] = [
  ['other', 'another'],
  ['card', 'card'],
];
const EVENTS: [string, FeedbackInput][] = [
  ['a question about a document of several passages', record('lost', 'lost')],
  ['a question about a document of one', record('is the day', 'day')],
  ['a question about a document that does not learn', record('where', 'other')],
  ['a question that was asked before', record('how', 'day')],
  ['a no', { ...record('my card', 'card'), relevant: false }],
  ['a question of many words', record('where is my card '.repeat(6), 'card')],
];

describe.each(['rpc', 'http'] as const)('over %s', (transport) => {
  const same = /^the same \d+ lines, 4 rounds ready, 1 statement$/;
  const compare = async (one: FeedbackInput[], other: FeedbackInput[], titles = TITLES) => {
    const a = await transcript(transport, one, titles);
    const b = await transcript(transport, other, titles);
    const at = a.findIndex((line, index) => line !== b[index]);
    if (at >= 0 || a.length !== b.length) return `line ${at}: ${a[at]} | ${b[at]}`;
    const ready = a.filter((line) => line.includes('"type":"ready"')).length;
    const signed = a.filter((line) => line.includes('"type":"statement"')).length;
    return `the same ${a.length} lines, ${ready} rounds ready, ${signed} statement`;
  };
  for (const [name, event] of EVENTS)
    attack(`with and without ${name} (${transport})`, same, () => compare(SHARD, [...SHARD, event]));
  attack(`with and without any event (${transport})`, same, () => compare(SHARD, []));
  attack(`with and without any event, where no title is asked (${transport})`, same, () =>
    compare(SHARD, [], []),
  );
});
