/**
 * Certificates that came with imported versions: what the participants of another collection signed when the version was
 * made there. Kept as they came, once they hold and are of the version in the file; nobody here is asked to sign them.
 */
import { contentProblem } from '../../shared/certificate/content.ts';
import { signedVersion } from '../../shared/certificate/signed-version.ts';
import { verifyCertificate } from '../../shared/certificate/verify.ts';
import type { Version } from '../../shared/protocol/api/version.ts';
import { Certificate } from '../../shared/protocol/certificate.ts';
import type { Snapshot, SnapshotHeader } from '../../shared/protocol/snapshot.ts';
import { Blobs } from '../sql.ts';
import { Values } from '../values.ts';

const nameOf = (version: number): string => `imported-certificate/${version}`;

export type Standing = NonNullable<Version['certificate']>;

/** Where a version was made. */
export interface Origin {
  collection: string;
  version: number;
}

/** What a version says of the file that it came in: whose it was, and where that version was made if not there. */
export interface Imported extends Origin {
  sha256: string;
  origin?: Origin;
}

/** What to keep of a file's header, with its hash. */
export function importedFrom({ collection, version, training }: SnapshotHeader, sha256: string): Imported {
  const before = training.imported as Partial<Imported> | undefined;
  const origin = before?.origin ?? before;
  return typeof origin?.collection === 'string' && typeof origin.version === 'number'
    ? { collection, version, sha256, origin: { collection: origin.collection, version: origin.version } }
    : { collection, version, sha256 };
}

/** Why this certificate does not go with the file; null when it does. @param file that it is about */
export async function certificateProblem(
  certificate: Certificate,
  imported: Imported,
  file: Snapshot,
): Promise<string | null> {
  const encoder = file.header.model.sha256;
  const origin = imported.origin ?? imported;
  if (certificate.collection !== origin.collection || certificate.version !== origin.version) {
    return `certificate: of version ${certificate.version} of ${certificate.collection}, and the file is of version ${origin.version} of ${origin.collection}`;
  }
  if (certificate.encoder !== encoder) {
    return `certificate: of the encoder ${certificate.encoder}, and the file is of ${encoder}`;
  }
  const { problems } = await verifyCertificate(certificate);
  if (problems.length > 0) return `certificate: does not hold: ${problems.slice(0, 3).join('; ')}`;
  const signed = signedVersion(certificate);
  const changed = signed === null ? null : contentProblem(file, signed, certificate.learned ?? null);
  return changed === null ? null : `certificate: not of this file: ${changed}`;
}

export class ImportedCertificates {
  readonly #blobs: Blobs;
  readonly #values: Values;

  constructor(storage: DurableObjectStorage) {
    this.#blobs = new Blobs(storage);
    this.#values = new Values(storage);
  }

  keep(version: number, certificate: Certificate): void {
    const bytes = new TextEncoder().encode(JSON.stringify(certificate));
    const signed = certificate.statements.length;
    this.#blobs.put(nameOf(version), bytes);
    const covers = signedVersion(certificate) === null ? 'rounds' : 'content';
    this.#values.set(nameOf(version), { signed, asked: signed + certificate.missing.length, covers });
  }

  of(version: number): Certificate | null {
    const bytes = this.#blobs.get(nameOf(version));
    return bytes === null ? null : Certificate.parse(JSON.parse(new TextDecoder().decode(bytes)));
  }

  standing(version: number): Standing | null {
    const kept = this.#values.get<Omit<Standing, 'covers'> & Partial<Standing>>(nameOf(version));
    // An earlier release kept certificates of rounds alone.
    return kept === null ? null : { covers: 'rounds', ...kept };
  }
}
