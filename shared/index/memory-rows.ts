/**
 * Logged questions in memory: an int8 row and a code of one bit a coordinate each. The codes say which rows are worth an
 * exact look, so that a search of 20,000 takes a tenth of the time that their rows would. A row that goes gives its place
 * to the last one, so that what is left lies without gaps.
 */
import {
  blankCodes,
  type CodeSpace,
  type Codes,
  codeQuery,
  codeSpace,
  encodeRow,
  estimateScores,
  rankCandidates,
} from './codes.ts';
import type { Neighbour } from './memory.ts';

/** A logged question as it is remembered. */
export interface RememberedQuestion {
  /** Number of its record. */
  record: number;
  /** The base embedding as `quantiseRow` makes it: width numbers. */
  row: Int8Array;
  item: string;
  voice: string | null;
  relevant: boolean;
  click: boolean;
}

type Said = Omit<RememberedQuestion, 'row'>;

const FIRST_ROOM = 64;
/** Of the rotation of codes: any will do. */
const SEED = 17;

export class MemoryRows {
  readonly width: number;
  readonly #said: Said[] = [];
  #clicks = 0;
  /** Places by the number of a record. */
  readonly #places = new Map<number, number>();
  /** There is room for more rows than there are. */
  #rows: Int8Array;
  /** One over the length of each row. */
  #scales: Float32Array;
  /** Questions have no common centre that is known before they come. */
  readonly #space: CodeSpace;
  #codes: Codes;

  constructor(width: number) {
    this.width = width;
    this.#rows = new Int8Array(FIRST_ROOM * width);
    this.#scales = new Float32Array(FIRST_ROOM);
    this.#space = codeSpace(new Float32Array(width), SEED);
    this.#codes = blankCodes(FIRST_ROOM, width);
  }

  get size(): number {
    return this.#said.length;
  }

  /** @throws RangeError for a row of another width */
  add({ row, ...said }: RememberedQuestion): void {
    if (row.length !== this.width)
      throw new RangeError(`row: ${row.length} numbers where the width is ${this.width}`);
    this.remove(said.record);
    if (this.size === this.#scales.length) this.#grow();
    const place = this.size;
    let squares = 0;
    for (const value of row) squares += value * value;
    this.#rows.set(row, place * this.width);
    const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    this.#scales[place] = scale;
    encodeRow(
      this.#space,
      this.#codes,
      place,
      Float32Array.from(row, (value) => value * scale),
    );
    this.#said.push(said);
    if (said.click) this.#clicks += 1;
    this.#places.set(said.record, place);
  }

  remove(record: number): void {
    const place = this.#places.get(record);
    if (place === undefined) return;
    const last = this.size - 1;
    const moved = this.#said[last]!;
    if (this.#said[place]!.click) this.#clicks -= 1;
    this.#rows.copyWithin(place * this.width, last * this.width, (last + 1) * this.width);
    this.#scales[place] = this.#scales[last]!;
    moveCode(this.#codes, last, place);
    this.#said[place] = moved;
    this.#places.set(moved.record, place);
    this.#places.delete(record);
    this.#said.pop();
  }

  /**
   * Of the logged questions whose answer somebody said the `count` nearest, and as many of those where it was opened only,
   * so that clicks never take the place of words; the nearest first. @param query a unit vector, width floats
   */
  nearest(query: Float32Array, count: number): Neighbour[] {
    const { size, width } = this;
    if (query.length !== width)
      throw new RangeError(`query: ${query.length} floats where the width is ${width}`);
    const estimates = new Float32Array(size);
    estimateScores(this.#codes, codeQuery(this.#space, query), estimates);
    const exact = (place: number) => this.#cosine(query, place);
    const of = (click: boolean) => {
      const isOther = (place: number) => this.#said[place]!.click !== click;
      const own = estimates.map((estimate, place) => (isOther(place) ? Number.NEGATIVE_INFINITY : estimate));
      const score = (place: number) => (isOther(place) ? Number.NEGATIVE_INFINITY : exact(place));
      return rankCandidates(own, count, score).filter(({ row }) => !isOther(row));
    };
    const nearest =
      this.#clicks === 0
        ? rankCandidates(estimates, count, exact)
        : [...of(false), ...of(true)].sort((a, b) => b.score - a.score || a.row - b.row);
    return nearest.map(({ row, score }) => {
      const { item, voice, relevant, click } = this.#said[row]!;
      return { item, voice, relevant, click, cosine: score };
    });
  }

  #cosine(query: Float32Array, place: number): number {
    let sum = 0;
    for (let i = 0, at = place * this.width; i < query.length; i++, at++) sum += query[i]! * this.#rows[at]!;
    return sum * this.#scales[place]!;
  }

  #grow(): void {
    const room = 2 * this.#scales.length;
    const rows = new Int8Array(room * this.width);
    const scales = new Float32Array(room);
    rows.set(this.#rows);
    scales.set(this.#scales);
    this.#rows = rows;
    this.#scales = scales;
    const codes = blankCodes(room, this.width);
    codes.signs.set(this.#codes.signs);
    codes.scales.set(this.#codes.scales);
    codes.shifts.set(this.#codes.shifts);
    this.#codes = codes;
  }
}

function moveCode({ signs, scales, shifts }: Codes, from: number, to: number): void {
  const bytes = signs.length / scales.length;
  signs.copyWithin(to * bytes, from * bytes, (from + 1) * bytes);
  scales[to] = scales[from]!;
  shifts[to] = shifts[from]!;
}
