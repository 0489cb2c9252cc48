/**
 * What a run has learned so far, in the Coordinator's SQLite: parameters and the optimiser's moments; beside them what
 * stays the same all through it, whose hash is made once.
 */
import { toHex } from '../../shared/crypto/bytes.ts';
import { digest } from '../../shared/crypto/hash.ts';
import {
  decodeFloats,
  decodeParameters,
  decodeRows,
  encodeFloats,
  encodeRows,
  type Parameters,
  partCount,
} from '../../shared/protocol/parameters.ts';
import type { RoundSpec, StateRef, TrainRound } from '../../shared/protocol/rounds.ts';
import { adapterSize } from '../../shared/protocol/snapshot.ts';
import type { AdapterSettings } from '../../shared/protocol/training-settings.ts';
import type { OptimiserState } from '../../shared/round/optimiser.ts';
import type { Blobs } from '../sql.ts';

/** Everything here that a run leaves. */
export const RUN_BLOBS = 'run/';
const ADAPTER = 'run/adapter';
const ROWS = 'run/rows';
const DIRECTIONS = 'run/directions';
const AVERAGE = 'run/average';
const FIXED = 'run/fixed';
const START = 'run/start';
const TOTAL = 'run/total';
const COUNTS = 'run/counts';
const MANIFEST = 'run/manifest';
const PASSAGES = 'run/passages';
const WORDS = 'run/words';
const CONSTANTS = 'run/constants';
const STEP = 'run/step';
const FIRST = 'run/first-moment';
const SECOND = 'run/second-moment';

/** A byte string as participants are told of it. */
export type Content = Omit<StateRef, 'key'>;

export async function contentOf(bytes: Uint8Array): Promise<Content> {
  return { hash: toHex(await digest(bytes)), bytes: bytes.length, parts: partCount(bytes.length) };
}

/** What stays the same all through a run. */
export interface Constants {
  /** Rows that compete and do not learn, [rows, width]. */
  fixed: Float32Array;
  /** Orthonormal directions [k, width] along which the head moves; null: along all. */
  directions: Float32Array | null;
}

export interface ConstantContents {
  fixed: Content;
  directions: Content | null;
}

export async function contentsOf({ fixed, directions }: Constants): Promise<ConstantContents> {
  return {
    fixed: await contentOf(encodeFloats(fixed)),
    directions: directions === null ? null : await contentOf(encodeFloats(directions)),
  };
}

export class TrainingState {
  readonly #blobs: Blobs;
  readonly #adapterLength: number;
  readonly #width: number;
  /** Of what was hashed last. */
  readonly #contents = new Map<string, { key: string; content: Content }>();

  constructor(blobs: Blobs, adapter: AdapterSettings, width: number) {
    this.#blobs = blobs;
    this.#adapterLength = adapterSize(adapter, width);
    this.#width = width;
  }

  /** Part of what a round's specification names, by its key there; null where it names none such. */
  part(spec: RoundSpec, key: string, part: number): Uint8Array | null {
    const named: [ref: { key: string } | null | undefined, blob: string][] =
      spec.kind === 'count'
        ? [
            [spec.manifest, MANIFEST],
            [spec.passages, PASSAGES],
          ]
        : spec.kind === 'train'
          ? [
              [spec.fixed, FIXED],
              [spec.directions, DIRECTIONS],
              [spec.rows, ROWS],
              [spec.state, ADAPTER],
            ]
          : [[spec.words, WORDS]];
    const blob = named.find(([ref]) => ref?.key === key)?.[1];
    return blob === undefined ? null : this.#blobs.part(blob, part);
  }

  /** @param contents of the constants, as `contentsOf` gives them */
  begin(
    parameters: Parameters,
    { fixed, directions }: Constants,
    contents: ConstantContents,
    optimiser: OptimiserState,
  ): void {
    if (directions !== null) this.#blobs.put(DIRECTIONS, encodeFloats(directions));
    this.#blobs.put(FIXED, encodeFloats(fixed));
    this.#blobs.put(CONSTANTS, new TextEncoder().encode(JSON.stringify(contents)));
    this.save(parameters, 'adapter-and-head', optimiser);
  }

  /** @param moved what of the parameters is not as it was */
  save(parameters: Parameters, moved: TrainRound['train'], optimiser: OptimiserState): void {
    if (moved !== 'head') this.#blobs.put(ADAPTER, encodeFloats(parameters.adapter));
    if (moved !== 'adapter') this.#blobs.put(ROWS, encodeRows(parameters));
    this.#blobs.put(STEP, new Uint8Array(Uint32Array.of(optimiser.step).buffer));
    this.#blobs.put(FIRST, new Uint8Array(optimiser.first.buffer));
    this.#blobs.put(SECOND, new Uint8Array(optimiser.second.buffer));
  }

  /**
   * Adapter and rows as participants are told of them.
   * @param keys name what they are now. @throws Error outside a run
   */
  async refs(keys: { adapter: string; rows: string }): Promise<{ adapter: StateRef; rows: StateRef }> {
    const adapter = await this.#ref(ADAPTER, keys.adapter, () => this.#adapterBytes());
    return { adapter, rows: await this.#ref(ROWS, keys.rows, () => this.#rowsBytes()) };
  }

  async #ref(name: string, key: string, bytes: () => Uint8Array): Promise<StateRef> {
    const known = this.#contents.get(name);
    const content = known?.key === key ? known.content : await contentOf(bytes());
    this.#contents.set(name, { key, content });
    return { key, ...content };
  }

  /**
   * The mean of this and the parameters before it that were averaged, `count` of them; null before the first.
   * Active rows are the same all through a run.
   */
  average(parameters: Parameters, count: number): Parameters {
    const stored = count === 0 ? null : this.#blobs.get(AVERAGE);
    if (stored === null) return parameters;
    const { length } = parameters.activeRows;
    const mean = decodeParameters(stored, length, this.#adapterLength, this.#width);
    const blend = (into: Float32Array, value: Float32Array) =>
      into.map((x, i) => x + (value[i]! - x) / (count + 1));
    return {
      activeRows: parameters.activeRows,
      adapter: blend(mean.adapter, parameters.adapter),
      head: blend(mean.head, parameters.head),
    };
  }

  /** Keeps the head that smoothed steps begin from. */
  beginSmoothing(head: Float32Array): void {
    this.#blobs.put(START, encodeFloats(head));
    this.#blobs.put(TOTAL, new Uint8Array(4 * head.length));
  }

  /** Null where steps are not smoothed. */
  smoothing(): { start: Float32Array; total: Float32Array } | null {
    if (this.#blobs.get(START) === null) return null;
    return { start: new Float32Array(this.#words(START)), total: new Float32Array(this.#words(TOTAL)) };
  }

  /** Keeps the queries that asked for each active row. */
  saveCounts(counts: Float32Array): void {
    this.#blobs.put(COUNTS, encodeFloats(counts));
  }

  /** Null with noise, and in a run that began before they were kept. */
  counts(): Float32Array | null {
    return this.#blobs.get(COUNTS) === null ? null : new Float32Array(this.#words(COUNTS));
  }

  /** Keeps the documents that a run is about, as participants are sent them. */
  saveManifest(documents: readonly string[]): Promise<Content> {
    return this.#keep(MANIFEST, new TextEncoder().encode(JSON.stringify(documents)));
  }

  /** @throws RangeError outside a run */
  manifest(): string[] {
    const bytes = this.#blobs.get(MANIFEST);
    if (bytes === null) throw new RangeError('the manifest of the run is gone');
    return JSON.parse(new TextDecoder().decode(bytes)) as string[];
  }

  /** Keeps the rows whose passages are counted. */
  savePassages(rows: readonly number[]): Promise<Content> {
    return this.#keep(PASSAGES, new Uint8Array(Uint32Array.from(rows).buffer));
  }

  /** Keeps the words of all rows that a gate asks by. */
  saveWords(words: Uint8Array): Promise<Content> {
    return this.#keep(WORDS, words);
  }

  passages(): Uint32Array {
    return new Uint32Array(this.#words(PASSAGES));
  }

  #keep(name: string, bytes: Uint8Array): Promise<Content> {
    this.#blobs.put(name, bytes);
    return contentOf(bytes);
  }

  saveTotal(total: Float32Array): void {
    this.#blobs.put(TOTAL, encodeFloats(total));
  }

  saveAverage(parameters: Uint8Array): void {
    this.#blobs.put(AVERAGE, parameters);
  }

  /** @throws RangeError outside a run */
  constants(): ConstantContents {
    const bytes = this.#blobs.get(CONSTANTS);
    if (bytes === null) throw new RangeError('the constants of the run are gone');
    return JSON.parse(new TextDecoder().decode(bytes)) as ConstantContents;
  }

  /** Directions of `Constants` as they are stored and sent. */
  directions(): Uint8Array | null {
    return this.#blobs.get(DIRECTIONS);
  }

  /** @throws Error outside a run */
  parameters(): Parameters {
    const rows = this.#rowsBytes();
    const adapter = decodeFloats(this.#adapterBytes(), this.#adapterLength);
    return { adapter, ...decodeRows(rows, rows.length / 4 / (1 + this.#width), this.#width) };
  }

  /** None where there is no adapter. */
  #adapterBytes(): Uint8Array {
    return this.#blobs.get(ADAPTER) ?? new Uint8Array(0);
  }

  #rowsBytes(): Uint8Array {
    const bytes = this.#blobs.get(ROWS);
    if (bytes === null) throw new Error('the parameters of the run are gone');
    return bytes;
  }

  optimiser(): OptimiserState {
    const floats = (name: string) => new Float32Array(this.#words(name));
    return { step: new Uint32Array(this.#words(STEP))[0] ?? 0, first: floats(FIRST), second: floats(SECOND) };
  }

  clear(): void {
    this.#contents.clear();
    this.#blobs.deletePrefix(RUN_BLOBS);
  }

  #words(name: string): ArrayBuffer {
    return (this.#blobs.get(name) ?? new Uint8Array(0)).slice().buffer;
  }
}
