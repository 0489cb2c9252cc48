/**
 * Members that run the shipped code over real files, and a coordinator that follows no rule: it says what a test
 * has it say, and adds up what it is sent.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileShard } from '../../cli/participant/file-shard.ts';
import { LedgerFile } from '../../cli/participant/ledger-file.ts';
import { openQueryLog } from '../../cli/participant/query-log.ts';
import { ParticipantState } from '../../cli/participant/state.ts';
import { promiseOf, signLog } from '../../shared/certificate/round-log.ts';
import { toBase64Url, toHex, utf8 } from '../../shared/crypto/bytes.ts';
import { generateSigner } from '../../shared/crypto/ed25519.ts';
import { sha256 } from '../../shared/crypto/hash.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import { AgreedRounds } from '../../shared/participant/agreement.ts';
import type { CoordinatorPort } from '../../shared/participant/coordinator-port.ts';
import { openParticipant } from '../../shared/participant/open.ts';
import type { Participant } from '../../shared/participant/participant.ts';
import { roundGrid } from '../../shared/privacy/fixed-point.ts';
import { cryptoSource, type RandomSource } from '../../shared/privacy/random-source.ts';
import type { FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import type { RoundLogFile } from '../../shared/protocol/certificate.ts';
import type { CountRound, ParticipantMessage, RoundSpec, RowEntry } from '../../shared/protocol/rounds.ts';
import { ROSTER_VERSION, type Roster, type ServerMessage } from '../../shared/protocol/secagg.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { planNoise } from '../../shared/round/noise-plan.ts';
import { secureParameters } from '../../shared/round/secure-round.ts';
import { COUNT_NORM } from '../../shared/round/unit-norms.ts';
import { defaultThreshold, signRoster } from '../../shared/secagg/roster.ts';
import { SecaggServer } from '../../shared/secagg/server.ts';
import { MemoryServerStore } from '../helpers/memory-server-store.ts';

const ENCODER = '0'.repeat(64);
const TIMEOUTS = { advertise: 1e9, share: 1e9, checked: 1e9, masked: 1e9, consistency: 1e9, unmask: 1e9 };
/** Documents of one passage each, unless told otherwise. */
export const DOCUMENTS = 8;

export interface Member {
  name: string;
  participant: Participant;
  shard: FileShard;
  ledger: LedgerFile;
  /** Its whole log, signed. */
  exported(): Promise<RoundLogFile>;
}

/** What the hub gives out: work, steps of the secure sum, or that no round is on. */
type Mode = 'work' | 'sum' | 'idle';

export interface HostileHub {
  members: Member[];
  /** Everything that members said, in order. */
  received: ParticipantMessage[];
  /** Gives the round out until everybody is ready, or somebody stays out. */
  work(spec: RoundSpec): Promise<boolean>;
  /** Gives the round out and follows the protocol to its end. @returns whether a sum was released */
  release(spec: RoundSpec): Promise<boolean>;
  /** The last sum that a secure round released. */
  sum(): Uint32Array;
  /** Says that nothing is on, until all have dropped their work. */
  forget(): Promise<void>;
  /** A counting round as the settings have it. */
  round(more?: Partial<CountRound>): CountRound;
  close(): void;
}

export async function hostileHub(
  options: {
    aggregation?: 'plain' | 'secure';
    records?: (name: string) => FeedbackInput[];
    /** What it tells each member of a round. */
    tells?: (name: string, spec: RoundSpec) => RoundSpec;
    documents?: number;
    /** How many; three unless told otherwise. */
    members?: number;
    /** Whether it keeps a step of the secure sum from a member. */
    withholds?: (name: string, message: ServerMessage) => boolean;
    /** What it says of its row table; unless told otherwise what is true. */
    rows?: (after: number, limit: number) => RowEntry[];
    /** Its list of documents, in the place of the true one. */
    manifest?: Uint8Array;
    /** How long it says to wait while nothing is on; until woken unless told otherwise. */
    waitMs?: number;
    /** Told what members note for their operators. */
    note?: (reason: string) => void;
    /** Of each member's dither and noise. */
    random?: (member: number) => RandomSource;
  } = {},
): Promise<HostileHub> {
  const { aggregation = 'secure', records = () => [], tells = (_, told) => told } = options;
  const { documents = DOCUMENTS, random: randomOf = () => cryptoSource(), withholds = () => false } = options;
  const names = Array.from(
    { length: options.members ?? 3 },
    (_, i) => `clinic-${String.fromCharCode(97 + i)}`,
  );
  const settings = CollectionSettings.parse({ heldOutShare: 0, privacy: { aggregation } });
  const { adapter, privacy, heldOutShare, retentionDays } = settings;
  const terms = { adapter, privacy, heldOutShare, retentionDays };
  const { signer: admin } = await generateSigner(systemRandom);
  const folders = names.map(() => mkdtempSync(join(tmpdir(), 'fedcar-attack-')));
  const states = folders.map((folder) => new ParticipantState(folder));
  const signers = await Promise.all(states.map(async (state) => (await state.identity()).signer));
  const roster: Roster = {
    version: ROSTER_VERSION,
    collection: 'health',
    epoch: 0,
    previous: null,
    threshold: defaultThreshold(names.length, 2),
    colluders: 2,
    members: names.map((id, index) => ({ id, key: toBase64Url(signers[index]!.key), operator: id })),
  };
  const signed = await signRoster(roster, admin);
  const table = Array.from(
    { length: documents },
    (_, row): RowEntry => ({
      ...{ row, item: `doc-${row}`, ordinal: 0, region: 'east', removed: false, changedAt: row + 1 },
    }),
  );
  const rowsOf = (after: number, limit: number) =>
    options.rows?.(after, limit) ?? table.filter(({ changedAt }) => changedAt > after).slice(0, limit);
  const keys = options.manifest ?? utf8(JSON.stringify(table.map(({ item }) => item)));
  const manifest = { key: 'manifest:run', hash: toHex(sha256(keys)), bytes: keys.length, parts: 1 };
  const startedAt = Date.now() + 1000;
  const cohort =
    aggregation === 'secure'
      ? { members: names.length, threshold: roster.threshold, colluders: 2 }
      : { members: 1, threshold: 1, colluders: 0 };
  const round = (more: Partial<CountRound> = {}): CountRound => ({
    ...{ id: 'run.0', collection: 'health', kind: 'count', sample: { kind: 'all' }, lineage: 'first' },
    ...{ rowsAt: documents, dimension: documents, clipNorm: COUNT_NORM },
    gridStep: roundGrid(documents, COUNT_NORM).step,
    bits: 32,
    noiseMultiplier: planNoise(privacy, retentionDays).counts,
    ...{ cohort, aggregation, serial: 1, startedAt, from: 0, manifest, passages: null },
    ...more,
  });

  let mode: Mode = 'idle';
  let spec: RoundSpec = round();
  let server: SecaggServer | null = null;
  const ready = new Set<string>();
  const received: ParticipantMessage[] = [];
  const follow = async (answer: { effects: { kind: string }[] }): Promise<void> => {
    for (const { kind } of answer.effects) {
      // Its own ledger is left out.
      if (kind === 'charge') await follow(await server!.charged(0));
      if (kind === 'reconstruct') await follow(await server!.unmask(0));
    }
  };
  const port: CoordinatorPort = {
    async poll(name) {
      if (mode === 'work') return { do: 'work', spec: tells(name, spec) };
      if (mode === 'idle') return { do: 'wait', ms: options.waitMs ?? 0, round: null };
      const message = server!.messageFor(name);
      return message === null || withholds(name, message)
        ? { do: 'wait', ms: 1, round: spec.id }
        : { do: 'answer', round: spec.id, message };
    },
    async report(message) {
      received.push(message);
      if (message.type === 'ready') ready.add(message.participant);
      if (message.type === 'secagg')
        await follow(await server!.receive(message.participant, message.message, 0));
      return { current: message.type !== 'failed' };
    },
    putFrame: async (name, _, bytes) => {
      await follow(await server!.receiveFrame(name, bytes, 0));
      return { current: true };
    },
    putChunk: async () => ({ current: true }),
    arrived: async () => ({ chunks: [], frames: [] }),
    statePart: async (key) => (key === manifest.key ? keys : null),
    rowsSince: async (after, limit) => rowsOf(after, limit),
    rowEmbeddings: async () => new Float32Array(0),
  };
  const members = names.map((name, index): Member => {
    const folder = folders[index]!;
    const key = new Uint8Array(32).fill(index + 1);
    const random = randomOf(index);
    const tokenize = (text: string) => new Int32Array(text.length);
    const shard = new FileShard({
      ...{ folder, random, titles: new Map<string, string>(), retentionMs: retentionDays * 86_400_000 },
      log: openQueryLog(folder, records(name), { terms, key, tokenize, now: Date.now() }),
      policy: {
        unit: privacy.unit,
        recordsPerContributor: privacy.recordsPerContributor,
        home: { region: name, regions: [name], key },
      },
    });
    const adminKey = toBase64Url(admin.key);
    const model = { name: 'm', sha256: ENCODER };
    const rounds = new AgreedRounds(
      { collection: 'health', name, admin_key: adminKey, model, terms },
      privacy,
    );
    const ledger = new LedgerFile(join(folder, 'ledger.jsonl'), rounds.policy);
    const participant = openParticipant({
      ...{
        name,
        collection: 'health',
        port,
        store: shard,
        random,
        sliceTokens: 4096,
        now: () => Date.now(),
        note: (reason) => options.note?.(reason),
      },
      ...{ signer: signers[index]!, adminKey, encoder: ENCODER, privacy, ledger, retentionMs: 1e9 },
      engine: async () => {
        throw new Error('a counting round needs no encoder');
      },
      rules: (each) => rounds.refuses(each),
      witness: {
        log: states[index]!.log,
        entries: () => ledger.entries(),
        promise: () => promiseOf(ledger.policy, privacy),
      },
      ...{ pin: states[index]!.pin, joined: states[index]!.joined },
    });
    const exported = () =>
      signLog(
        { collection: 'health', participant: name, rounds: [...states[index]!.log.all()] },
        signers[index]!,
      );
    return { name, participant, shard, ledger, exported };
  });

  const stepAll = async () => {
    for (const { participant } of members) await participant.step();
  };
  const failed = () => received.some(({ type }) => type === 'failed');
  const work = async (given: RoundSpec) => {
    spec = given;
    mode = 'work';
    ready.clear();
    received.length = 0;
    for (let turn = 0; turn < 20 && ready.size < names.length && !failed(); turn++) await stepAll();
    return ready.size === names.length;
  };
  return {
    members,
    received,
    round,
    work,
    async release(given) {
      if (!(await work(given))) return false;
      if (spec.aggregation === 'plain') return true;
      server = new SecaggServer(new MemoryServerStore());
      const parameters = secureParameters(spec, signed.roster, ENCODER, privacy.completeUpTo);
      await server.open({ parameters, roster: signed, timeouts: TIMEOUTS }, 0);
      mode = 'sum';
      for (let turn = 0; turn < 60 && server.state().phase !== 'done' && !failed(); turn++) await stepAll();
      await follow(server.tick(server.state().deadline ?? 0));
      return server.state().phase === 'done';
    },
    sum() {
      const words = new Uint32Array(spec.dimension);
      for (const piece of server!.result()) words.set(piece.words, piece.first);
      return words;
    },
    async forget() {
      mode = 'idle';
      for (let turn = 0; turn < 4; turn++) await stepAll();
    },
    close: () => {
      for (const folder of folders) rmSync(folder, { recursive: true });
    },
  };
}
