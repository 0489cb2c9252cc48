/**
 * The product's own participant under audit: rounds go in, the words that leave come out. Selection, clipping, encoding,
 * noise, guard and ledger are those of production; only the coordinator is replaced, by one that hands out the rounds
 * that the audit asks for and keeps what it is sent.
 */
import type { Engine } from '../../../models/engine.ts';
import { promiseOf } from '../../../shared/certificate/round-log.ts';
import { packedLength, unpack } from '../../../shared/crypto/packed-ring.ts';
import type { CoordinatorPort } from '../../../shared/participant/coordinator-port.ts';
import { openParticipant } from '../../../shared/participant/open.ts';
import type { Participant } from '../../../shared/participant/participant.ts';
import { refusalOf } from '../../../shared/participant/refusals.ts';
import type { Joined, Kept, Ledger } from '../../../shared/participant/round-guard.ts';
import type { ShardStore } from '../../../shared/participant/shard-store.ts';
import { charge, type LedgerEntry, type PrivacyPolicy } from '../../../shared/privacy/ledger.ts';
import type { RandomSource } from '../../../shared/privacy/random-source.ts';
import { joinParts, partOf } from '../../../shared/protocol/parameters.ts';
import type { PrivacySettings } from '../../../shared/protocol/privacy-settings.ts';
import type { RoundSpec, RowEntry } from '../../../shared/protocol/rounds.ts';
import { CollectionSettings } from '../../../shared/protocol/settings.ts';

export const COLLECTION = 'audit';
const NAME = 'subject';
const LINEAGE = 'audit';
/** More than any round of an audit has. */
const SLICE_TOKENS = 1 << 20;

/** What the coordinator has: its rows, one a document, and the bytes that rounds refer to, by key. */
export interface Hub {
  items: readonly string[];
  states: ReadonlyMap<string, Uint8Array>;
}

export interface SubjectOptions {
  hub: Hub;
  store: ShardStore;
  engine: Engine;
  /** What the participant's ledger admits. */
  policy: PrivacyPolicy;
  noise: PrivacySettings['noise'];
  /** Of the dither and the noise. */
  random: RandomSource;
}

export class AuditSubject {
  readonly #participant: Participant;
  readonly #coordinator: SoleCoordinator;
  #charged: LedgerEntry[] = [];
  /** The clock stands at the round's beginning. */
  #at = 0;

  constructor({ hub, store, engine, policy, noise, random }: SubjectOptions) {
    const coordinator = new SoleCoordinator(hub);
    const { privacy } = CollectionSettings.parse({ privacy: { noise, aggregation: 'plain' } });
    const ledger: Ledger = {
      refuses: (entry) => {
        const result = charge(policy, this.#charged, entry);
        return result.ok ? null : result.code;
      },
      charge: (entry) => {
        const refusal = ledger.refuses(entry);
        if (refusal === null) this.#charged.push(entry);
        return refusal;
      },
    };
    const promise = promiseOf(policy, privacy);
    this.#coordinator = coordinator;
    this.#participant = openParticipant({
      ...{
        name: NAME,
        collection: COLLECTION,
        port: coordinator,
        store,
        random,
        sliceTokens: SLICE_TOKENS,
        ledger,
        privacy,
      },
      engine: async () => engine,
      now: () => this.#at,
      retentionMs: policy.retentionMs,
      note: (reason) => {
        throw new RangeError(reason);
      },
      rules: (spec) => refusalOf(spec, COLLECTION, { privacy, regions: [] }),
      joined: inMemory<Joined>(),
      pin: inMemory(),
      // No version comes of it, so there is nothing to sign.
      witness: { log: { add: () => {}, of: () => [] }, entries: () => this.#charged, promise: () => promise },
      signer: {
        key: new Uint8Array(32),
        sign: () => Promise.reject(new TypeError('sums of an audit are plain')),
      },
      ...{ adminKey: '', encoder: engine.info.sha256 },
    });
  }

  /** Forgets what earlier rounds cost: another run of the mechanism begins. */
  begin(): void {
    this.#charged = [];
  }

  /**
   * What the participant sends for the round, `dimension` words mod 2ᵇ.
   * @throws RangeError with the participant's reason when it stays out
   */
  async contribution(spec: RoundSpec): Promise<Uint32Array> {
    this.#at = spec.startedAt;
    this.#coordinator.open(spec);
    for (;;) {
      const words = this.#coordinator.take();
      if (words !== null) return words;
      await this.#participant.step();
    }
  }
}

function inMemory<T>(): Kept<T> {
  let kept: T | null = null;
  return {
    get: () => kept,
    set: (value) => {
      kept = value;
    },
  };
}

/** Hands out one round at a time and keeps the vector of its only participant. */
class SoleCoordinator implements CoordinatorPort {
  readonly #hub: Hub;
  #spec: RoundSpec | null = null;
  #chunks: Uint8Array[] = [];
  #ready = false;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  open(spec: RoundSpec): void {
    this.#spec = { ...spec, lineage: LINEAGE };
    this.#chunks = [];
    this.#ready = false;
  }

  take(): Uint32Array | null {
    if (!this.#ready) return null;
    const { dimension, bits } = this.#spec!;
    return unpack(joinParts(this.#chunks, packedLength(dimension, bits)), bits, dimension);
  }

  async poll(): ReturnType<CoordinatorPort['poll']> {
    return this.#spec === null || this.#ready
      ? { do: 'wait', ms: 0, round: null }
      : { do: 'work', spec: this.#spec };
  }

  async report(message: Parameters<CoordinatorPort['report']>[0]): ReturnType<CoordinatorPort['report']> {
    this.#ready ||= message.type === 'ready';
    return { current: true };
  }

  async putChunk(header: { chunk: number }, bytes: Uint8Array): ReturnType<CoordinatorPort['putChunk']> {
    this.#chunks[header.chunk] = bytes;
    return { current: true };
  }

  async arrived(): ReturnType<CoordinatorPort['arrived']> {
    return { chunks: [], frames: [] };
  }

  putFrame(): never {
    throw new TypeError('sums of an audit are plain');
  }

  async statePart(key: string, part: number): Promise<Uint8Array | null> {
    const bytes = this.#hub.states.get(key);
    return bytes === undefined ? null : partOf(bytes, part).slice();
  }

  async rowsSince(after: number): Promise<RowEntry[]> {
    return this.#hub.items
      .map((item, row) => ({ row, item, ordinal: 0, region: NAME, removed: false, changedAt: row + 1 }))
      .slice(after);
  }

  rowEmbeddings(): never {
    throw new TypeError('documents of an audit have one passage each');
  }
}
