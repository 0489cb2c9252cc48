/**
 * In whose rounds a region takes part: its own collection's over RPC, or those of a collection of another operator's
 * deployment over HTTP, by invitation. Either way the same participant runs, and the region holds every round against
 * what was agreed and charges its own ledger before its vector leaves.
 */

import type { Engine } from '../../models/engine.ts';
import { workerProducts } from '../../models/scoring/worker-products.ts';
import { promiseOf, type RoundLog } from '../../shared/certificate/round-log.ts';
import { fromBase64Url } from '../../shared/crypto/bytes.ts';
import { type Signer, signerFromSeed } from '../../shared/crypto/ed25519.ts';
import { logLine } from '../../shared/log.ts';
import { AgreedRounds } from '../../shared/participant/agreement.ts';
import { catchUp, enrol, prefixOf } from '../../shared/participant/enrol.ts';
import { HubError, httpPort } from '../../shared/participant/http-port.ts';
import { openParticipant } from '../../shared/participant/open.ts';
import type { Participant } from '../../shared/participant/participant.ts';
import { refusalOf } from '../../shared/participant/refusals.ts';
import type { Joined, Kept } from '../../shared/participant/round-guard.ts';
import { weakTerms } from '../../shared/participant/weak-terms.ts';
import type { PrivacyPolicy } from '../../shared/privacy/ledger.ts';
import type { RandomSource } from '../../shared/privacy/random-source.ts';
import { type Agreement, Invitation, type TermsDocument } from '../../shared/protocol/enrolment.ts';
import type { PrivacySettings } from '../../shared/protocol/privacy-settings.ts';
import type { AdapterSettings } from '../../shared/protocol/training-settings.ts';
import { policyOf } from '../../shared/round/noise-plan.ts';
import { ProtocolError } from '../../shared/secagg/errors.ts';
import type { RosterPin } from '../../shared/secagg/roster.ts';
import { clock } from '../clock.ts';
import { modelInfo } from '../engine.ts';
import type { ObjectsEnv } from '../env.ts';
import type { LedgerStore } from '../ledger-store.ts';
import { coordinator } from '../names.ts';
import { traced } from '../request-context.ts';
import type { Values } from '../values.ts';
import { guestRules, keptIn, OWN_CHARGES } from './guest-rules.ts';
import type { Identity } from './identity.ts';
import { asVariable, type Join, JoinError } from './join.ts';
import { rpcPort } from './port.ts';
import type { Shard } from './shard.ts';

const JOINED = 'joined';
/** Under this name earlier versions kept the last round that they let be released. */
const CHARGED = 'charged';
/** What names the last round that this region joined: kept also when the collection is deleted. */
export const KEPT_SERIALS = [JOINED, CHARGED, OWN_CHARGES];
/** Who joined another deployment can not be woken: it asks. */
const IDLE_MS = 20_000;
/** Invites carry a few rosters: more are not signed in this time. */
const STALE_MS = 600_000;
/** After an answer that no repetition changes, such as that of a deployment which removed this participant. */
const REFUSED_MS = 600_000;

export interface MembershipDeps {
  values: Values;
  env: ObjectsEnv;
  shard: Shard;
  ledger: LedgerStore;
  log: RoundLog;
  identity: Identity;
  engine: (adapter: AdapterSettings) => Promise<Engine>;
  random: RandomSource;
  join: Join | null;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Tokens of one slice. */
  sliceTokens: number;
}

export class Membership {
  readonly #deps: MembershipDeps;
  readonly #begunAt = clock.now();
  readonly participant: Participant;

  private constructor(deps: MembershipDeps, participant: Participant) {
    this.#deps = deps;
    this.participant = participant;
  }

  static async begin(deps: MembershipDeps): Promise<Membership> {
    const { sha256: encoder } = await modelInfo(deps.env, deps.identity.settings.encoder);
    const signer = await signerFromSeed(fromBase64Url(deps.identity.seed, 32));
    const participant =
      deps.join === null
        ? ownParticipant(deps, signer, encoder)
        : await guest(deps, deps.join, signer, encoder);
    return new Membership(deps, participant);
  }

  /** Whether to begin anew: a guest follows the rosters of the other deployment when it begins. */
  get isStale(): boolean {
    return this.#deps.join !== null && clock.now() - this.#begunAt >= STALE_MS;
  }

  /** When to come again although nothing is under way; null: when woken. */
  get idleMs(): number | null {
    return this.#deps.join === null ? null : IDLE_MS;
  }
}

/** When to try again after `error`; null: as after any other. */
export function retryMsOf(error: unknown): number | null {
  const refused = error instanceof HubError && (error.status === 401 || error.status === 403);
  return refused || error instanceof JoinError || error instanceof ProtocolError ? REFUSED_MS : null;
}

function ownParticipant(deps: MembershipDeps, signer: Signer, encoder: string): Participant {
  const { identity, env } = deps;
  const { collection, name, settings, adminKey } = identity;
  const { privacy, retentionDays, adapter } = settings;
  return openParticipant({
    ...common(deps, policyOf(privacy, retentionDays), privacy),
    ...{ name, collection, signer, adminKey, encoder, privacy },
    port: rpcPort(() => traced(coordinator(env, collection, settings))),
    engine: () => deps.engine(adapter),
    rules: (spec) => refusalOf(spec, collection, settings),
  });
}

/** A participant of another operator's collection. Enrols first. */
async function guest(
  deps: MembershipDeps,
  join: Join,
  signer: Signer,
  encoder: string,
): Promise<Participant> {
  const { identity, values } = deps;
  const { privacy } = identity.settings;
  if (!Invitation.safeParse(join.invitation).success) {
    throw new JoinError(`FEDCAR_JOIN_INVITE: no invitation (fci2.…) for region ${identity.name}`);
  }
  const connection = {
    signer,
    fetch: deps.fetch,
    now: clock.now,
    pause: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  };
  const known = values.get<{ invitation: string; agreement: Agreement }>('agreement');
  const agreement =
    known?.invitation === join.invitation
      ? known.agreement
      : await enrol(join.invitation, {
          ...connection,
          url: join.url,
          agree: (document) => take(document, join, identity.settings.privacy.unit),
        });
  if (known?.invitation !== join.invitation) {
    values.set('agreement', { invitation: join.invitation, agreement });
    values.delete('pin');
  }
  const { terms, collection, name, admin_key: adminKey } = agreement;
  if (agreement.model.sha256 !== encoder) {
    throw new JoinError(
      `${collection} uses the encoder ${agreement.model.name}, which this deployment has not`,
    );
  }
  if (terms.privacy.unit !== privacy.unit) {
    throw new JoinError(otherUnit(collection, terms.privacy.unit, privacy.unit));
  }
  const rounds = new AgreedRounds(agreement, {
    epsilon: Math.min(privacy.epsilon, terms.privacy.epsilon),
    delta: Math.min(privacy.delta, terms.privacy.delta),
  });
  const port = httpPort({ ...connection, url: prefixOf(join.url, collection), name, waitS: 20 });
  const own = guestRules(deps, join, name, rounds.policy);
  await catchUp(port, agreement, pinOf(values), (roster) => void own.watch.meet(roster));
  return openParticipant({
    ...common(deps, rounds.policy, terms.privacy),
    ...own,
    ...{ name, collection, port, signer, adminKey, encoder, privacy: terms.privacy },
    engine: () => deps.engine(terms.adapter),
    rules: (spec) => rounds.refuses(spec),
  });
}

const otherUnit = (collection: string, there: string, here: string) =>
  `${collection} protects a ${there}, and this deployment a ${here}`;

/** Takes the terms of another deployment unless they are weak and nobody asked for that. @throws JoinError */
function take({ collection, terms }: TermsDocument, { allowed }: Join, unit: string): void {
  const { privacy } = terms;
  const weak = weakTerms(terms, allowed, asVariable);
  if (weak !== null) throw new JoinError(`${collection}: ${weak}`);
  if (privacy.unit !== unit) throw new JoinError(otherUnit(collection, privacy.unit, unit));
  const { aggregation, noise, epsilon, delta } = privacy;
  logLine('join_terms', { collection, aggregation, noise, epsilon, delta });
}

/** What all participants have that live in a region. */
function common(
  { shard, random, sliceTokens, values, ledger, log }: MembershipDeps,
  policy: PrivacyPolicy,
  { noise, unit }: Pick<PrivacySettings, 'noise' | 'unit'>,
) {
  return {
    ...{ store: shard, now: clock.now, random, sliceTokens, products: workerProducts },
    note: (reason: string) => logLine('round_refused', { level: 'warn', reason }),
    ledger: ledger.under(policy),
    witness: {
      log,
      entries: () => ledger.entries(),
      promise: () => promiseOf(ledger.covering(policy), { noise, unit }),
    },
    retentionMs: policy.retentionMs,
    pin: pinOf(values),
    joined: joinedOf(values),
  };
}

function pinOf(values: Values): Kept<RosterPin> {
  return keptIn(values, 'pin');
}

function joinedOf(values: Values): Kept<Joined> {
  return {
    get() {
      const [joined, charged] = [JOINED, CHARGED].map((name) => values.get<Joined>(name));
      return joined ?? (charged == null ? null : { serial: charged.serial, task: null });
    },
    set: (joined) => values.set(JOINED, joined),
  };
}
