/**
 * The pieces of a vocabulary as a trie over UTF-16 units, its edges in one open-addressed table: 40,000 pieces take about
 * 3 MB, where maps of maps take ten times as much.
 */
const NONE = -1;

export class Pieces {
  readonly #mask: number;
  readonly #parents: Int32Array;
  readonly #units: Uint16Array;
  readonly #children: Int32Array;
  /** The piece that ends at a node. */
  readonly #ids: Int32Array;
  #nodes = 1;

  /** @param pieces by id; of equal ones the last counts */
  constructor(pieces: readonly string[]) {
    const most = pieces.reduce((size, piece) => size + piece.length, 1);
    const edges = 2 ** Math.ceil(Math.log2(2 * most));
    this.#mask = edges - 1;
    this.#parents = new Int32Array(edges).fill(NONE);
    this.#units = new Uint16Array(edges);
    this.#children = new Int32Array(edges);
    const ids = new Int32Array(most).fill(NONE);
    for (const [id, piece] of pieces.entries()) ids[this.#insert(piece)] = id;
    this.#ids = ids.slice(0, this.#nodes);
  }

  /** Calls `visit` with the id and the end of every piece that begins at `start`, shortest first. */
  from(text: string, start: number, visit: (id: number, end: number) => void): void {
    let node = 0;
    for (let at = start; at < text.length; at++) {
      node = this.#child(node, text.charCodeAt(at));
      if (node === NONE) return;
      const id = this.#ids[node]!;
      if (id !== NONE) visit(id, at + 1);
    }
  }

  #insert(piece: string): number {
    let node = 0;
    for (let at = 0; at < piece.length; at++) {
      const unit = piece.charCodeAt(at);
      const slot = this.#slot(node, unit);
      if (this.#parents[slot] === NONE) {
        this.#parents[slot] = node;
        this.#units[slot] = unit;
        this.#children[slot] = this.#nodes;
        this.#nodes += 1;
      }
      node = this.#children[slot]!;
    }
    return node;
  }

  #child(node: number, unit: number): number {
    const slot = this.#slot(node, unit);
    return this.#parents[slot] === NONE ? NONE : this.#children[slot]!;
  }

  /** Where the edge is, or would be. */
  #slot(node: number, unit: number): number {
    let slot = (Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b)) >>> 7;
    for (slot &= this.#mask; this.#parents[slot] !== NONE; slot = (slot + 1) & this.#mask) {
      if (this.#parents[slot] === node && this.#units[slot] === unit) break;
    }
    return slot;
  }
}
