/**
 * A participant that tells what each round cost it: processor time of the work and of the protocol, bytes each way.
 * A process of its own for `bench federation`; takes its configuration as JSON, writes a JSON line a round.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RoundSpec } from '../../shared/protocol/rounds.ts';
import { readData } from '../participant/data.ts';
import { becomeMember, type Connection, openParticipant } from '../participant/join.ts';
import { serve } from '../participant/service.ts';
import { ParticipantState } from '../participant/state.ts';

export interface BenchParticipant {
  url: string;
  invitation: string;
  data: string;
  state: string;
  model: string;
}

/** Processor milliseconds and bytes of one participant in one round. */
export interface RoundCost {
  round: string;
  kind: string;
  /** What learns in it; null for a round that trains nothing. */
  train: string | null;
  compute_ms: number;
  protocol_ms: number;
  bytes_up: number;
  bytes_down: number;
}

const config = JSON.parse(process.argv[2] ?? '') as BenchParticipant;
const traffic = { up: 0, down: 0 };
const connection: Connection = {
  async fetch(url, init) {
    traffic.up += (init.body as Uint8Array | undefined)?.length ?? 0;
    const response = await fetch(url, init);
    const bytes = new Uint8Array(await response.arrayBuffer());
    traffic.down += bytes.length;
    return new Response(bytes, { status: response.status });
  },
  now: () => Date.now(),
  pause: async (ms) => void (await sleep(ms)),
  waitS: 25,
};

const state = new ParticipantState(config.state);
const { signer } = await state.identity();
const { url, invitation } = config;
const allowed = { plain: true, noNoise: true, maxEpsilon: 100, minColluders: 0 };
const membership = await becomeMember(
  state,
  signer,
  { url, invitation, allowed, agree: () => {} },
  connection,
);
const data = await readData(config.data, {});
const { model } = config;
const { participant, shard, follow } = await openParticipant({ state, membership, data, model, connection });
process.stdout.write('ready\n');

const processorMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
let cost: RoundCost | null = null;
const fresh = (spec: RoundSpec): RoundCost => ({
  ...{ round: spec.id, kind: spec.kind, train: spec.kind === 'train' ? spec.train : null },
  ...{ compute_ms: 0, protocol_ms: 0 },
  ...{ bytes_up: 0, bytes_down: 0 },
});

/** One step, on the account of the round that it belongs to. */
async function step(): Promise<number | null> {
  const phase = shard.job()?.phase ?? null;
  const before = { ms: processorMs(), ...traffic };
  const after = await participant.step();
  const job = shard.job();
  if (job !== null && job.spec.id !== cost?.round) {
    if (cost !== null) process.stdout.write(`${JSON.stringify(cost)}\n`);
    cost = fresh(job.spec);
  }
  if (cost === null) return after;
  cost[phase === 'label' || phase === 'work' ? 'compute_ms' : 'protocol_ms'] += processorMs() - before.ms;
  cost.bytes_up += traffic.up - before.up;
  cost.bytes_down += traffic.down - before.down;
  return after;
}

await serve({
  participant: { step },
  shard,
  follow,
  now: connection.now,
  once: true,
  idleMs: 500,
  pause: connection.pause,
  stopping: () => false,
  onTrouble: (message) => process.stderr.write(`${message}\n`),
});
if (cost !== null) process.stdout.write(`${JSON.stringify(cost)}\n`);
