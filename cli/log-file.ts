/**
 * A log file that never ends the process: what cannot be written is dropped, said once, and tried again later. Whoever
 * writes is never made to wait.
 */
import { createWriteStream, type WriteStream } from 'node:fs';

/** After a failure nothing is tried for so long. */
const RETRY_MS = 10_000;
/** Bytes that may wait for a slow disk. */
const MOST_WAITING = 4 << 20;

export interface LogFileOptions {
  /** Hears that lines are lost, and why. */
  say(line: string): void;
  now?(): number;
}

export class LogFile {
  readonly path: string;
  readonly #say: (line: string) => void;
  readonly #now: () => number;
  #stream: WriteStream | null = null;
  #retryAt = 0;
  #said = false;

  constructor(path: string, { say, now = () => Date.now() }: LogFileOptions) {
    this.path = path;
    this.#say = say;
    this.#now = now;
  }

  write(chunk: Buffer | string): void {
    if (this.#stream === null) {
      if (this.#now() < this.#retryAt) return;
      this.#stream = this.#open();
    }
    if (this.#stream.writableLength < MOST_WAITING) this.#stream.write(chunk);
  }

  #open(): WriteStream {
    const stream = createWriteStream(this.path, { flags: 'a' });
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#stream !== stream) return;
      this.#stream = null;
      this.#retryAt = this.#now() + RETRY_MS;
      if (!this.#said)
        this.#say(`${this.path} cannot be written (${error.code ?? error.message}); lines are lost`);
      this.#said = true;
    });
    return stream;
  }

  async close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = null;
    if (stream === null) return;
    await new Promise<void>((resolve) => {
      stream.once('error', () => resolve());
      stream.end(() => resolve());
    });
  }
}
