/** The rounds that a participant let be released: one line each, appended and synced before what releases them leaves. */
import { type RoundLog, runOf } from '../../shared/certificate/round-log.ts';
import { RoundRecord } from '../../shared/protocol/certificate.ts';
import { appendLines, readLinesOf } from './files.ts';

export class RoundLogFile implements RoundLog {
  readonly #file: string;
  #records: RoundRecord[] | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  all(): readonly RoundRecord[] {
    this.#records ??= readLinesOf<unknown>(this.#file).map((line) => RoundRecord.parse(line));
    return this.#records;
  }

  add(record: RoundRecord): void {
    if (this.all().some(({ serial }) => serial === record.serial)) return;
    appendLines(this.#file, [record]);
    this.#records = [...this.all(), record];
  }

  of(run: string): RoundRecord[] {
    return this.all()
      .filter(({ round }) => runOf(round) === run)
      .sort((a, b) => a.serial - b.serial);
  }
}
