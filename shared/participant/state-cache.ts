/**
 * Parameters and snapshots that a participant works with, fetched in parts and kept while they are needed. They are known
 * by their hash, which the task that it signs names: never by what the coordinator calls them.
 */
import { numbersIn, toHex } from '../crypto/bytes.ts';
import { digest } from '../crypto/hash.ts';
import { Postings } from '../index/postings.ts';
import {
  decodeFloats,
  decodeRows,
  joinParts,
  type Parameters,
  partCount,
  type Rows,
} from '../protocol/parameters.ts';
import { MOST_ROWS, MOST_STATE_BYTES } from '../protocol/round-limits.ts';
import type { StateRef, TrainRound } from '../protocol/rounds.ts';
import { adapterSize, decodeSnapshot, type Snapshot } from '../protocol/snapshot.ts';
import type { CoordinatorPort } from './coordinator-port.ts';
import { checkDirections } from './parameter-bounds.ts';

/** Of what a reader says, which may quote what it read. */
const LONGEST_REASON = 200;

/** The coordinator has dropped what a round needs: the round is over. */
export class StateGoneError extends RangeError {}

export class StateCache {
  readonly #port: Pick<CoordinatorPort, 'statePart'>;
  /** One entry only: two snapshots of 50,000 rows would not fit beside the engine. */
  #kept: { name: string; value: Rows | Snapshot } | null = null;
  #adapter: { name: string; value: Float32Array } | null = null;
  #words: { name: string; value: Postings } | null = null;

  readonly #floats = new Map<string, Float32Array>();
  readonly #orthonormal = new WeakSet<Float32Array>();

  constructor(port: Pick<CoordinatorPort, 'statePart'>) {
    this.#port = port;
  }

  clear(): void {
    this.#kept = null;
    this.#adapter = null;
    this.#words = null;
    this.#floats.clear();
  }

  async parameters(spec: TrainRound, width: number): Promise<Parameters> {
    const size = adapterSize(spec.adapter, width);
    const name = `${spec.state.hash} ${size}`;
    if (this.#adapter?.name !== name) {
      const value = await this.#read(spec.state, (bytes) => decodeFloats(bytes, size));
      this.#adapter = { name, value };
    }
    const { value: adapter } = this.#adapter;
    return { adapter, ...(await this.rows(spec, width)) };
  }

  async rows(spec: TrainRound, width: number): Promise<Rows> {
    const name = `rows ${spec.rows.hash} ${spec.activeRows}`;
    if (this.#kept?.name !== name) {
      this.#kept = null;
      const value = await this.#read(spec.rows, (bytes) => decodeRows(bytes, spec.activeRows, width));
      this.#kept = { name, value };
    }
    return this.#kept.value as Rows;
  }

  async snapshot(ref: StateRef): Promise<Snapshot> {
    const name = `snapshot ${ref.hash}`;
    if (this.#kept?.name !== name) {
      this.#kept = null;
      this.#kept = { name, value: await this.#read(ref, decodeSnapshot) };
    }
    return this.#kept.value as Snapshot;
  }

  /** Words of all rows, beside the snapshots of one gate. */
  async words(ref: StateRef): Promise<Postings> {
    if (this.#words?.name !== ref.hash)
      this.#words = { name: ref.hash, value: await this.#read(ref, (bytes) => new Postings(bytes)) };
    return this.#words.value;
  }

  /** Directions that sums are projected on. @throws RangeError unless they are orthonormal */
  async directions(ref: StateRef, width: number): Promise<Float32Array> {
    const value = await this.floats(ref);
    if (!this.#orthonormal.has(value)) checkDirections(value, width);
    this.#orthonormal.add(value);
    return value;
  }

  /** Plain floats, kept beside the rest: they serve a whole run. */
  async floats(ref: StateRef): Promise<Float32Array> {
    const known = this.#floats.get(ref.hash);
    if (known !== undefined) return known;
    const value = await this.#read(
      ref,
      ({ buffer, byteOffset, length }) => new Float32Array(buffer, byteOffset, length / 4),
    );
    this.#floats.set(ref.hash, value);
    return value;
  }

  /** Unsigned 32-bit numbers. */
  async numbers(ref: StateRef): Promise<Uint32Array> {
    return this.#read(ref, (bytes) => numbersIn(bytes, Uint32Array));
  }

  /** The documents that stand, of which there are no more than rows. */
  async names(ref: StateRef): Promise<string[]> {
    return this.#read(ref, listOf);
  }

  /** @throws RangeError for what cannot be read, whatever a reader throws: it is the coordinator's fault, and no accident here */
  async #read<T>(ref: StateRef, decode: (bytes: Uint8Array) => T): Promise<T> {
    const bytes = await this.#fetch(ref);
    try {
      return decode(bytes);
    } catch (error) {
      const why = (error as Error).message.slice(0, LONGEST_REASON);
      throw new RangeError(`parameters ${ref.key}: ${why}`, { cause: error });
    }
  }

  async #fetch(ref: StateRef): Promise<Uint8Array> {
    if (ref.bytes > MOST_STATE_BYTES || ref.parts !== partCount(ref.bytes)) {
      throw new RangeError(
        `parameters ${ref.key}: ${ref.bytes} bytes in ${ref.parts} parts, where at most ${MOST_STATE_BYTES} in parts of 1 MiB are taken`,
      );
    }
    const parts: Uint8Array[] = [];
    for (let part = 0; part < ref.parts; part++) {
      const bytes = await this.#port.statePart(ref.key, part);
      if (bytes === null) throw new StateGoneError(`parameters ${ref.key}: part ${part} is gone`);
      parts.push(bytes);
    }
    const bytes = joinParts(parts, ref.bytes);
    const hash = toHex(await digest(bytes));
    if (hash !== ref.hash)
      throw new RangeError(`parameters ${ref.key}: their hash is ${hash}, not ${ref.hash}`);
    return bytes;
  }
}

/** A JSON array of strings. @throws RangeError for anything else, and for more than a run has rows */
function listOf(json: Uint8Array): string[] {
  if (separatorsIn(json) >= MOST_ROWS)
    throw new RangeError(`more than ${MOST_ROWS} documents, and a run has no more rows`);
  const value: unknown = JSON.parse(new TextDecoder().decode(json));
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string'))
    throw new RangeError('no list of documents');
  return value;
}

const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];

/** Commas between the values of a JSON text, counted where it lies: parsed, millions of values would take gigabytes. */
function separatorsIn(json: Uint8Array): number {
  let found = 0;
  let quoted = false;
  for (let at = 0; at < json.length && found < MOST_ROWS; at++) {
    const byte = json[at];
    if (byte === QUOTE) quoted = !quoted;
    else if (quoted && byte === BACKSLASH) at += 1;
    else if (!quoted && byte === COMMA) found += 1;
  }
  return found;
}
