/**
 * Takes part in a collection of another operator from Node: enrols once, then runs the same participant that regions
 * run, over a shard in files and with a ledger of its own.
 */
import { join } from 'node:path';
import { type Engine, openEngine } from '../../models/engine.ts';
import { fsSource } from '../../models/fs-source.ts';
import { nodeOrtWasm } from '../../models/ort-wasm-node.ts';
import { promiseOf } from '../../shared/certificate/round-log.ts';
import { toHex, utf8 } from '../../shared/crypto/bytes.ts';
import type { Signer } from '../../shared/crypto/ed25519.ts';
import { sha256 } from '../../shared/crypto/hash.ts';
import { AgreedRounds, type OwnBudget } from '../../shared/participant/agreement.ts';
import { catchUp, enrol, prefixOf } from '../../shared/participant/enrol.ts';
import { type HttpPort, httpPort } from '../../shared/participant/http-port.ts';
import { openParticipant as putTogether } from '../../shared/participant/open.ts';
import { OwnNoise } from '../../shared/participant/own-noise.ts';
import type { Participant } from '../../shared/participant/participant.ts';
import { type RosterLimits, RosterWatch } from '../../shared/participant/roster-watch.ts';
import type { Joined, Kept } from '../../shared/participant/round-guard.ts';
import { type Allowed, asFlag, weakTerms } from '../../shared/participant/weak-terms.ts';
import type { PrivacyPolicy } from '../../shared/privacy/ledger.ts';
import { cryptoSource, type RandomSource } from '../../shared/privacy/random-source.ts';
import { readInvitation, type Terms, type TermsDocument } from '../../shared/protocol/enrolment.ts';
import type { Roster } from '../../shared/protocol/secagg.ts';
import type { ParticipantData } from './data.ts';
import { FileShard } from './file-shard.ts';
import { LedgerFile } from './ledger-file.ts';
import { openQueryLog } from './query-log.ts';
import { type Membership, type ParticipantState, StateError } from './state.ts';

/** Tokens of one slice: progress is kept after each. */
const SLICE_TOKENS = 4096;
const DAY_MS = 86_400_000;

export interface Connection {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  now: () => number;
  pause: (ms: number) => Promise<void>;
  /** Seconds that the service may hold a poll. */
  waitS: number;
}

export interface EnrolmentOptions {
  url: string;
  /** Null: the state folder has to have an agreement already. */
  invitation: string | null;
  /** Own promise; the collection's where it is left out. */
  epsilon?: number | undefined;
  /** Keeps ε of this participant below, by its own noise alone; as before where it is left out. */
  ownEpsilon?: number | undefined;
  /** Weak terms that are taken. */
  allowed: Allowed;
  /** Shown terms that are not weak, or are allowed; throws when they are not taken. */
  agree(terms: TermsDocument): void | Promise<void>;
}

/** The agreement of the state folder, or a new one. @throws StateError when there is none and no invitation */
export async function becomeMember(
  state: ParticipantState,
  signer: Signer,
  options: EnrolmentOptions,
  connection: Connection,
): Promise<Membership> {
  const { url, invitation, epsilon, allowed, agree } = options;
  const ownEpsilon = options.ownEpsilon ?? state.membership()?.ownEpsilon;
  const kept = state.membership();
  const invited = invitation === null ? null : readInvitation(invitation);
  if (kept !== null && invited !== null) {
    const { collection, name } = kept.agreement;
    if (collection !== invited.collection || name !== invited.name) {
      throw new StateError(`${state.folder}: belongs to ${name} of ${collection}; take another --state`);
    }
  }
  if (kept === null && invitation === null) {
    throw new StateError(`${state.folder}: not enrolled yet; give the invitation with --invite`);
  }
  const used = invitation === null ? undefined : toHex(sha256(utf8(invitation)));
  const known = kept !== null && (used === undefined || isOf(kept, used, invited!.terms)) ? kept : null;
  const weakness = (terms: Terms, taken: Allowed) => {
    const weak = weakTerms(terms, taken, asFlag);
    if (weak !== null) throw new StateError(`${invited?.collection ?? kept!.agreement.collection}: ${weak}`);
  };
  const agreement =
    known?.agreement ??
    (await enrol(invitation!, {
      ...{ ...connection, url, signer },
      async agree(document) {
        weakness(document.terms, allowed);
        await agree(document);
      },
    }));
  // What was agreed to once stays so; only that vectors are seen is said at each start.
  const again = {
    plain: allowed.plain,
    noNoise: true,
    sparse: true,
    maxEpsilon: 1e9,
    maxDelta: 1,
    minColluders: 0,
  };
  if (known !== null) weakness(known.agreement.terms, again);
  // Rosters that another key signed say nothing any more.
  if (kept !== null && kept.agreement.admin_key !== agreement.admin_key) state.pin.forget();
  const { privacy } = agreement.terms;
  const budget: OwnBudget = {
    epsilon: Math.min(epsilon ?? kept?.budget.epsilon ?? privacy.epsilon, privacy.epsilon),
    delta: privacy.delta,
  };
  const invitationHash = known === null ? used : known.invitation;
  const membership: Membership = {
    url,
    agreement,
    budget,
    ...(ownEpsilon && { ownEpsilon }),
    ...(invitationHash && { invitation: invitationHash }),
  };
  if (JSON.stringify(kept) !== JSON.stringify(membership)) state.setMembership(membership);
  return membership;
}

/**
 * Whether a membership came of an invitation. Earlier releases did not write down of which: there one without terms, as
 * they made them, is taken for it.
 */
function isOf({ invitation }: Membership, used: string, terms: string | null): boolean {
  return invitation === undefined ? terms === null : invitation === used;
}

export interface OpenParticipant {
  participant: Participant;
  shard: FileShard;
  ledger: LedgerFile;
  port: HttpPort;
  /** Takes over the rosters that were signed since the last one it knows. */
  follow: () => Promise<void>;
}

export function portOf(membership: Membership, signer: Signer, connection: Connection): HttpPort {
  const { url, agreement } = membership;
  return httpPort({
    ...connection,
    url: prefixOf(url, agreement.collection),
    name: agreement.name,
    signer,
  });
}

/** @throws StateError when the model is not the one agreed on */
export async function openParticipant(options: {
  state: ParticipantState;
  membership: Membership;
  data: ParticipantData;
  /** Folder of the encoder's artifact. */
  model: string;
  connection: Connection;
  random?: RandomSource;
  /** Who may be in a roster. */
  limits?: RosterLimits;
  /** Told why it stays out of a round, and who comes and goes. */
  note?: (reason: string) => void;
}): Promise<OpenParticipant> {
  const { state, membership, data, connection, random = cryptoSource() } = options;
  const { agreement, budget } = membership;
  const { terms, name } = agreement;
  const { signer, splitKey } = await state.identity();
  const engine: Engine = await openEngine({
    source: fsSource(options.model),
    wasm: await nodeOrtWasm(),
    adapter: terms.adapter,
  });
  if (engine.info.sha256 !== agreement.model.sha256) {
    throw new StateError(
      `${options.model}: ${agreement.collection} uses the encoder ${agreement.model.name} ` +
        `(${agreement.model.sha256.slice(0, 12)}…), and this one is ${engine.info.name} (${engine.info.sha256.slice(0, 12)}…)`,
    );
  }
  const log = openQueryLog(state.folder, data.records, {
    terms,
    key: splitKey,
    tokenize: (text) => engine.tokenize(text, 'query'),
    now: connection.now(),
  });
  const { unit, recordsPerContributor } = terms.privacy;
  const shard = new FileShard({
    folder: state.folder,
    log,
    titles: new Map(data.documents.map(({ document }) => [document.key, document.title])),
    // Contributors are the participant's own: nobody else trains on them.
    policy: { unit, recordsPerContributor, home: { region: name, regions: [name], key: splitKey } },
    retentionMs: terms.retentionDays * DAY_MS,
    random,
  });
  const rounds = new AgreedRounds(agreement, budget);
  const ledger = new LedgerFile(join(state.folder, 'ledger.jsonl'), rounds.policy);
  const port = portOf(membership, signer, connection);
  const note = options.note ?? (() => {});
  const watch = new RosterWatch({ self: name, limits: options.limits ?? {}, told: state.told, tell: note });
  const participant = putTogether({
    name,
    collection: agreement.collection,
    port,
    store: shard,
    engine: async () => engine,
    now: connection.now,
    random,
    sliceTokens: SLICE_TOKENS,
    signer,
    adminKey: agreement.admin_key,
    encoder: agreement.model.sha256,
    privacy: terms.privacy,
    note,
    watch,
    own: ownNoiseOf(state, shard, membership, rounds.policy),
    rules: (spec) => rounds.refuses(spec),
    ledger,
    witness: {
      log: state.log,
      entries: () => ledger.entries(),
      promise: () => promiseOf(ledger.policy, terms.privacy),
    },
    retentionMs: rounds.policy.retentionMs,
    pin: state.pin,
    joined: joinedSince(state.joined, ledger),
  });
  const tell = (roster: Roster) => void watch.meet(roster);
  return { participant, shard, ledger, port, follow: () => catchUp(port, agreement, state.pin, tell) };
}

/** @throws StateError for a figure that is below the budget */
function ownNoiseOf(
  state: ParticipantState,
  shard: FileShard,
  { ownEpsilon }: Membership,
  policy: PrivacyPolicy,
): OwnNoise | null {
  // Work under way was, or will be, noised by another figure than its charge would say.
  if ((state.drawn.get() ?? 0) !== (ownEpsilon ?? 0)) shard.clearJob();
  state.drawn.set(ownEpsilon ?? 0);
  if (ownEpsilon === undefined) return null;
  try {
    return new OwnNoise(policy, ownEpsilon, state.ownCharges);
  } catch (error) {
    if (error instanceof RangeError) throw new StateError(`--own-epsilon: ${error.message} (--epsilon)`);
    throw error;
  }
}

/** Earlier versions kept serials in the ledger alone. */
function joinedSince(joined: Kept<Joined>, ledger: LedgerFile): Kept<Joined> {
  const charged = { serial: ledger.lastRound(), task: null };
  return { ...joined, get: () => joined.get() ?? charged };
}
