/** The one error of all readers of data sets. */

/** What is wrong with a data set, and where: `file:line: field "x": …`, the file with the folder it was looked for in. */
export class DatasetError extends Error {
  override name = 'DatasetError';
  readonly file: string;
  readonly line: number | null;
  /** What is wrong, without the place. */
  readonly reason: string;

  constructor(file: string, line: number | null, field: string | null, detail: string) {
    const reason = `${field === null ? '' : `field "${field}": `}${detail}`;
    super(`${line === null ? file : `${file}:${line}`}: ${reason}`);
    this.file = file;
    this.line = line;
    this.reason = reason;
  }
}
