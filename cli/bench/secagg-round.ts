/**
 * One measured round of secure aggregation: N participants and the coordinator in this process, over a perfect network.
 * The coordinator keeps its rows as its object does, in SQLite.
 */
import { SECAGG_TABLES, SecaggStore } from '../../durable-objects/coordinator/secagg-store.ts';
import { BLOB_TABLE } from '../../durable-objects/sql.ts';
import { toBase64Url } from '../../shared/crypto/bytes.ts';
import { generateSigner, type Signer } from '../../shared/crypto/ed25519.ts';
import { importMaskKey, type MaskKey, maskWords } from '../../shared/crypto/prg.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import { addInto } from '../../shared/crypto/ring.ts';
import {
  type AggregationGraph,
  ROSTER_VERSION,
  type RoundParameters,
  SECAGG_PROTOCOL,
  type SignedRoster,
} from '../../shared/protocol/secagg.ts';
import { roundContext } from '../../shared/secagg/context.ts';
import { frameCount, frameRange } from '../../shared/secagg/frames.ts';
import { chooseGraph } from '../../shared/secagg/graph-bounds.ts';
import { MemoryClientStore } from '../../shared/secagg/memory-store.ts';
import { defaultThreshold, rosterHash, signRoster } from '../../shared/secagg/roster.ts';
import { type MessagePhase, noMessages } from '../../shared/secagg/server-state.ts';
import { simulate } from '../../shared/secagg/simulate.ts';
import {
  applySurplus,
  firstRevealed,
  surplusGaussians,
  surplusPart,
} from '../../shared/secagg/surplus-noise.ts';
import { PERFECT_NETWORK } from '../../shared/secagg/virtual-network.ts';
import { openSqliteStorage } from './sqlite-storage.ts';

export interface RoundCase {
  clients: number;
  dimension: number;
  /** Clients that vanish when their masked vector is due: the most that unmasking can cost. */
  drop: number;
  /** Above so many members the graph is k-regular. */
  completeUpTo: number;
  /** b: coordinates are integers mod 2ᵇ. */
  bits: number;
  /** z of the surplus noise that members add, of which the coordinator takes out what so many survivors do not need; 0: none. */
  noise?: number;
}

/** Milliseconds of processor time and of the clock. */
export interface Cost {
  cpu: number;
  wall: number;
}

export interface RoundFigures {
  graph: AggregationGraph;
  threshold: number;
  /** Of each surviving client: cost by phase. */
  clients: Record<string, Cost>[];
  server: Record<string, Cost>;
  bytes: { up: number; down: number }[];
}

/** Each client is its own operator, and one more may collude. */
const COLLUDERS = 2;

const PHASES = Object.keys(noMessages()) as MessagePhase[];

function meter() {
  const costs = new Map<string, Record<string, Cost>>();
  const measure = async (actor: string, phase: string, work: () => Promise<void>): Promise<void> => {
    const wall = performance.now();
    const cpu = process.cpuUsage();
    await work();
    const spent = process.cpuUsage(cpu);
    const mine = costs.get(actor) ?? {};
    const sum = mine[phase] ?? { cpu: 0, wall: 0 };
    sum.cpu += (spent.user + spent.system) / 1000;
    sum.wall += performance.now() - wall;
    costs.set(actor, { ...mine, [phase]: sum });
  };
  return { costs, measure };
}

/** A client's vector is a stream of its own, so that hundreds of long ones need no memory. */
async function streamInput(dimension: number) {
  const key: MaskKey = await importMaskKey(systemRandom(32));
  return { dimension, read: (first: number, count: number) => maskWords(key, first, count) };
}

interface SummedRound {
  parameters: RoundParameters;
  roster: SignedRoster;
  survivors: readonly string[];
  input: (member: string) => Awaited<ReturnType<typeof streamInput>>;
  /** Seeds of a member's surplus noise. */
  seeds: (member: string) => readonly string[];
}

/** The survivors' vectors with that of their surplus noise which stays, added up without masks. */
async function plainSum({ parameters, roster, survivors, input, seeds }: SummedRound): Promise<Uint32Array> {
  const context = roundContext(parameters, roster.roster);
  const { dimension } = parameters;
  const gaussians = surplusGaussians(context).slice(0, firstRevealed(context, survivors.length));
  const sum = new Uint32Array(dimension);
  for (const id of survivors) {
    const parts = await Promise.all(
      gaussians.map((gaussian, part) => surplusPart(context, id, part, seeds(id)[part]!, gaussian)),
    );
    for (let index = 0; index < frameCount(dimension); index++) {
      const { first, count } = frameRange(dimension, index);
      const words = await input(id).read(first, count);
      await applySurplus(words, index, parts, 1);
      addInto(sum.subarray(first, first + count), words);
    }
  }
  return sum;
}

/** @throws Error unless the unmasked sum is the plain sum bit for bit. */
export async function measureRound({
  clients,
  dimension,
  bits,
  drop,
  completeUpTo,
  noise = 0,
}: RoundCase): Promise<RoundFigures> {
  const { signer: admin } = await generateSigner(systemRandom);
  const signers: Signer[] = [];
  for (let i = 0; i < clients; i++) signers.push((await generateSigner(systemRandom)).signer);
  const ids = signers.map((_, i) => `client-${String(i).padStart(4, '0')}`);
  const threshold = defaultThreshold(clients, COLLUDERS);
  const roster = await signRoster(
    {
      version: ROSTER_VERSION,
      collection: 'bench',
      epoch: 0,
      previous: null,
      members: signers.map(({ key }, i) => ({ id: ids[i]!, key: toBase64Url(key), operator: ids[i]! })),
      threshold,
      colluders: COLLUDERS,
    },
    admin,
  );
  const graph = chooseGraph(
    {
      members: clients,
      corrupt: Math.floor(clients / 20),
      dropped: clients - threshold,
      securityBits: 40,
      correctnessBits: 20,
    },
    completeUpTo,
    systemRandom,
  );
  const inputs = await Promise.all(signers.map(() => streamInput(dimension)));
  const { costs, measure } = meter();
  const parameters: RoundParameters = {
    protocol: SECAGG_PROTOCOL,
    collection: 'bench',
    round: 'bench:1',
    rosterHash: rosterHash(roster.roster),
    modelHash: '0'.repeat(64),
    taskHash: '0'.repeat(64),
    samplingRate: 0.2,
    noiseMultiplier: noise,
    clipNorm: 1,
    gridStep: 1 / (100 * Math.sqrt(dimension)),
    dimension,
    bits,
    threshold,
    colluders: COLLUDERS,
    graph,
  };
  const stores = new Map(ids.map((id) => [id, new MemoryClientStore()]));
  const seeds = new Map<string, readonly string[]>();
  using object = await openSqliteStorage();
  object.storage.sql.exec(`${BLOB_TABLE}${SECAGG_TABLES}`);
  const result = await simulate({
    config: {
      parameters,
      roster,
      timeouts: { advertise: 1e6, share: 1e6, checked: 1e6, masked: 1e6, consistency: 1e6, unmask: 1e6 },
    },
    members: signers.map((signer, i) => ({
      id: ids[i]!,
      signer,
      input: inputs[i]!,
      trust: {
        collection: 'bench',
        adminKey: toBase64Url(admin.key),
        pin: null,
        approve: () => null,
        charge: () => {},
      },
      store: stores.get(ids[i]!)!,
      ...(i >= clients - drop && { vanishesAt: 'masked' as const }),
    })),
    serverStore: new SecaggStore(object.storage),
    network: PERFECT_NETWORK,
    random: systemRandom,
    pollMs: 1e5,
    meter: async (actor, phase, work) => {
      await measure(actor, phase, work);
      // Kept here for the check, since members forget them.
      if (phase === 'masked' && actor !== 'server')
        seeds.set(actor, stores.get(actor)!.load()!.secrets!.surplus);
    },
  });
  if (result.sum === null) throw new Error(`the round was aborted: ${result.state.abort?.detail}`);
  const { survivors } = result.state;
  const plain = await plainSum({
    parameters,
    roster,
    survivors,
    input: (id) => inputs[ids.indexOf(id)]!,
    seeds: (id) => seeds.get(id)!,
  });
  const mask = 2 ** bits - 1;
  if (plain.some((word, i) => (word & mask) >>> 0 !== result.sum![i]))
    throw new Error('the sum is not the plain sum');
  return {
    graph,
    threshold,
    clients: survivors.map((id) => costs.get(id)!),
    server: costs.get('server')!,
    bytes: survivors.map((id) => result.bytes[id]!),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const rounded = (value: number) => Math.round(value * 10) / 10;

/** The figures that are reported of one round; milliseconds and bytes. */
export function summarise(round: RoundCase, figures: RoundFigures) {
  const total = (cost: 'cpu' | 'wall') =>
    rounded(
      median(figures.clients.map((phases) => PHASES.reduce((sum, phase) => sum + phases[phase]![cost], 0))),
    );
  const byPhase = Object.fromEntries(
    PHASES.map((phase) => [phase, rounded(median(figures.clients.map((phases) => phases[phase]!.cpu)))]),
  );
  const { graph } = figures;
  return {
    clients: round.clients,
    dimension: round.dimension,
    bits: round.bits,
    dropped: round.drop,
    noise: round.noise ?? 0,
    threshold: figures.threshold,
    graph: graph.kind,
    security: graph.security,
    neighbours: graph.kind === 'complete' ? round.clients - 1 : graph.degree,
    client_total_ms: total('cpu'),
    client_wall_ms: total('wall'),
    client_phase_ms: byPhase,
    server_phase_ms: Object.fromEntries(
      Object.entries(figures.server).map(([phase, { cpu }]) => [phase, rounded(cpu)]),
    ),
    server_total_ms: rounded(Object.values(figures.server).reduce((sum, { cpu }) => sum + cpu, 0)),
    server_unmask_ms: rounded(figures.server.reconstruct!.cpu),
    server_unmask_wall_ms: rounded(figures.server.reconstruct!.wall),
    client_bytes_up: median(figures.bytes.map(({ up }) => up)),
    client_bytes_down: median(figures.bytes.map(({ down }) => down)),
  };
}
