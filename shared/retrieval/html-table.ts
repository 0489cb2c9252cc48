/**
 * Rows of an HTML table as lines of text: a cell alone says nothing, so each carries the name of its column. Empty cells
 * keep their place. A cell with blocks of its own is no cell of data: its blocks stand for themselves.
 */

/** What the names of columns may take in all the rows together, as a multiple of the table's own length. */
const NAMES_SHARE = 4;
const MOST_COLUMNS = 256;

export class TableRows {
  readonly #start: number;
  #names: string[] | null = null;
  #namesUsed = true;
  #cells: string[] = [];
  #headers = 0;
  #spent = 0;

  /** @param start where the table begins in the source */
  constructor(start: number) {
    this.#start = start;
  }

  cell(text: string, isHeader: boolean, span: number): void {
    if (isHeader) this.#headers += 1;
    this.#cells.push(text);
    const more = Math.min(Number.isInteger(span) ? span : 1, MOST_COLUMNS) - 1;
    for (let i = 0; i < more && this.#cells.length < MOST_COLUMNS; i++) this.#cells.push('');
  }

  /** The row that ends at `end`, in one line; nothing for one that names columns. */
  row(end: number): string {
    const cells = this.#cells;
    const named = cells.length > 0 && this.#headers === cells.filter((text) => text !== '').length;
    const isHeader = named && this.#headers > 0 && this.#names === null;
    this.#cells = [];
    this.#headers = 0;
    if (isHeader) {
      this.#names = cells;
      this.#namesUsed = false;
      return '';
    }
    this.#namesUsed = true;
    const room = NAMES_SHARE * (end - this.#start);
    const said = cells.map((text, column) => {
      const name = text === '' ? '' : (this.#names?.[column] ?? '');
      if (name === '' || name === text || this.#spent + name.length > room) return text;
      this.#spent += name.length;
      return `${name}: ${text}`;
    });
    return said.filter((text) => text !== '').join('; ');
  }

  /** Names that no row followed; nothing otherwise. */
  rest(): string {
    return this.#namesUsed ? '' : (this.#names ?? []).filter((text) => text !== '').join('; ');
  }
}
