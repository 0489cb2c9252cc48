/** What a run has learned so far, in the Coordinator's SQLite: parameters and the optimiser's moments. */
import { newOptimiserState, type OptimiserState } from '../../shared/federated/optimiser.ts';
import { decodeParameters, encodeParameters, type Parameters } from '../../shared/protocol/parameters.ts';
import type { AdapterSettings, OptimiserSettings } from '../../shared/protocol/settings.ts';
import { adapterSize } from '../../shared/protocol/snapshot.ts';
import type { Blobs } from '../sql.ts';

const PREFIX = 'run/';
const PARAMETERS = 'run/parameters';
const DIRECTIONS = 'run/directions';
const AVERAGE = 'run/average';
const FIXED = 'run/fixed';
const STEP = 'run/step';
const FIRST = 'run/first-moment';
const SECOND = 'run/second-moment';

export class TrainingState {
  readonly #blobs: Blobs;
  readonly #adapter: AdapterSettings;
  readonly #width: number;

  constructor(blobs: Blobs, adapter: AdapterSettings, width: number) {
    this.#blobs = blobs;
    this.#adapter = adapter;
    this.#width = width;
  }

  /** @param fixed rows that compete and do not learn, [rows, width]; the same for the whole run */
  begin(
    parameters: Parameters,
    fixed: Float32Array,
    directions: Float32Array | null,
    optimiser: OptimiserSettings['kind'],
  ): void {
    if (directions !== null) {
      this.#blobs.put(
        DIRECTIONS,
        new Uint8Array(directions.buffer, directions.byteOffset, directions.byteLength),
      );
    }
    const length = parameters.adapter.length + parameters.head.length;
    this.#blobs.put(FIXED, new Uint8Array(fixed.buffer, fixed.byteOffset, fixed.byteLength));
    this.save(encodeParameters(parameters), newOptimiserState(optimiser, length));
  }

  save(parameters: Uint8Array, optimiser: OptimiserState): void {
    this.#blobs.put(PARAMETERS, parameters);
    this.#blobs.put(STEP, new Uint8Array(Uint32Array.of(optimiser.step).buffer));
    this.#blobs.put(FIRST, new Uint8Array(optimiser.first.buffer));
    this.#blobs.put(SECOND, new Uint8Array(optimiser.second.buffer));
  }

  /** The parameters as they are stored and sent. @throws Error outside a run */
  bytes(): Uint8Array {
    const bytes = this.#blobs.get(PARAMETERS);
    if (bytes === null) throw new Error('the parameters of the run are gone');
    return bytes;
  }

  part(part: number): Uint8Array | null {
    return this.#blobs.part(PARAMETERS, part);
  }

  /**
   * The mean of this and the parameters before it that were averaged, `count` of them; null before the first.
   * Active rows are the same all through a run.
   */
  average(parameters: Parameters, count: number): Parameters {
    const stored = count === 0 ? null : this.#blobs.get(AVERAGE);
    if (stored === null) return parameters;
    const length = adapterSize(this.#adapter, this.#width);
    const mean = decodeParameters(stored, parameters.activeRows.length, length, this.#width);
    const blend = (into: Float32Array, value: Float32Array) =>
      into.map((x, i) => x + ((value[i] as number) - x) / (count + 1));
    return {
      activeRows: parameters.activeRows,
      adapter: blend(mean.adapter, parameters.adapter),
      head: blend(mean.head, parameters.head),
    };
  }

  saveAverage(parameters: Uint8Array): void {
    this.#blobs.put(AVERAGE, parameters);
  }

  fixed(): Uint8Array {
    return this.#blobs.get(FIXED) ?? new Uint8Array(0);
  }

  /** Orthonormal directions [k, width] along which the head moves, as bytes; null: along all. */
  directions(): Uint8Array | null {
    return this.#blobs.get(DIRECTIONS);
  }

  directionsPart(part: number): Uint8Array | null {
    return this.#blobs.part(DIRECTIONS, part);
  }

  fixedPart(part: number): Uint8Array | null {
    return this.#blobs.part(FIXED, part);
  }

  parameters(): Parameters {
    const bytes = this.bytes();
    const length = adapterSize(this.#adapter, this.#width);
    const active = (bytes.length / 4 - length) / (1 + this.#width);
    return decodeParameters(bytes, active, length, this.#width);
  }

  optimiser(): OptimiserState {
    const floats = (name: string) => new Float32Array(this.#words(name));
    return { step: new Uint32Array(this.#words(STEP))[0] ?? 0, first: floats(FIRST), second: floats(SECOND) };
  }

  clear(): void {
    this.#blobs.deletePrefix(PREFIX);
  }

  #words(name: string): ArrayBuffer {
    return (this.#blobs.get(name) ?? new Uint8Array(0)).slice().buffer;
  }
}
