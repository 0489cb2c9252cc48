/** Parameters and snapshots that a participant works with, fetched in parts and kept while they are needed. */
import { z } from 'zod';
import { toHex } from '../crypto/bytes.ts';
import { digest } from '../crypto/hash.ts';
import { Postings } from '../index/postings.ts';
import { decodeFloats, decodeRows, joinParts, type Parameters, type Rows } from '../protocol/parameters.ts';
import type { StateRef, TrainRound } from '../protocol/rounds.ts';
import { adapterSize, decodeSnapshot, type Snapshot } from '../protocol/snapshot.ts';
import type { CoordinatorPort } from './coordinator-port.ts';

const Names = z.array(z.string());

/** The coordinator has dropped what a round needs: the round is over. */
export class StateGoneError extends RangeError {}

export class StateCache {
  readonly #port: Pick<CoordinatorPort, 'statePart'>;
  /** One entry only: two snapshots of 50,000 rows would not fit beside the engine. */
  #kept: { key: string; value: Rows | Snapshot } | null = null;
  #adapter: { key: string; value: Float32Array } | null = null;
  #words: { key: string; value: Postings } | null = null;

  readonly #floats = new Map<string, Float32Array>();

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
    if (this.#adapter?.key !== spec.state.key) {
      const value = decodeFloats(await this.#fetch(spec.state), adapterSize(spec.adapter, width));
      this.#adapter = { key: spec.state.key, value };
    }
    const { value: adapter } = this.#adapter;
    return { adapter, ...(await this.rows(spec, width)) };
  }

  async rows(spec: TrainRound, width: number): Promise<Rows> {
    if (this.#kept?.key !== spec.rows.key) {
      this.#kept = null;
      const value = decodeRows(await this.#fetch(spec.rows), spec.activeRows, width);
      this.#kept = { key: spec.rows.key, value };
    }
    return this.#kept.value as Rows;
  }

  async snapshot(ref: StateRef): Promise<Snapshot> {
    if (this.#kept?.key !== ref.key) {
      this.#kept = null;
      this.#kept = { key: ref.key, value: decodeSnapshot(await this.#fetch(ref)) };
    }
    return this.#kept.value as Snapshot;
  }

  /** Words of all rows, beside the snapshots of one gate. */
  async words(ref: StateRef): Promise<Postings> {
    if (this.#words?.key !== ref.key)
      this.#words = { key: ref.key, value: new Postings(await this.#fetch(ref)) };
    return this.#words.value;
  }

  /** Plain floats, kept beside the rest: they serve a whole run. */
  async floats(ref: StateRef): Promise<Float32Array> {
    const known = this.#floats.get(ref.key);
    if (known !== undefined) return known;
    const bytes = await this.#fetch(ref);
    const value = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    this.#floats.set(ref.key, value);
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
