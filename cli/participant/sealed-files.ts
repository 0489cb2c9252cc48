/**
 * Byte strings of one round in files, sealed with AES-256-GCM under a key that is forgotten with them: deleting a file
 * leaves its blocks on the disk, and with them secrets of the round. The key is a file of its own, of which there is one
 * copy; to forget it is to overwrite it where it lies. docs/protocol.md, "Secrets on disk", says where that does not reach.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { writeDurably } from './files.ts';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export class SealedFiles {
  readonly #keyFile: string;
  #key: Buffer | null;

  /** @param keyFile where the key lies; made with the first byte string */
  constructor(keyFile: string) {
    this.#keyFile = keyFile;
    const key = existsSync(keyFile) ? readFileSync(keyFile) : null;
    this.#key = key?.length === KEY_BYTES ? key : null;
  }

  /** Whether there is a key: without one nothing that was written can be read. */
  get open(): boolean {
    return this.#key !== null;
  }

  write(file: string, bytes: Uint8Array): void {
    if (this.#key === null) {
      this.#key = randomBytes(KEY_BYTES);
      writeDurably(this.#keyFile, this.#key);
    }
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    const sealed = [nonce, cipher.update(bytes), cipher.final()];
    writeDurably(file, Buffer.concat([...sealed, cipher.getAuthTag()]));
  }

  /** @throws RangeError for a file that was not sealed under this key */
  read(file: string): Uint8Array {
    const sealed = readFileSync(file);
    const end = sealed.length - TAG_BYTES;
    if (this.#key === null || end < NONCE_BYTES) throw new RangeError(`${file}: cannot be opened`);
    const cipher = createDecipheriv(CIPHER, this.#key, sealed.subarray(0, NONCE_BYTES));
    cipher.setAuthTag(sealed.subarray(end));
    const plain = [cipher.update(sealed.subarray(NONCE_BYTES, end))];
    try {
      plain.push(cipher.final());
    } catch {
      throw new RangeError(`${file}: cannot be opened`);
    }
    return new Uint8Array(Buffer.concat(plain));
  }

  /** From now on nothing that was written can be read; the next byte string gets a key of its own. */
  forget(): void {
    this.#key?.fill(0);
    this.#key = null;
    if (!existsSync(this.#keyFile)) return;
    const handle = openSync(this.#keyFile, 'r+');
    try {
      writeSync(handle, randomBytes(KEY_BYTES), 0, KEY_BYTES, 0);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    rmSync(this.#keyFile, { force: true });
  }
}
