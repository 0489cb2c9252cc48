import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../../models/engine.ts';
import { toHex } from '../../../../shared/crypto/bytes.ts';
import { sha256 } from '../../../../shared/crypto/hash.ts';
import type { CoordinatorPort } from '../../../../shared/participant/coordinator-port.ts';
import { Participant } from '../../../../shared/participant/participant.ts';
import { type Joined, RoundGuard } from '../../../../shared/participant/round-guard.ts';
import type { SecureIdentity } from '../../../../shared/participant/secure-answer.ts';
import type { Job, ShardStore } from '../../../../shared/participant/shard-store.ts';
import { cryptoSource } from '../../../../shared/privacy/random-source.ts';
import { encodeRows } from '../../../../shared/protocol/parameters.ts';
import type {
  CountRound,
  Instruction,
  ParticipantMessage,
  RoundSpec,
} from '../../../../shared/protocol/rounds.ts';
import { RUN_VERSION } from '../../../../shared/protocol/run-version.ts';
import { taskOf } from '../../../../shared/round/secure-round.ts';

const COUNT: CountRound = {
  id: 'r.0',
  collection: 'c',
  kind: 'count',
  sample: { kind: 'all' },
  dimension: 3,
  clipNorm: Math.SQRT2,
  gridStep: 1,
  bits: 32,
  noiseMultiplier: 0,
  cohort: { members: 1, threshold: 1, colluders: 0 },
  aggregation: 'plain',
  lineage: 'first',
  rowsAt: 0,
  serial: 1,
  startedAt: 0,
  from: -1,
  manifest: { key: 'manifest:r', hash: '0'.repeat(64), bytes: 0, parts: 0 },
  passages: null,
};

/** Of a participant to whom everything is agreed and nothing is charged. */
function guardOf(kept: { last: Joined | null }): RoundGuard {
  const ledger = { refuses: () => null, charge: () => null };
  const joined = {
    get: () => kept.last,
    set: (last: Joined) => {
      kept.last = last;
    },
  };
  return new RoundGuard({ rules: () => null, ledger, joined, now: () => 0, retentionMs: 1e9 });
}

/** A participant whose coordinator says `instruction` and whose shard holds `job`. */
function participant(
  instruction: Instruction,
  job: Job | null = null,
  joined: { last: Joined | null } = { last: null },
  next?: Instruction,
  state: Uint8Array | null = null,
) {
  const sent: ParticipantMessage[] = [];
  const notes: string[] = [];
  const shard = { job };
  const asked: Instruction[] = [];
  const fetched: string[] = [];
  const port = {
    statePart: async (key: string) => {
      fetched.push(key);
      return state;
    },
    poll: async () => {
      asked.push(instruction);
      return instruction;
    },
    // The same again, whatever is asked for.
    rowsSince: async () => [{ row: 0, item: 'a', ordinal: 0, region: 'east', removed: false, changedAt: 0 }],
    report: async (message: ParticipantMessage, andNext = false) => {
      sent.push(message);
      return { current: true, ...(andNext && next !== undefined && { next }) };
    },
  } as unknown as CoordinatorPort;
  const store = {
    job: () => shard.job,
    saveJob: (next: Job) => {
      shard.job = next;
    },
    clearJob: () => {
      shard.job = null;
    },
    mirror: () => {},
    rowsAt: () => 0,
    rowsKept: () => ({ rows: 0, keyBytes: 0 }),
    applyRows: () => {},
    blob: () => null,
    labelSingles: () => {},
    documentsOf: () => [],
    labelled: () => null,
    setLabelled: () => {},
  } as unknown as ShardStore;
  const self = new Participant({
    name: 'a',
    collection: 'default',
    port,
    store,
    engine: async () => ({ info: { width: 2, sha256: 'a'.repeat(64) } }) as unknown as Engine,
    now: () => 0,
    random: cryptoSource(),
    sliceTokens: 64,
    identity: {
      guard: guardOf(joined),
      encoder: 'a'.repeat(64),
      witness: { log: { add: () => {} } },
    } as unknown as SecureIdentity,
    note: (reason) => void notes.push(reason),
  });
  return { self, sent, shard, notes, asked, fetched };
}

describe('a participant', () => {
  it('sleeps until it is woken when nothing is under way', async () => {
    const { self } = participant({ do: 'wait', ms: 0, round: null });
    expect(await self.step()).toBeNull();
  });

  it('polls again while a run is on', async () => {
    const { self } = participant({ do: 'wait', ms: 15_000, round: 'r.0' });
    expect(await self.step()).toBe(15_000);
  });

  it('stays out of a round whose rows never come to an end, and goes on', async () => {
    const spec = { ...COUNT, rowsAt: 5 };
    const { self, shard, sent, notes } = participant({ do: 'work', spec });
    expect(await self.step()).toBe(0);
    expect(shard.job).toBeNull();
    expect(sent).toMatchObject([{ type: 'failed', round: 'r.0', code: 'work' }]);
    expect(notes).toEqual(['work: rows: change 0 does not follow 0']);
  });

  it('takes work and goes on at once', async () => {
    const { self, shard } = participant({ do: 'work', spec: COUNT });
    expect(await self.step()).toBe(0);
    expect(shard.job).toMatchObject({ phase: 'work', cursor: 0, spec: { id: 'r.0' } });
  });

  it('keeps the rows of a run between its rounds, also while the next one is being made, and not beyond', async () => {
    const bytes = encodeRows({ activeRows: Uint32Array.of(0), head: Float32Array.of(1, 0) });
    const rows = { key: 'rows', hash: toHex(sha256(bytes)), bytes: bytes.length, parts: 1 };
    const spec = {
      ...COUNT,
      kind: 'train',
      aggregation: 'secure',
      rows,
      activeRows: 1,
    } as unknown as RoundSpec;
    const job = { version: RUN_VERSION, spec, cursor: 0, units: 0, tokens: 0, probe: null };
    const instruction = { do: 'wait' as const, ms: 15_000, round: null };
    const { self, shard, fetched } = participant(instruction, null, { last: null }, undefined, bytes);
    const label = async (round: string) => {
      shard.job = { ...job, spec: { ...spec, id: round }, phase: 'label' };
      await self.step();
      expect(shard.job).toMatchObject({ phase: 'work' });
    };
    await label('r.1');
    expect(fetched).toEqual(['rows']);
    shard.job = { ...job, phase: 'secure' };
    await self.step();
    expect(shard.job).toBeNull();
    expect(await self.step()).toBe(15_000);
    await label('r.2');
    expect(fetched).toEqual(['rows']);
    shard.job = null;
    instruction.ms = 0;
    expect(await self.step()).toBeNull();
    await label('r.3');
    expect(fetched).toEqual(['rows', 'rows']);
  });

  describe('with the answer to what it sent', () => {
    const secure: CountRound = { ...COUNT, aggregation: 'secure' };
    const kept = { cursor: 0, units: 0, tokens: 0, probe: null };
    const ready: Job = { version: RUN_VERSION, spec: secure, phase: 'ready', ...kept };
    const idle: Instruction = { do: 'wait', ms: 0, round: null };

    it('waits as it says, and asks then', async () => {
      const wait: Instruction = { do: 'wait', ms: 40, round: 'r.0' };
      const { self, shard, asked } = participant({ ...wait, ms: 70 }, ready, { last: null }, wait);
      expect(await self.step()).toBe(40);
      expect(shard.job?.phase).toBe('secure');
      expect(asked).toEqual([]);
      expect(await self.step()).toBe(70);
      expect(asked).toHaveLength(1);
    });

    it('goes on to the next round without asking', async () => {
      const work: Instruction = { do: 'work', spec: { ...secure, id: 'r.1', serial: 2 } };
      const { self, shard, asked } = participant(idle, ready, { last: null }, work);
      while (shard.job?.spec.id !== 'r.1') expect(await self.step()).toBe(0);
      expect(shard.job).toMatchObject({ phase: 'work', spec: { id: 'r.1' } });
      expect(asked).toEqual([]);
    });

    it('drops a round that is over, and asks', async () => {
      const { self, shard, asked } = participant(idle, ready, { last: null }, idle);
      expect(await self.step()).toBe(0);
      expect(await self.step()).toBe(0);
      expect(shard.job).toBeNull();
      expect(asked).toEqual([]);
      expect(await self.step()).toBeNull();
      expect(asked).toHaveLength(1);
    });
  });

  it('says that it failed, and why, when what it stored is gone', async () => {
    const joined: { last: Joined | null } = { last: null };
    const left = { cursor: 0, units: 0, tokens: 0, probe: null };
    const job: Job = { version: RUN_VERSION, spec: COUNT, phase: 'upload', ...left };
    joined.last = { serial: COUNT.serial, task: taskOf(COUNT) };
    const { self, sent, shard, notes } = participant({ do: 'wait', ms: 0, round: null }, job, joined);
    expect(await self.step()).toBe(0);
    expect(sent).toEqual([{ type: 'failed', participant: 'a', round: 'r.0', code: 'work' }]);
    expect(notes).toEqual(['work: round r.0: the stored vector is gone']);
    expect(shard.job).toBeNull();
  });
});
