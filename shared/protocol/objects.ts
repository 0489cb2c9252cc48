/**
 * What the Durable Objects offer to the edge Worker and to each other. Expected refusals are returned, not thrown.
 * Typed arrays and streams cross RPC as they are.
 */
import type { AuditEntry, AuditInput, Grant, TokenInfo } from './access.ts';
import type { Filters } from './filters.ts';
import type { AuditEntry, AuditInput, Grant, TokenInfo } from './access.ts';
import type {
  FeedbackInput,
  FeedbackReceipt,
  Item,
  ItemInput,
  ItemReceipt,
  ItemSummary,
  PassageHit,
  PassageRequest,
} from './items.ts';
import type { CollectionSettings } from './settings.ts';

/** A refusal that the caller should show: `code` is stable, `detail` names field, limit and value. */
export interface Refusal {
  ok: false;
  code: string;
  detail: string;
}
export type Outcome<T> = { ok: true; value: T } | Refusal;

/** Which snapshot serves. */
export interface SnapshotPointer {
  version: number;
  revision: number;
  /** SHA-256 of the snapshot's bytes: its name. */
  hash: string;
  bytes: number;
  /** The snapshot is fetched in so many parts. */
  parts: number;
}

export interface VersionInfo {
  version: number;
  revision: number;
  hash: string;
  bytes: number;
  rows: number;
  activeRows: number;
  createdAt: number;
  /** The version that the run started from. */
  parent: number | null;
  run: string | null;
  state: 'serving' | 'available' | 'rejected';
  /** Gate figures: fractions between 0 and 1 over held-out units; null where not measured. */
  heldOut: { units: number; accuracy: number; baseline: number; mips: number } | null;
  probe: { titles: number; found: number; mips: number } | null;
  training: Record<string, unknown>;
}

export type RunState = 'running' | 'published' | 'rejected' | 'failed' | 'cancelled';

export interface RoundInfo {
  round: number;
  kind: 'count' | 'train' | 'gate';
  phase: string;
  startedAt: number;
  endedAt: number | null;
  participants: Record<string, { phase: string; progress: number }>;
  contributors: number;
  /** Mean training loss and accuracy over the round's units before its step; null where not measured. */
  loss: number | null;
  accuracy: number | null;
  error: string | null;
}

export interface RunInfo {
  run: string;
  state: RunState;
  reason: string;
  startedAt: number;
  endedAt: number | null;
  /** Rounds finished, and planned (null until the counting round is over). */
  finished: number;
  planned: number | null;
  version: number | null;
  error: string | null;
  rounds: RoundInfo[];
}

export interface CollectionInfo {
  name: string;
  settings: CollectionSettings;
  createdAt: number;
}

export interface RegionStats {
  region: string;
  items: number;
  passages: number;
  /** Milliseconds since 1970 of the last contribution to a round; null before the first. */
  lastContributionAt: number | null;
}

/** What the collection promises and what is spent of it. */
export interface PrivacyInfo {
  aggregation: 'secure' | 'plain';
  noise: 'on' | 'off';
  unit: 'record' | 'contributor';
  delta: number;
  /** ε that every window as long as the retention time is promised. */
  budget: number;
  retentionDays: number;
  /** ε spent, by the ledger's own accounting (the filter), and as a fixed schedule by RDP and by PLD. */
  epsilon: number;
  epsilonRdp: number;
  epsilonPld: number;
  left: number;
  /** Participants that the noise is split over, and how much more than charged is usually in effect. */
  honest: number;
  members: number;
  /** ε after another run, and whether the budget allows it. */
  nextRun: { epsilon: number; fits: boolean; noiseMultiplier: number };
  charges: { kind: string; rounds: number; samplingRate: number; noiseMultiplier: number; lastAt: number }[];
}

export interface DirectoryApi {
  /** Creates `default` on first use. */
  collection(name: string): Promise<Outcome<CollectionInfo>>;
  collections(): Promise<CollectionInfo[]>;
  create(name: string, settings: CollectionSettings): Promise<Outcome<CollectionInfo>>;
  remove(name: string): Promise<Outcome<null>>;
  /** Starts what is due and re-sets lost alarms; called by the cron trigger. May be repeated. */
  tick(now: number): Promise<{ started: string[] }>;
  /** `hash` is of the token's secret. May be repeated. */
  addToken(token: Omit<TokenInfo, 'revokedAt'>, hash: string): Promise<Outcome<TokenInfo>>;
  /** Newest first, also those that are over. */
  tokens(): Promise<TokenInfo[]>;
  revokeToken(id: string): Promise<Outcome<TokenInfo>>;
  /** What a token allows; null when it is not good. `requests`: made with it since the caller last asked. */
  authenticate(id: string, hash: string, requests: number): Promise<Grant | null>;
  /** Writes down what is about to be done. @returns the entry's id, for `endAudit`. */
  beginAudit(entry: AuditInput): Promise<number>;
  endAudit(id: number, status: number): Promise<void>;
  /** Newest first; those before the entry `before`. */
  audit(before: number | null, limit: number): Promise<AuditEntry[]>;
}

export interface CoordinatorApi {
  /** The serving version, or the one asked for; null when there is no such version. */
  pointer(version?: number): Promise<SnapshotPointer | null>;
  snapshotPart(hash: string, part: number): Promise<Uint8Array | null>;
  versions(): Promise<VersionInfo[]>;
  /** Makes an earlier version serve (rollback) or a rejected one. May be repeated. */
  activate(version: number): Promise<Outcome<VersionInfo>>;
  /** Which region holds each item; unknown ones are assigned to `region` (or by hash when null). May be repeated. */
  place(keys: string[], region: string | null, assign: boolean): Promise<Record<string, string>>;
  /** Rebuilds the serving version's snapshot with the rows that came since. May be repeated. */
  refresh(): Promise<SnapshotPointer>;
  start(reason: string): Promise<Outcome<RunInfo>>;
  cancel(run: string): Promise<Outcome<RunInfo>>;
  /** Newest first, without their rounds. */
  runs(limit: number): Promise<RunInfo[]>;
  run(id: string): Promise<RunInfo | null>;
  regions(): Promise<RegionStats[]>;
  privacy(): Promise<PrivacyInfo>;
}

export interface RegionApi {
  putItems(items: ItemInput[]): Promise<Outcome<ItemReceipt[]>>;
  removeItem(key: string): Promise<boolean>;
  item(key: string): Promise<Item | null>;
  /** In order of keys, after `after`. */
  items(after: string | null, limit: number, filters: Filters | null): Promise<ItemSummary[]>;
  /** Passages of one item in order: the text pieces that are searched. */
  passagesOf(key: string): Promise<{ id: string; ordinal: number; text: string; tokens: number }[]>;
  addFeedback(records: FeedbackInput[]): Promise<Outcome<FeedbackReceipt>>;
  /** Texts for the candidates that still stand, and hits among what is newer than the snapshot. */
  passages(request: PassageRequest): Promise<PassageHit[]>;
}
