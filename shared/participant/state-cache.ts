/**
 * Parameters and snapshots that a participant works with, fetched in parts and kept while they are needed. They are known
 * by their hash, which the task that it signs names: never by what the coordinator calls them.
 */
import { z } from 'zod';
import { toHex } from '../crypto/bytes.ts';
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
import { MOST_STATE_BYTES } from '../protocol/round-limits.ts';
import type { StateRef, TrainRound } from '../protocol/rounds.ts';
import { adapterSize, decodeSnapshot, type Snapshot } from '../protocol/snapshot.ts';
import type { CoordinatorPort } from './coordinator-port.ts';
import { checkDirections } from './parameter-bounds.ts';

const Names = z.array(z.string());

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
      const value = decodeFloats(await this.#fetch(spec.state), size);
      this.#adapter = { name, value };
    }
    const { value: adapter } = this.#adapter;
    return { adapter, ...(await this.rows(spec, width)) };
  }

  async rows(spec: TrainRound, width: number): Promise<Rows> {
    const name = `rows ${spec.rows.hash} ${spec.activeRows}`;
    if (this.#kept?.name !== name) {
      this.#kept = null;
      const value = decodeRows(await this.#fetch(spec.rows), spec.activeRows, width);
      this.#kept = { name, value };
    }
    return this.#kept.value as Rows;
  }

  async snapshot(ref: StateRef): Promise<Snapshot> {
    const name = `snapshot ${ref.hash}`;
    if (this.#kept?.name !== name) {
      this.#kept = null;
      this.#kept = { name, value: decodeSnapshot(await this.#fetch(ref)) };
    }
    return this.#kept.value as Snapshot;
  }

  /** Words of all rows, beside the snapshots of one gate. */
  async words(ref: StateRef): Promise<Postings> {
    if (this.#words?.name !== ref.hash)
      this.#words = { name: ref.hash, value: new Postings(await this.#fetch(ref)) };
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
    const bytes = await this.#fetch(ref);
    const value = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    this.#floats.set(ref.hash, value);
    return value;
  }

  /** Unsigned 32-bit numbers. */
  async numbers(ref: StateRef): Promise<Uint32Array> {
    const bytes = await this.#fetch(ref);
    return new Uint32Array(bytes.slice().buffer);
  }

  /** A JSON array of strings. */
  async names(ref: StateRef): Promise<string[]> {
    return Names.parse(JSON.parse(new TextDecoder().decode(await this.#fetch(ref))));
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
