/**
 * Versions from files: a snapshot that some collection exported becomes a version of this one. It comes in parts, is
 * believed only if its hash is right, keeps what its rows learned for the passages that stand here under the same
 * item and place, and serves only once it is activated. What its participants signed where it was made may come along.
 */
import { toHex } from '../../shared/crypto/bytes.ts';
import { digest } from '../../shared/crypto/hash.ts';
import type { Certificate } from '../../shared/protocol/certificate.ts';
import type { Outcome } from '../../shared/protocol/objects.ts';
import { encodeParameters, type Parameters } from '../../shared/protocol/parameters.ts';
import { decodeSnapshot, type Snapshot } from '../../shared/protocol/snapshot.ts';
import { unsoundIn } from '../../shared/protocol/sound-snapshot.ts';
import type { AdapterSettings } from '../../shared/protocol/training-settings.ts';
import { utf8Length } from '../../shared/protocol/utf8-length.ts';
import { Blobs } from '../sql.ts';
import {
  certificateProblem,
  type Imported,
  type ImportedCertificates,
  importedFrom,
} from './imported-certificates.ts';
import type { SnapshotContext, VersionRow, Versions } from './versions.ts';

const PREFIX = 'import/';
/** Of what a file says about how its version was trained: it is kept in a row and shown with every version. */
const MAX_TRAINING_BYTES = 64 << 10;

export class Imports {
  readonly #storage: DurableObjectStorage;
  readonly #blobs: Blobs;
  readonly #versions: Versions;
  readonly #certificates: ImportedCertificates;

  constructor(storage: DurableObjectStorage, versions: Versions, certificates: ImportedCertificates) {
    this.#storage = storage;
    this.#blobs = new Blobs(storage);
    this.#versions = versions;
    this.#certificates = certificates;
  }

  /** Keeps a part, at most 1 MiB, of the file with this SHA-256. One file at a time: another one replaces it. */
  putPart(hash: string, part: number, bytes: Uint8Array): void {
    this.#storage.transactionSync(() => {
      const name = PREFIX + hash;
      if (this.#blobs.partNumbers(name).length === 0) this.#blobs.deletePrefix(PREFIX);
      this.#blobs.putPart(name, part, bytes);
    });
  }

  /** Makes a version of the parts. May be repeated: a file that was imported is the same version again. */
  async finish(
    { hash, certificate }: { hash: string; certificate: Certificate | null },
    adapter: AdapterSettings,
    context: SnapshotContext,
    now: number,
  ): Promise<Outcome<VersionRow>> {
    const run = `import-${hash.slice(0, 16)}`;
    const made = this.#versions.all().find((version) => version.run === run);
    if (made !== undefined) {
      const { imported } = JSON.parse(made.training) as { imported: Imported };
      const kept = this.#versions.snapshot(made.version);
      const problem =
        certificate === null || kept === null
          ? null
          : await this.#certify(made.version, certificate, imported, decodeSnapshot(kept));
      return problem === null ? { ok: true, value: made } : refused(problem);
    }
    const bytes = this.#blobs.get(PREFIX + hash);
    if (bytes === null || toHex(await digest(bytes)) !== hash) {
      const size = bytes?.length ?? 0;
      return refused(`sha256: the ${size} bytes that were uploaded do not have the hash ${hash}`);
    }
    const snapshot = read(bytes);
    if (snapshot === null) return refused('the file is not a snapshot of a version');
    const said = utf8Length(JSON.stringify(snapshot.header.training));
    if (said > MAX_TRAINING_BYTES)
      return refused(`training: at most ${MAX_TRAINING_BYTES} bytes in the file's header, got ${said}`);
    const unsound = unsoundIn(snapshot);
    if (unsound !== null) return refused(unsound);
    // A version of weights alone has nothing that learned.
    const isPlain = snapshot.header.adapter.kind === 'none' && !snapshot.active.includes(1);
    const shape = isPlain ? snapshot.header.adapter : adapter;
    const problem = misfit(snapshot, shape, context);
    if (problem !== null) return { ok: false, code: 'conflict', detail: problem };
    const parameters = isPlain ? null : this.#parametersOf(snapshot);
    if (parameters?.activeRows.length === 0) {
      const detail = 'none of the passages that the version was trained for is in this collection';
      return { ok: false, code: 'conflict', detail };
    }
    const imported = importedFrom(snapshot.header, hash);
    const unsigned = certificate && (await this.#certify(null, certificate, imported, snapshot));
    if (unsigned !== null) return refused(unsigned);
    const draft = {
      parent: null,
      run,
      adapter: shape,
      parameters,
      training: { ...snapshot.header.training, imported },
      serving: snapshot.header.serving,
      state: 'available' as const,
    };
    const encoded = parameters && encodeParameters(parameters);
    const row = await this.#versions.create(draft, encoded, context, now);
    if (certificate !== null) this.#certificates.keep(row.version, certificate);
    this.#blobs.deletePrefix(PREFIX);
    return { ok: true, value: row };
  }

  /** Keeps what goes with the version, once there is one. @returns why it does not go with it; null where it does */
  async #certify(
    version: number | null,
    certificate: Certificate,
    imported: Imported,
    file: Snapshot,
  ): Promise<string | null> {
    const problem = await certificateProblem(certificate, imported, file);
    if (problem === null && version !== null) this.#certificates.keep(version, certificate);
    return problem;
  }

  /** What rows learned, for those that stand here; unit vectors, as in the snapshot. */
  #parametersOf({ header, adapter, scales, active, ordinals, rows, items }: Snapshot): Parameters {
    const { width } = header;
    const found: { row: number; index: number }[] = [];
    items.forEach((item, index) => {
      if (active[index] !== 1) return;
      const live = this.#storage.sql
        .exec<{ row: number }>(
          'SELECT row FROM rows WHERE item = ? AND ordinal = ? AND removed = 0',
          item,
          ordinals[index]!,
        )
        .toArray()[0];
      if (live !== undefined) found.push({ row: live.row, index });
    });
    found.sort((a, b) => a.row - b.row);
    const head = new Float32Array(found.length * width);
    found.forEach(({ index }, place) => {
      const scale = scales[index]!;
      for (let i = 0; i < width; i++) head[place * width + i] = scale * rows[index * width + i]!;
    });
    return { activeRows: Uint32Array.from(found, ({ row }) => row), adapter: adapter.slice(), head };
  }
}

function read(bytes: Uint8Array): Snapshot | null {
  try {
    return decodeSnapshot(bytes);
  } catch {
    return null;
  }
}

/** Why a snapshot cannot be a version here; null when it can. */
function misfit({ header }: Snapshot, adapter: AdapterSettings, { model }: SnapshotContext): string | null {
  if (header.version === 0) return 'version 0 is plain search, which every collection has';
  if (header.model.sha256 !== model.sha256 || header.width !== model.width) {
    return `model: the file is of ${header.model.name} (${header.model.sha256}), this is ${model.name} (${model.sha256})`;
  }
  const [theirs, ours] = [header.adapter, adapter].map((each) => JSON.stringify(each));
  return theirs === ours ? null : `adapter: the file has ${theirs}, the collection ${ours}`;
}

function refused(detail: string): Outcome<never> {
  return { ok: false, code: 'invalid_request', detail };
}
