import { describe, expect, it } from 'vitest';
import type { CoordinatorPort } from '../../../../shared/federated/coordinator-port.ts';
import { Participant } from '../../../../shared/federated/participant.ts';
import type { Job, ShardStore } from '../../../../shared/federated/shard-store.ts';
import { cryptoSource } from '../../../../shared/privacy/random-source.ts';
import type { CountRound, Instruction, ParticipantMessage } from '../../../../shared/protocol/rounds.ts';

const COUNT: CountRound = {
  id: 'r.0',
  collection: 'c',
  kind: 'count',
  sample: { kind: 'all' },
  dimension: 3,
  clipNorm: Math.SQRT2,
  gridStep: 1,
  noiseMultiplier: 0,
  cohort: { members: 1, threshold: 1, colluders: 0 },
  aggregation: 'plain',
  lineage: 'first',
  rowsAt: 0,
  serial: 1,
  startedAt: 0,
  rows: 2,
};

/** A participant whose coordinator says `instruction` and whose shard holds `job`. */
function participant(instruction: Instruction, job: Job | null = null) {
  const sent: ParticipantMessage[] = [];
  const shard = { job };
  const port = {
    poll: async () => instruction,
    report: async (message: ParticipantMessage) => {
      sent.push(message);
      return { current: true };
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
    applyRows: () => {},
    blob: () => null,
  } as unknown as ShardStore;
  const self = new Participant({
    name: 'a',
    port,
    store,
    engine: () => Promise.reject(new Error('not needed')),
    now: () => 0,
    random: cryptoSource(),
    sliceTokens: 64,
    secure: null,
  });
  return { self, sent, shard };
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

  it('takes work and goes on at once', async () => {
    const { self, shard } = participant({ do: 'work', spec: COUNT });
    expect(await self.step()).toBe(0);
    expect(shard.job).toMatchObject({ phase: 'label', cursor: 0, spec: { id: 'r.0' } });
  });

  it('says that it failed, and why, when what it stored is gone', async () => {
    const job: Job = { spec: COUNT, phase: 'upload', cursor: 0, units: 0, tokens: 0, probe: null };
    const { self, sent, shard } = participant({ do: 'wait', ms: 0, round: null }, job);
    expect(await self.step()).toBe(0);
    expect(sent).toEqual([
      { type: 'failed', participant: 'a', round: 'r.0', detail: 'round r.0: the stored vector is gone' },
    ]);
    expect(shard.job).toBeNull();
  });
});
