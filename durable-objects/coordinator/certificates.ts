/**
 * Certificates of versions as they come together: at a run's end every member of its roster is asked for a statement,
 * when it next polls; who is away adds its own later. The coordinator keeps what fits its signature, and makes nothing of
 * it up: who wants to know whether a certificate holds verifies it.
 */
import { claimsOf } from '../../shared/certificate/claims.ts';
import { learnedHash } from '../../shared/certificate/content.ts';
import { recordHash, statementBytes } from '../../shared/certificate/round-log.ts';
import { standingIn } from '../../shared/certificate/standing.ts';
import { statementProblems } from '../../shared/certificate/statement-problems.ts';
import { fromBase64Url } from '../../shared/crypto/bytes.ts';
import { verify } from '../../shared/crypto/ed25519.ts';
import {
  CERTIFICATE_FORMAT,
  type Certificate,
  Learned,
  MadeVersion,
  RoundRecord,
  SignedStatement,
} from '../../shared/protocol/certificate.ts';
import type { ParticipantMessage } from '../../shared/protocol/rounds.ts';
import type { AnySignedRoster } from '../../shared/protocol/secagg.ts';
import { Blobs } from '../sql.ts';
import { ImportedCertificates, type Standing } from './imported-certificates.ts';

export const CERTIFICATE_TABLES = `
  CREATE TABLE certificates (version INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, collection TEXT NOT NULL,
    encoder TEXT NOT NULL, snapshot TEXT NOT NULL, admin_key TEXT NOT NULL);
  -- signed: null while a member has not answered.
  CREATE TABLE statements (run TEXT NOT NULL, participant TEXT NOT NULL, signed TEXT,
    PRIMARY KEY (run, participant)) WITHOUT ROWID;
  CREATE INDEX statements_due ON statements (participant) WHERE signed IS NULL;
  CREATE TABLE round_records (run TEXT NOT NULL, hash TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (run, hash)) WITHOUT ROWID;`;

/** Versions that came of certified runs; those of runs of earlier releases have no row here. */
export const CERTIFIED_TABLE = `
  CREATE TABLE certified_versions (version INTEGER PRIMARY KEY, run TEXT NOT NULL, made TEXT NOT NULL);
  CREATE INDEX certified_run ON certified_versions (run);`;

/** More are not signed during one run. */
const ROSTERS_KEPT = 16;

interface CertificateRow extends Record<string, SqlStorageValue> {
  version: number;
  run: string;
  collection: string;
  encoder: string;
  snapshot: string;
  admin_key: string;
}

/** A version that a run made, with all that it learned; null where the snapshot that was judged is gone. */
export interface CertifiedVersion extends Omit<MadeVersion, 'learned'> {
  learned: Learned | null;
}

/** A run whose gate has judged the snapshot of its candidate, and what came of it. */
export interface CertifiedRun extends Pick<CertificateRow, 'version' | 'run' | 'snapshot'> {
  made: readonly CertifiedVersion[];
}

export type StatementMessage = Extract<ParticipantMessage, { type: 'statement' }>;

const rostersName = (run: string): string => `certificate/${run}`;
const learnedName = (hash: string): string => `learned/${hash}`;

export class Certificates {
  /** Of versions that were made elsewhere. */
  readonly imported: ImportedCertificates;
  readonly #storage: DurableObjectStorage;
  readonly #blobs: Blobs;

  constructor(storage: DurableObjectStorage) {
    this.imported = new ImportedCertificates(storage);
    this.#storage = storage;
    this.#blobs = new Blobs(storage);
  }

  /**
   * From now on the members of the last roster are asked. Where sums are plain nobody is: no roster says whose signature
   * counts.
   * @param made what came of the run
   * @param rosters of the run, oldest first
   */
  begin(row: CertificateRow, made: readonly CertifiedVersion[], rosters: readonly AnySignedRoster[]): void {
    const last = rosters.at(-1);
    if (last === undefined) return;
    const kept = new TextEncoder().encode(JSON.stringify(rosters.slice(-ROSTERS_KEPT)));
    this.#storage.transactionSync(() => {
      const { version, run, collection, encoder, snapshot, admin_key } = row;
      this.#storage.sql.exec(
        'INSERT OR IGNORE INTO certificates (version, run, collection, encoder, snapshot, admin_key) VALUES (?, ?, ?, ?, ?, ?)',
        ...[version, run, collection, encoder, snapshot, admin_key],
      );
      this.#blobs.put(rostersName(run), kept);
      for (const { learned, ...of } of made) if (learned !== null) this.#keepMade(run, of, learned);
      for (const { id } of last.roster.members) {
        this.#storage.sql.exec('INSERT OR IGNORE INTO statements (run, participant) VALUES (?, ?)', run, id);
      }
    });
  }

  #keepMade(run: string, of: Omit<MadeVersion, 'learned'>, learned: Learned): void {
    const made: MadeVersion = { ...of, learned: learnedHash(learned) };
    this.#blobs.put(learnedName(made.learned), new TextEncoder().encode(JSON.stringify(learned)));
    this.#storage.sql.exec(
      'INSERT OR IGNORE INTO certified_versions (version, run, made) VALUES (?, ?, ?)',
      ...[made.version, run, JSON.stringify(made)],
    );
  }

  /** What members are told that a run made: they sign what they judged of it. */
  madeIn(run: string): MadeVersion[] {
    const rows = this.#storage.sql.exec<{ made: string }>(
      'SELECT made FROM certified_versions WHERE run = ? ORDER BY version',
      run,
    );
    return Array.from(rows, ({ made }) => MadeVersion.parse(JSON.parse(made)));
  }

  #made(version: number): { run: string; made: MadeVersion } | null {
    const [row] = this.#storage.sql
      .exec<{ run: string; made: string }>(
        'SELECT run, made FROM certified_versions WHERE version = ?',
        version,
      )
      .toArray();
    return row === undefined ? null : { run: row.run, made: MadeVersion.parse(JSON.parse(row.made)) };
  }

  /** The run that this member has still to sign, the oldest first; null where there is none. */
  dueFrom(participant: string): string | null {
    const due = this.#storage.sql
      .exec<{ run: string }>(
        'SELECT run FROM statements WHERE participant = ? AND signed IS NULL ORDER BY run LIMIT 1',
        participant,
      )
      .toArray()[0];
    return due?.run ?? null;
  }

  /** Keeps a statement that its participant signed. @returns whether it was taken */
  async take({ participant, signed, rounds }: StatementMessage): Promise<boolean> {
    const { statement, signature } = signed;
    const { run } = statement;
    const rosters = this.#rosters(run).map(({ roster }) => roster);
    const key = rosters.at(-1)?.members.find(({ id }) => id === participant)?.key;
    if (key === undefined || statement.participant !== participant) return false;
    const hashes = rounds.map(recordHash);
    const named =
      hashes.length === statement.rounds.length && hashes.every((hash, i) => hash === statement.rounds[i]);
    const bytes = statementBytes(statement);
    if (!named || !(await verify(fromBase64Url(key, 32), bytes, fromBase64Url(signature, 64)))) return false;
    // The first word stands.
    if (this.#hasSigned(run, participant)) return true;
    // One that cannot hold would only spoil what the others sign.
    const about = { run, collection: this.#collectionOf(run), rosters };
    if (statementProblems(signed, rounds, about).length > 0) return false;
    this.#storage.transactionSync(() => {
      // Nothing is kept of a second one.
      const { rowsWritten } = this.#storage.sql.exec(
        'UPDATE statements SET signed = ? WHERE run = ? AND participant = ? AND signed IS NULL',
        ...[JSON.stringify(signed), run, participant],
      );
      if (rowsWritten === 0) return;
      rounds.forEach((record, i) => {
        this.#storage.sql.exec(
          'INSERT OR IGNORE INTO round_records (run, hash, record) VALUES (?, ?, ?)',
          ...[run, hashes[i]!, JSON.stringify(record)],
        );
      });
    });
    return true;
  }

  #hasSigned(run: string, participant: string): boolean {
    const asked = this.#storage.sql.exec(
      'SELECT 1 FROM statements WHERE run = ? AND participant = ? AND signed IS NOT NULL',
      ...[run, participant],
    );
    return asked.toArray().length > 0;
  }

  #collectionOf(run: string): string {
    const { collection } = this.#storage.sql
      .exec<{ collection: string }>('SELECT collection FROM certificates WHERE run = ?', run)
      .one();
    return collection;
  }

  /** How many members of the version's run were asked, and have signed; null where there is no certificate. */
  standing(version: number): Standing | null {
    const [row] = this.#storage.sql
      .exec<{ signed: number; asked: number }>(
        `SELECT count(signed) AS signed, count(*) AS asked FROM statements WHERE run =
           coalesce((SELECT run FROM certified_versions WHERE version = ?1),
             (SELECT run FROM certificates WHERE version = ?1))`,
        version,
      )
      .toArray();
    if (row === undefined || row.asked === 0) return this.imported.standing(version);
    return { ...row, covers: this.#made(version) === null ? 'rounds' : 'content' };
  }

  of(version: number): Certificate | null {
    const known = this.#made(version);
    const [found] = this.#storage.sql
      .exec<CertificateRow>(
        'SELECT * FROM certificates WHERE run = ?1 OR version = ?2',
        known?.run ?? null,
        version,
      )
      .toArray();
    if (found === undefined) return this.imported.of(version);
    const row = { ...found, version, ...(known !== null && { learned: this.#learned(known.made.learned) }) };
    const told = this.#storage.sql
      .exec<{ participant: string; signed: string | null }>(
        'SELECT participant, signed FROM statements WHERE run = ? ORDER BY participant',
        row.run,
      )
      .toArray();
    const statements = told.flatMap(({ signed }) =>
      signed === null ? [] : [SignedStatement.parse(JSON.parse(signed))],
    );
    const kept = this.#storage.sql.exec<{ record: string }>(
      'SELECT record FROM round_records WHERE run = ?',
      row.run,
    );
    const rounds = Array.from(kept, ({ record }) => RoundRecord.parse(JSON.parse(record)));
    rounds.sort((a, b) => a.serial - b.serial);
    const rosters = this.#rosters(row.run);
    const standing = standingIn({ ...row, rosters, rounds, statements });
    const claims = claimsOf(
      standing.statements.map(({ statement }) => statement),
      standing.records,
      rosters.map(({ roster }) => roster),
    );
    const missing = told.flatMap(({ participant, signed }) => (signed === null ? [participant] : []));
    return { format: CERTIFICATE_FORMAT, ...row, rosters, rounds, statements, missing, claims };
  }

  #learned(hash: string): Learned | null {
    const bytes = this.#blobs.get(learnedName(hash));
    return bytes === null ? null : Learned.parse(JSON.parse(new TextDecoder().decode(bytes)));
  }

  #rosters(run: string): AnySignedRoster[] {
    const bytes = this.#blobs.get(rostersName(run));
    return bytes === null ? [] : (JSON.parse(new TextDecoder().decode(bytes)) as AnySignedRoster[]);
  }
}
