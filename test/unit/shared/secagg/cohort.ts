/** Registered members, a signed roster and round parameters for the tests: the real ones, with seeded randomness. */
import { type Bytes, toBase64Url, utf8 } from '../../../../shared/crypto/bytes.ts';
import { type Signer, signerFromSeed } from '../../../../shared/crypto/ed25519.ts';
import { sha256 } from '../../../../shared/crypto/hash.ts';
import type { RandomSource } from '../../../../shared/crypto/random.ts';
import { addInto } from '../../../../shared/crypto/ring.ts';
import {
  type AggregationGraph,
  DEPLOYMENT,
  ROSTER_VERSION,
  type Roster,
  type RoundParameters,
  SECAGG_PROTOCOL,
  type SignedRoster,
} from '../../../../shared/protocol/secagg.ts';
import type { ClientTrust } from '../../../../shared/secagg/client-state.ts';
import { MemoryClientStore } from '../../../../shared/secagg/memory-store.ts';
import { defaultThreshold, rosterHash, signRoster } from '../../../../shared/secagg/roster.ts';
import type { ServerConfig } from '../../../../shared/secagg/server-step.ts';
import type { SimulatedMember, Simulation } from '../../../../shared/secagg/simulate.ts';
import { PERFECT_NETWORK, seededUniform } from '../../../../shared/secagg/virtual-network.ts';
import { MemoryServerStore } from '../../../helpers/memory-server-store.ts';
import { vectorSource } from '../../../helpers/vector-source.ts';

/** SHA-256 of (name, counter): as good as random for whoever does not know the name. */
export function seededRandom(name: string): RandomSource {
  let counter = 0;
  return (length) => {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      out.set(sha256(utf8(`${name}/${counter++}`)).subarray(0, Math.min(32, length - at)), at);
    }
    return out;
  };
}

/** Words that depend on the name, over the whole ring. */
export function seededVector(name: string, dimension: number): Uint32Array {
  const uniform = seededUniform(new DataView(sha256(utf8(name)).buffer).getUint32(0));
  return Uint32Array.from({ length: dimension }, () => uniform() * 2 ** 32);
}

export interface Cohort {
  admin: Signer;
  signers: Map<string, Signer>;
  roster: SignedRoster;
}

const cohorts = new Map<string, Promise<Cohort>>();

export function cohort(size: number, change: Partial<Roster> = {}): Promise<Cohort> {
  const name = JSON.stringify([size, change]);
  const known = cohorts.get(name) ?? makeCohort(size, change);
  cohorts.set(name, known);
  return known;
}

async function makeCohort(size: number, change: Partial<Roster>): Promise<Cohort> {
  const seed = (name: string): Bytes => sha256(utf8(name));
  const admin = await signerFromSeed(seed('admin'));
  const signers = new Map<string, Signer>();
  for (let i = 0; i < size; i++) {
    const id = `region-${String(i).padStart(3, '0')}`;
    signers.set(id, await signerFromSeed(seed(id)));
  }
  const roster = await signRoster(
    {
      version: ROSTER_VERSION,
      collection: 'help',
      epoch: 0,
      previous: null,
      members: [...signers].map(([id, { key }]) => ({ id, key: toBase64Url(key), operator: DEPLOYMENT })),
      threshold: defaultThreshold(size),
      colluders: 0,
      ...change,
    },
    admin,
  );
  return { admin, signers, roster };
}

export const COMPLETE: AggregationGraph = { kind: 'complete', security: 'malicious-server' };

export function parametersFor(roster: SignedRoster, change: Partial<RoundParameters> = {}): RoundParameters {
  return {
    protocol: SECAGG_PROTOCOL,
    collection: roster.roster.collection,
    round: 'run-1:1',
    rosterHash: rosterHash(roster.roster),
    modelHash: 'a'.repeat(64),
    taskHash: 'b'.repeat(64),
    samplingRate: 0.2,
    noiseMultiplier: 0,
    clipNorm: 1,
    gridStep: 0.001,
    bits: 32,
    dimension: 5,
    threshold: roster.roster.threshold,
    colluders: roster.roster.colluders,
    graph: COMPLETE,
    ...change,
  };
}

export const TIMEOUTS: ServerConfig['timeouts'] = {
  advertise: 10_000,
  share: 10_000,
  checked: 10_000,
  masked: 10_000,
  consistency: 10_000,
  unmask: 10_000,
};

export function trustOf({ admin }: Cohort): ClientTrust {
  return {
    collection: 'help',
    adminKey: toBase64Url(admin.key),
    pin: null,
    approve: () => null,
    charge: () => {},
  };
}

/** A round of the whole cohort; `adjust` says what befalls a member. */
export function simulation(
  group: Cohort,
  change: Partial<RoundParameters> = {},
  adjust: (id: string, index: number) => Partial<SimulatedMember> = () => ({}),
): Simulation & { serverStore: MemoryServerStore } {
  const parameters = parametersFor(group.roster, change);
  const members = [...group.signers].map(([id, signer], index) => ({
    id,
    signer,
    input: vectorSource(seededVector(id, parameters.dimension)),
    trust: trustOf(group),
    store: new MemoryClientStore(),
    ...adjust(id, index),
  }));
  return {
    config: { parameters, roster: group.roster, timeouts: TIMEOUTS },
    members,
    serverStore: new MemoryServerStore(),
    network: PERFECT_NETWORK,
    random: seededRandom('round'),
  };
}

/** The plain sum of some members' vectors, which are those of their names. */
export function plainSum(dimension: number, ids: readonly string[]): Uint32Array {
  const sum = new Uint32Array(dimension);
  for (const id of ids) addInto(sum, seededVector(id, dimension));
  return sum;
}
