/**
 * What the Durable Objects offer to the edge Worker and to each other. Expected refusals are returned, not thrown.
 * Typed arrays and streams cross RPC as they are.
 */
import type { Grant } from './access.ts';
import type { AuditEntry, AuditInput } from './api/audit.ts';
import type { Collection } from './api/collection.ts';
import type { EvaluationInfo, EvaluationSet } from './api/evaluation.ts';
import type { FeedbackCounts, FeedbackEntry, FeedbackInput } from './api/feedback.ts';
import type { Item, ItemInput, ItemReceipt, ItemSummary, Passage } from './api/item.ts';
import type { Participant, Rosters } from './api/participant.ts';
import type { Privacy } from './api/privacy.ts';
import type { Region } from './api/region.ts';
import type { Reindex } from './api/reindex.ts';
import type { Run } from './api/run.ts';
import type { Schedule } from './api/schedule.ts';
import type { Token } from './api/token.ts';
import type { Version } from './api/version.ts';
import type { Certificate } from './certificate.ts';
import type { SignedTerms } from './enrolment.ts';
import type { Filters } from './filters.ts';
import type { IndexState, Manifest, SegmentParts } from './manifest.ts';
import type { Lift, PassageAnswer, PassageRequest, SiblingRequest } from './passages.ts';
import type { SignedRoster } from './secagg.ts';
import type { CollectionSettings } from './settings.ts';
import type { SettingsPatch } from './settings-changes.ts';

/** A refusal that the caller should show: `code` is stable, `detail` names field, limit and value. */
export interface Refusal {
  ok: false;
  code: string;
  detail: string;
  /** Seconds after which it is worth another try. */
  retryAfter?: number;
}
export type Outcome<T> = { ok: true; value: T } | Refusal;

/** A snapshot of a version. */
export interface SnapshotFile {
  version: number;
  /** Counts the snapshots of this kind that were made of the version. */
  revision: number;
  /** SHA-256 of the snapshot's bytes: its name. */
  hash: string;
  bytes: number;
  /** The snapshot is fetched in so many parts. */
  parts: number;
}

/** What serves: the snapshot of the rows that learned, and how far the index of all passages is. */
export interface SnapshotPointer extends SnapshotFile {
  /** Up to which of its changes the coordinator knows each region; nothing of one that never had a passage. */
  watermarks: Record<string, number>;
  index: IndexState;
}

/** What every object answers. */
export interface Stored {
  /** Resolves when the storage has room for more. @throws what the storage says when it is full */
  probeStorage(): Promise<void>;
}

export interface DirectoryApi extends Stored {
  /** Creates `default` on first use. */
  collection(name: string): Promise<Outcome<Collection>>;
  collections(): Promise<Collection[]>;
  create(name: string, settings: CollectionSettings): Promise<Outcome<Collection>>;
  /** Other settings, where they may change; refused while a run is on. May be repeated. */
  update(name: string, patch: SettingsPatch): Promise<Outcome<Collection>>;
  remove(name: string): Promise<Outcome<null>>;
  /** Makes the collection anew with another encoder (null: the deployment's own) while it serves. May be repeated. */
  reindex(name: string, encoder: string | null): Promise<Outcome<Reindex>>;
  /** The last change of encoder; null: there was none. */
  reindexing(name: string): Promise<Outcome<Reindex | null>>;
  /** Ends it before the switch. May be repeated. */
  cancelReindex(name: string): Promise<Outcome<Reindex>>;
  /** Starts what is due and re-sets lost alarms; called by the cron trigger. May be repeated. */
  tick(now: number): Promise<{ started: string[] }>;
  /** `hash` is of the invitation's secret. A later invitation of the same name replaces this one. */
  invite(
    collection: string,
    name: string,
    hash: string,
    expiresAt: number,
  ): Promise<Outcome<{ adminKey: string; terms: string }>>;
  /** The terms that an invitation is good for; uses nothing up. */
  offer(collection: string, by: { name: string; key: string }, hash: string): Promise<Outcome<SignedTerms>>;
  /** Uses an invitation up. `terms`: hash of those that were offered. May be repeated with the same key. */
  enrol(
    collection: string,
    by: { name: string; key: string },
    hash: string,
    terms: string,
  ): Promise<Outcome<null>>;
  participants(collection: string): Promise<Outcome<Participant[]>>;
  /** Takes an invitation back, or ends a membership: the next round goes without. */
  removeParticipant(collection: string, name: string): Promise<Outcome<null>>;
  roster(collection: string): Promise<Outcome<Rosters>>;
  /** Puts the draft in force that the holder of the admin key signed. May be repeated. */
  putRoster(collection: string, signed: SignedRoster): Promise<Outcome<Rosters>>;
  /** Takes terms over that the holder of the admin key signed. May be repeated. */
  putTerms(collection: string, signed: SignedTerms): Promise<Outcome<Rosters>>;
  /** From the next roster on, another key signs: one that the deployment does not have. */
  setAdminKey(collection: string, key: string): Promise<Outcome<Rosters>>;
  /** `hash` is of the token's secret. May be repeated. */
  addToken(token: Omit<Token, 'revoked_at'>, hash: string): Promise<Outcome<Token>>;
  /** Newest first, also those that are over. */
  tokens(): Promise<Token[]>;
  revokeToken(id: string): Promise<Outcome<Token>>;
  /** What a token allows; null when it is not good. `requests`: made with it since the caller last asked. */
  authenticate(id: string, hash: string, requests: number): Promise<Grant | null>;
  /** Writes down what is about to be done. @returns the entry's id, for `endAudit`; refused when there is no room. */
  beginAudit(entry: AuditInput): Promise<Outcome<number>>;
  endAudit(id: number, status: number): Promise<void>;
  /** Newest first; those before the entry `before`. */
  audit(before: number | null, limit: number): Promise<AuditEntry[]>;
}

export interface CoordinatorApi extends Stored {
  /** The serving version, or the one asked for; null when there is no such version. */
  pointer(version?: number): Promise<SnapshotPointer | null>;
  /** Which segments the regions' indexes consist of. */
  manifest(): Promise<Manifest>;
  /** A version with a row of every passage of now, as it is exported; null when there is no such version. May be repeated. */
  complete(version: number): Promise<SnapshotFile | null>;
  snapshotPart(hash: string, part: number): Promise<Uint8Array | null>;
  versions(): Promise<Version[]>;
  /** What participants have signed of a version, here or where it was made; null where none was asked to. */
  certificate(version: number): Promise<Certificate | null>;
  /** Makes an earlier version serve (rollback) or a rejected one. May be repeated. */
  activate(version: number): Promise<Outcome<Version>>;
  /** A part (1 MiB, the last one shorter) of an exported snapshot with this SHA-256. May be repeated. */
  importPart(hash: string, part: number, bytes: Uint8Array): Promise<void>;
  /**
   * Makes an available version of the parts. May be repeated.
   * @param certificate what participants signed of it where it was made; refused when it does not hold, or is another's
   */
  importVersion(hash: string, certificate: Certificate | null): Promise<Outcome<Version>>;
  /** Which region holds each item; unknown ones are assigned to `region` (or by hash when null). May be repeated. */
  place(
    keys: string[],
    region: string | null,
    assign: boolean,
    /** Those in this region are given a place in `region`: it does not hold them any more. */
    from?: string,
  ): Promise<Map<string, string>>;
  /** Has all regions register what they have not yet. May be repeated. */
  refresh(): Promise<SnapshotPointer>;
  start(reason: string): Promise<Outcome<Run>>;
  cancel(run: string): Promise<Outcome<Run>>;
  /** Newest first, without their rounds. */
  runs(limit: number): Promise<Run[]>;
  run(id: string): Promise<Run | null>;
  schedule(): Promise<Schedule>;
  /** Whether the hub has questions of its own. */
  evaluation(): Promise<EvaluationInfo>;
  /** Replaces them; null: there are none from now on. May be repeated. */
  setEvaluation(set: EvaluationSet | null): Promise<EvaluationInfo>;
  regions(): Promise<Region[]>;
  privacy(): Promise<Privacy>;
  /** When participants from outside last spoke, milliseconds since 1970, by name. */
  standing(names: string[]): Promise<Record<string, Pick<Participant, 'last_seen_at' | 'fault'>>>;
}

/** Which of the kept feedback is wanted: at most `limit` records, those before (at, n), about one document unless null. */
export interface FeedbackRequest {
  at: number;
  n: number;
  item: string | null;
  limit: number;
}

/** A result of an answer that was opened. */
export interface Click {
  /** Where it stood: 1 of one that the answer cites, the others from 2 on. */
  place: number;
  /** Whether its place was drawn. */
  shuffled: boolean;
}

/** `n`: its number in its region's log. */
export type KeptFeedback = FeedbackEntry & { n: number };

/** Whose records are to go. */
export type Erased = { contributor: string } | { event: string };

export interface RegionApi extends Stored {
  /** Stores documents; they are embedded with the call where that is little work, unless `later`, else in alarms. */
  putItems(items: ItemInput[], later?: boolean): Promise<Outcome<ItemReceipt[]>>;
  /** Embeds a call's worth of what waits of these documents. Returns whether there is more. */
  indexItems(keys: string[]): Promise<Outcome<boolean>>;
  removeItem(key: string): Promise<boolean>;
  /** Which of these items are here. */
  holds(keys: string[]): Promise<string[]>;
  item(key: string): Promise<Item | null>;
  /** In order of keys, after `after`. */
  items(after: string | null, limit: number, filters: Filters | null): Promise<ItemSummary[]>;
  /** Passages of one item in order: the text pieces that are searched. */
  passagesOf(key: string): Promise<Passage[]>;
  /**
   * @param token id of the bearer token that they came with, whose records are counted; null: nobody's are
   * @param oneAct whether the records are what one act of feedback says; else each is an act of its own
   * @param click where the one record was opened; null: somebody said it
   */
  addFeedback(
    records: FeedbackInput[],
    token?: string | null,
    oneAct?: boolean,
    click?: Click | null,
  ): Promise<Outcome<FeedbackCounts>>;
  /** What this region was told, newest first. */
  feedback(request: FeedbackRequest): Promise<KeptFeedback[]>;
  /** Deletes the records of a contributor or of an act of feedback, and answers how many there were. May be repeated. */
  erase(whose: Erased): Promise<number>;
  /**
   * Texts for the candidates that still stand, and hits by words and among what is newer than the snapshot; or other
   * passages of items that were found.
   */
  passages(request: PassageRequest | SiblingRequest): Promise<PassageAnswer>;
  /** Segments of its index by their hashes: the first, as many as fit an answer; null of one that is no more. */
  segments(hashes: string[]): Promise<(SegmentParts | null)[]>;
  /** The documents that the region's own log lifts for a question, given by its base embedding. */
  recall(query: Float32Array): Promise<Lift[]>;
}
