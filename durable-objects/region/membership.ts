/**
 * In whose rounds a region takes part: its own collection's over RPC, or those of a collection of another operator's
 * deployment over HTTP, by invitation. Either way the same participant runs, and the region holds every round against
 * what was agreed and charges its own ledger before its share of the sum can be released.
 */
import type { Engine } from '../../models/engine.ts';
import { fromBase64Url } from '../../shared/crypto/bytes.ts';
import { type Signer, signerFromSeed } from '../../shared/crypto/ed25519.ts';
import { AgreedRounds, type Charged } from '../../shared/participant/agreement.ts';
import { catchUp, enrol, prefixOf } from '../../shared/participant/enrol.ts';
import { HubError, httpPort } from '../../shared/participant/http-port.ts';
import { Participant } from '../../shared/participant/participant.ts';
import { refusalOf } from '../../shared/participant/refusals.ts';
import type { SecureIdentity } from '../../shared/participant/secure-answer.ts';
import { charge, type PrivacyPolicy } from '../../shared/privacy/ledger.ts';
import type { RandomSource } from '../../shared/privacy/random-source.ts';
import { type Agreement, Invitation } from '../../shared/protocol/enrolment.ts';
import type { RoundSpec } from '../../shared/protocol/rounds.ts';
import type { AdapterSettings } from '../../shared/protocol/settings.ts';
import { policyOf } from '../../shared/round/noise-plan.ts';
import { chargeOf } from '../../shared/round/noised-release.ts';
import type { RosterPin } from '../../shared/secagg/roster.ts';
import { modelInfo } from '../engine.ts';
import type { ObjectsEnv } from '../env.ts';
import type { LedgerStore } from '../ledger-store.ts';
import { coordinator } from '../names.ts';
import type { Values } from '../sql.ts';
import type { Identity } from './identity.ts';
import type { Join } from './join.ts';
import { rpcPort } from './port.ts';
import type { Shard } from './shard.ts';

/** The last round that this region let be released is kept under this name, also when the collection is deleted. */
export const CHARGED = 'charged';
/** Who joined another deployment can not be woken: it asks. */
const IDLE_MS = 20_000;
/** Invites carry a few rosters: more are not signed in this time. */
const STALE_MS = 600_000;
/** After an answer that no repetition changes, such as that of a deployment which removed this participant. */
const REFUSED_MS = 600_000;

export interface MembershipParts {
  storage: DurableObjectStorage;
  values: Values;
  env: ObjectsEnv;
  shard: Shard;
  ledger: LedgerStore;
  identity: Identity;
  engine: (adapter: AdapterSettings) => Promise<Engine>;
  random: RandomSource;
  join: Join | null;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Tokens of one slice. */
  sliceTokens: number;
}

export class Membership {
  readonly #parts: MembershipParts;
  readonly #begunAt = Date.now();
  readonly participant: Participant;

  private constructor(parts: MembershipParts, participant: Participant) {
    this.#parts = parts;
    this.participant = participant;
  }

  static async begin(parts: MembershipParts): Promise<Membership> {
    const { sha256: encoder } = await modelInfo(parts.env, parts.identity.settings.encoder);
    const signer = await signerFromSeed(fromBase64Url(parts.identity.seed, 32));
    const participant =
      parts.join === null
        ? ownParticipant(parts, signer, encoder)
        : await guest(parts, parts.join, signer, encoder);
    return new Membership(parts, participant);
  }

  /** Whether to begin anew: a guest follows the rosters of the other deployment when it begins. */
  get isStale(): boolean {
    return this.#parts.join !== null && Date.now() - this.#begunAt >= STALE_MS;
  }

  /** When to come again although nothing is under way; null: when woken. */
  get idleMs(): number | null {
    return this.#parts.join === null ? null : IDLE_MS;
  }
}

/** The configuration does not fit what this region was invited to. */
class JoinError extends Error {
  override readonly name = 'JoinError';
}

/** When to try again after `error`; null: as after any other. */
export function retryMsOf(error: unknown): number | null {
  const refused = error instanceof HubError && (error.status === 401 || error.status === 403);
  return refused || error instanceof JoinError ? REFUSED_MS : null;
}

function ownParticipant(parts: MembershipParts, signer: Signer, encoder: string): Participant {
  const { identity, env, ledger, values } = parts;
  const { collection, name, settings, adminKey } = identity;
  const policy = policyOf(settings.privacy, settings.retentionDays);
  const refuses = (spec: RoundSpec): string | null => {
    const refusal = refusalOf(spec, collection, settings);
    if (refusal !== null) return refusal;
    const entry = chargeOf(spec);
    if (entry === null) return null;
    const last = values.get<Charged>(CHARGED);
    // A charge is known by its serial: a coordinator that uses one twice would get the second round for nothing.
    if (last !== null && spec.serial <= last.serial && spec.id !== last.id) {
      return `round ${spec.id}: serial ${spec.serial} is not above ${last.serial}, which was charged`;
    }
    const result = charge(ledger.covering(policy), ledger.entries(), entry);
    return result.ok ? null : `round ${spec.id}: ${result.code}`;
  };
  return new Participant({
    ...common(parts),
    name,
    port: rpcPort(() => coordinator(env, collection, settings)),
    engine: () => parts.engine(settings.adapter),
    secure: secured(parts, { signer, adminKey, encoder, privacy: settings.privacy, refuses, policy }),
  });
}

/** A participant of another operator's collection. Enrols first. */
async function guest(
  parts: MembershipParts,
  join: Join,
  signer: Signer,
  encoder: string,
): Promise<Participant> {
  const { identity, ledger, values } = parts;
  const { privacy } = identity.settings;
  if (!Invitation.safeParse(join.invitation).success) {
    throw new JoinError(`FEDCAR_JOIN_INVITE: no invitation (fci1.…) for region ${identity.name}`);
  }
  const connection = {
    signer,
    fetch: parts.fetch,
    now: () => Date.now(),
    pause: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  };
  const known = values.get<{ invitation: string; agreement: Agreement }>('agreement');
  const agreement =
    known?.invitation === join.invitation
      ? known.agreement
      : await enrol(join.invitation, { ...connection, url: join.url });
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
    throw new Error(
      `join: ${collection} protects a ${terms.privacy.unit}, and this deployment a ${privacy.unit}`,
    );
  }
  const rounds = new AgreedRounds(agreement, {
    epsilon: Math.min(privacy.epsilon, terms.privacy.epsilon),
    delta: Math.min(privacy.delta, terms.privacy.delta),
  });
  const port = httpPort({ ...connection, url: prefixOf(join.url, collection), name, waitS: 20 });
  const secure = secured(parts, {
    signer,
    adminKey,
    encoder,
    privacy: terms.privacy,
    refuses: (spec) => rounds.refuses(spec, ledger.entries(), values.get<Charged>(CHARGED)),
    policy: rounds.policy,
  });
  await catchUp(port, agreement, secure);
  return new Participant({ ...common(parts), name, port, engine: () => parts.engine(terms.adapter), secure });
}

function common({ shard, random, sliceTokens }: MembershipParts) {
  return { store: shard, now: () => Date.now(), random, sliceTokens };
}

function secured(
  { storage, values, ledger }: MembershipParts,
  by: Pick<SecureIdentity, 'signer' | 'adminKey' | 'encoder' | 'privacy' | 'refuses'> & {
    policy: PrivacyPolicy;
  },
): SecureIdentity {
  const { policy, ...identity } = by;
  return {
    ...identity,
    pin: () => values.get<RosterPin>('pin'),
    savePin: (pin) => values.set('pin', pin),
    charge(spec) {
      const refusal = identity.refuses(spec);
      const entry = chargeOf(spec);
      if (refusal !== null || entry === null) return refusal;
      return storage.transactionSync(() => {
        const result = ledger.charge(policy, entry);
        if (!result.ok) return `round ${spec.id}: ${result.code}`;
        values.set(CHARGED, { serial: spec.serial, id: spec.id } satisfies Charged);
        return null;
      });
    },
  };
}
