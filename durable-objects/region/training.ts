/**
 * The region as a participant: it joins its own collection or another deployment's, and works in slices that fit an
 * alarm. Invariant: what it is a member of is asked anew when it is stale, was refused, or the region's settings changed.
 */
import type { RandomSource } from '../../shared/privacy/random-source.ts';
import { engineFor } from '../engine.ts';
import type { ObjectsEnv } from '../env.ts';
import type { LedgerStore } from '../ledger-store.ts';
import type { TraceHost } from '../tracing.ts';
import type { Values } from '../values.ts';
import type { Identity } from './identity.ts';
import { type Join, noteJoin } from './join.ts';
import { Membership, retryMsOf } from './membership.ts';
import type { RoundLogStore } from './round-log-store.ts';
import { tracedWork } from './round-work.ts';
import type { Shard } from './shard.ts';

/** Tokens of a training slice: a few seconds of work, far below the CPU limit of an alarm. */
const SLICE_TOKENS = 4096;
/** Steps of one alarm, of which a secure round takes twelve; at most one of them is a full slice. */
const STEPS_PER_ALARM = 14;

export interface TrainingDeps {
  env: ObjectsEnv;
  host: TraceHost;
  values: Values;
  shard: Shard;
  ledger: LedgerStore;
  log: RoundLogStore;
  identity(): Identity;
  /** Where the region takes part instead of in its own collection. */
  joins(identity: Identity): Join | null;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Draws samples, dithers and noise. */
  random(): RandomSource;
}

export class Training {
  readonly #deps: TrainingDeps;
  #membership: Membership | null = null;

  constructor(deps: TrainingDeps) {
    this.#deps = deps;
  }

  /** Joins anew with the next slice. */
  leave(): void {
    this.#membership = null;
  }

  /** Works until a slice is done or there is nothing to do. Returns when to come again; null: when woken. */
  async slice(): Promise<number | null> {
    if (this.#membership?.isStale) this.#membership = null;
    this.#membership ??= await this.#join();
    const { host, shard, identity } = this.#deps;
    const { name } = identity();
    const { participant, idleMs } = this.#membership;
    const before = shard.job()?.tokens ?? 0;
    for (let step = 0; step < STEPS_PER_ALARM; step++) {
      const after = await tracedWork(host, { shard, name }, () => participant.step());
      if (after !== 0) return after ?? idleMs;
      if ((shard.job()?.tokens ?? before) - before >= SLICE_TOKENS) break;
    }
    return 0;
  }

  /** After a failure: milliseconds until another try makes sense; null where it was no refusal to let this region join. */
  refused(error: unknown): number | null {
    const retryMs = retryMsOf(error);
    if (retryMs === null) return null;
    // Shown to its operator.
    noteJoin(this.#deps.values, this.#deps.env.FEDCAR_JOIN_URL, (error as Error).message);
    this.leave();
    return retryMs;
  }

  async #join(): Promise<Membership> {
    const { env, values, joins, ...deps } = this.#deps;
    const identity = deps.identity();
    const join = joins(identity);
    const membership = await Membership.begin({
      ...{ env, values, join, identity, sliceTokens: SLICE_TOKENS },
      ...{ shard: deps.shard, ledger: deps.ledger, log: deps.log },
      engine: (adapter) =>
        engineFor(env, { adapter, encoder: identity.settings.encoder }, { purpose: 'train' }),
      random: deps.random(),
      fetch: deps.fetch,
    });
    noteJoin(values, join?.url, null);
    return membership;
  }
}
