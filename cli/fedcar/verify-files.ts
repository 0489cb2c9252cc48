/**
 * Certificates and participants' logs in files: each checked by itself, then all against each other. Nobody is asked;
 * whose the admin key is, its reader has to know from elsewhere.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { differences, logProblem, type Telling, tellingsOf } from '../../shared/certificate/compare.ts';
import { contentProblem, rowsIn } from '../../shared/certificate/content.ts';
import { signedVersion } from '../../shared/certificate/signed-version.ts';
import { standingIn } from '../../shared/certificate/standing.ts';
import { verifyCertificate } from '../../shared/certificate/verify.ts';
import { fromBase64Url } from '../../shared/crypto/bytes.ts';
import { fingerprint } from '../../shared/crypto/fingerprint.ts';
import { addTo } from '../../shared/multimap.ts';
import {
  CERTIFICATE_FORMAT,
  Certificate,
  ROUND_LOG_FORMAT,
  RoundLogFile,
} from '../../shared/protocol/certificate.ts';
import { decodeSnapshot } from '../../shared/protocol/snapshot.ts';
import { Failure } from './failure.ts';

export type Evidence =
  | { file: string; kind: 'certificate'; certificate: Certificate }
  | { file: string; kind: 'log'; log: RoundLogFile };

/** @throws Failure that names the file and the field */
export async function readEvidence(file: string, path: string): Promise<Evidence> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new Failure(`${file}: ${error.message}`);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Failure(`${file}: not JSON`);
  }
  const format = (value as { format?: unknown } | null)?.format;
  const certificate = Certificate.safeParse(value);
  if (certificate.success) return { file, kind: 'certificate', certificate: certificate.data };
  const log = RoundLogFile.safeParse(value);
  if (log.success) return { file, kind: 'log', log: log.data };
  if (format !== CERTIFICATE_FORMAT && format !== ROUND_LOG_FORMAT) {
    throw new Failure(
      `${file}: neither a certificate (${CERTIFICATE_FORMAT}) nor a log of rounds (${ROUND_LOG_FORMAT})`,
    );
  }
  const issue = (format === CERTIFICATE_FORMAT ? certificate.error : log.error)?.issues[0];
  throw new Failure(`${file}: ${issue?.path.join('.')}: ${issue?.message}`);
}

export interface Findings {
  problems: string[];
  notes: string[];
}

export interface Expected {
  /** Of the admin key: as it is, or its fingerprint. */
  adminKey?: string | undefined;
  /** An exported model. */
  model?: Uint8Array | undefined;
}

export async function examine(all: readonly Evidence[], expected: Expected = {}): Promise<Findings> {
  const found: Findings = { problems: [], notes: [] };
  for (const evidence of all) {
    const { problems, notes } = await alone(evidence, expected);
    found.problems.push(...problems.map((problem) => `${evidence.file}: ${problem}`));
    found.notes.push(...notes.map((note) => `${evidence.file}: ${note}`));
  }
  for (const tellings of byCollection(all).values()) found.problems.push(...differences(tellings));
  // A certificate says by itself where its own signers were told different things.
  found.problems = [...new Set(found.problems)];
  return found;
}

async function alone(evidence: Evidence, { adminKey, model }: Expected): Promise<Findings> {
  if (evidence.kind === 'log') {
    const problem = await logProblem(evidence.log);
    return { problems: problem === null ? [] : [problem], notes: [] };
  }
  const { certificate } = evidence;
  const { problems, notes } = await verifyCertificate(certificate);
  const print = fingerprint(fromBase64Url(certificate.admin_key, 32));
  if (adminKey === undefined) notes.push(`admin key ${print}: compare it with the one that you were given`);
  else if (adminKey !== print && adminKey !== certificate.admin_key) {
    problems.push(`admin key: ${print}, not ${adminKey}`);
  }
  if (model === undefined) return { problems, notes };
  const found = againstModel(certificate, model);
  return { problems: [...problems, ...found.problems], notes: [...notes, ...found.notes] };
}

/** Whether a file holds what was signed. */
function againstModel(certificate: Certificate, model: Uint8Array): Findings {
  const hash = sha256Of(model);
  if (hash === certificate.snapshot) return { problems: [], notes: [] };
  const signed = signedVersion(certificate);
  if (signed === null) {
    const [has, judged] = [hash, certificate.snapshot].map((each) => `${each.slice(0, 12)}…`);
    const note = `the model file is ${has}, and ${judged} was judged: passages came or went since, or somebody changed it, which a certificate of an earlier release does not tell`;
    return { problems: [], notes: [note] };
  }
  const learned = certificate.learned ?? null;
  try {
    const snapshot = decodeSnapshot(model);
    const problem = contentProblem(snapshot, signed, learned);
    if (problem !== null)
      return { problems: [`the model file is not what was signed: ${problem}`], notes: [] };
    const own = snapshot.active.filter((mark) => mark === 1).length;
    const all = learned === null ? own : rowsIn(learned);
    const rows = `the model file has ${own} of the ${all} rows that learned, as they were signed`;
    return { problems: [], notes: [`${rows}; rows that never learned are not signed`] };
  } catch (error) {
    return { problems: [`the model file: ${(error as Error).message}`], notes: [] };
  }
}

/** Everybody's word on each round, by collection. */
function byCollection(all: readonly Evidence[]): Map<string, Telling[]> {
  const found = new Map<string, Telling[]>();
  for (const evidence of all) {
    if (evidence.kind === 'log') {
      const { collection, participant, rounds } = evidence.log;
      addTo(found, collection, { by: participant, rounds });
    } else {
      const { certificate } = evidence;
      // Who signed otherwise than those that count is named with the certificate.
      const { statements } = standingIn(certificate);
      for (const telling of tellingsOf({ ...certificate, statements }))
        addTo(found, certificate.collection, telling);
    }
  }
  return found;
}

function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
