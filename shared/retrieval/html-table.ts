/**
 * Rows of an HTML table as lines of text: a cell alone says nothing, so each carries the name of its column. Empty cells
 * keep their place. A cell with blocks of its own is no cell of data: its blocks stand for themselves.
 */

/** What the names of columns may take in all the rows together, as a multiple of the table's own length. */
const NAMES_SHARE = 4;
const MOST_COLUMNS = 256;

/** Columns and rows that a cell takes. */
export interface Span {
  columns: number;
  rows: number;
}

interface Reaching {
  text: string;
  isHeader: boolean;
  rows: number;
}

export class TableRows {
  readonly #start: number;
  #names: string[] | null = null;
  #namesUsed = true;
  #cells: string[] = [];
  /** Cells of rows above that reach into the next rows, by column. */
  #reaching: (Reaching | undefined)[] = [];
  #headers = 0;
  /** The first cell says what the row is about. */
  #beginsWithHeader = false;
  #spent = 0;

  /** @param start where the table begins in the source */
  constructor(start: number) {
    this.#start = start;
  }

  cell(text: string, isHeader: boolean, { columns, rows }: Span): void {
    this.#fromAbove();
    const at = this.#cells.length;
    if (rows > 1 && at < MOST_COLUMNS) this.#reaching[at] = { text, isHeader, rows: rows - 1 };
    this.#push(text, isHeader);
    for (let i = 1; i < columns && this.#cells.length < MOST_COLUMNS; i++) {
      this.#fromAbove();
      this.#cells.push('');
    }
  }

  #push(text: string, isHeader: boolean): void {
    // An empty corner names nothing, and is no cell of data either.
    if (isHeader && text !== '') this.#headers += 1;
    if (isHeader && this.#cells.length === 0 && text !== '') this.#beginsWithHeader = true;
    this.#cells.push(text);
  }

  /** What a cell above says for this column, too. */
  #fromAbove(): void {
    for (;;) {
      const above = this.#reaching[this.#cells.length];
      if (above === undefined || above.rows === 0) return;
      above.rows -= 1;
      this.#push(above.text, above.isHeader);
    }
  }

  /** The row that ends at `end`, in one line; nothing for one that names columns. */
  row(end: number): string {
    if (this.#cells.length === 0) return '';
    this.#fromAbove();
    const cells = this.#cells;
    const about = this.#names === null && this.#beginsWithHeader && this.#headers === 1;
    this.#beginsWithHeader = false;
    const named = this.#headers === cells.filter((text) => text !== '').length;
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
    const [first = '', ...others] = said.filter((text) => text !== '');
    if (about && others.length > 0) return `${first.replace(/\s*:$/, '')}: ${others.join('; ')}`;
    return [first, ...others].join('; ');
  }

  /** Names that no row followed; nothing otherwise. */
  rest(): string {
    return this.#namesUsed ? '' : (this.#names ?? []).filter((text) => text !== '').join('; ');
  }
}
