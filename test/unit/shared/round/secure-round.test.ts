/** What a round of secure aggregation agrees on: both sides derive it, and a participant takes nothing else. */
import { describe, expect, it } from 'vitest';
import { RoundGuard } from '../../../../shared/participant/round-guard.ts';
import { answerSecurely } from '../../../../shared/participant/secure-answer.ts';
import type { ShardStore } from '../../../../shared/participant/shard-store.ts';
import type { CountRound } from '../../../../shared/protocol/rounds.ts';
import { SECAGG_PROTOCOL, type ServerMessage } from '../../../../shared/protocol/secagg.ts';
import { secureParameters, taskOf } from '../../../../shared/round/secure-round.ts';
import { buildGraph } from '../../../../shared/secagg/graph.ts';
import { cohort } from '../secagg/cohort.ts';

const ENCODER = 'e'.repeat(64);
const round = (index: number): CountRound => ({
  id: `r1.${index}`,
  collection: 'help',
  kind: 'count',
  sample: { kind: 'all' },
  dimension: 3,
  clipNorm: Math.SQRT2,
  startedAt: 1,
  from: 0,
  serial: index,
  gridStep: 0.01,
  bits: 32,
  noiseMultiplier: 6,
  cohort: { members: 12, threshold: 9, colluders: 1 },
  aggregation: 'secure',
  lineage: 'first',
  rowsAt: 1,
  manifest: { key: 'manifest:r', hash: '0'.repeat(64), bytes: 0, parts: 0 },
  passages: null,
});

describe('the graph of a round', () => {
  it('is complete up to the size agreed, and k-regular beyond it, for a semi-honest coordinator only', async () => {
    const { roster } = await cohort(12, { colluders: 1 });
    const graph = (completeUpTo: number) =>
      secureParameters(round(1), roster.roster, ENCODER, completeUpTo).graph;
    expect(graph(12)).toEqual({ kind: 'complete', security: 'malicious-server' });
    // Degree and threshold by the bounds for 12 members, of which one colludes and three may vanish.
    expect(graph(11)).toMatchObject({
      kind: 'k-regular',
      security: 'semi-honest',
      degree: 6,
      shareThreshold: 2,
    });
  });

  it('has another ring every round, which everybody derives', async () => {
    const { roster } = await cohort(12, { colluders: 1 });
    const of = (index: number) => secureParameters(round(index), roster.roster, ENCODER, 2).graph;
    expect(of(1)).toEqual(of(1));
    const rings = Array.from({ length: 8 }, (_, index) => buildGraph(of(index), 12).neighbours(0).join());
    expect(new Set(rings).size).toBeGreaterThan(1);
  });
});

describe('a participant', () => {
  async function answer(told: number, agreed: number, change: object = {}) {
    const { admin, signers, roster } = await cohort(12, { colluders: 1 });
    const [self, signer] = [...signers][3]!;
    const spec = round(1);
    const parameters = { ...secureParameters(spec, roster.roster, ENCODER, told), ...change };
    const message: ServerMessage = {
      kind: 'invite',
      protocol: SECAGG_PROTOCOL,
      parameters,
      roster,
      chain: [],
    };
    const blobs = new Map<string, Uint8Array>();
    const store = {
      blob: (name: string) => blobs.get(name) ?? null,
      putBlob: (name: string, bytes: Uint8Array) => void blobs.set(name, bytes),
    } as unknown as ShardStore;
    const identity = {
      signer,
      adminKey: Buffer.from(admin.key).toString('base64url'),
      encoder: ENCODER,
      privacy: { threshold: null, colluders: 1, completeUpTo: agreed },
      pin: { get: () => null, set: () => {} },
      witness: {
        log: { add: () => {}, of: () => [] },
        entries: () => [],
        promise: () => {
          throw new Error('nothing is signed here');
        },
      },
      guard: new RoundGuard({
        rules: () => null,
        ledger: { refuses: () => null, charge: () => null },
        now: () => spec.startedAt,
        retentionMs: 1e9,
        joined: { get: () => ({ serial: spec.serial, task: taskOf(spec) }), set: () => {} },
      }),
    };
    return (await answerSecurely({ self, identity, store, spec, message })).reply;
  }

  it('takes the graph that the size agreed on gives', async () => {
    expect(await answer(100, 100)).toMatchObject({ kind: 'advertise', sender: 'region-003' });
    expect(await answer(4, 4)).toMatchObject({ kind: 'advertise' });
  });

  it('refuses a sparse graph where a complete one was agreed, and the other way round', async () => {
    await expect(answer(4, 100)).rejects.toThrow('are not those of the work it gave');
    await expect(answer(100, 4)).rejects.toThrow('are not those of the work it gave');
  });

  it('refuses a ring, a degree or a threshold of the coordinator’s choice', async () => {
    const { roster } = await cohort(12, { colluders: 1 });
    const { graph } = secureParameters(round(1), roster.roster, ENCODER, 4);
    for (const chosen of [{ seed: 'A'.repeat(43) }, { degree: 4 }, { shareThreshold: 1 + 2 }]) {
      await expect(answer(4, 4, { graph: { ...graph, ...chosen } })).rejects.toThrow(
        'are not those of the work it gave',
      );
    }
  });
});
