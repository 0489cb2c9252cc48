/**
 * The job in progress in a folder: an index (job.json) that names the files of its byte strings. Files are written
 * under names never used before and the index is replaced last, so that all of a step lasts or nothing of it. They are
 * sealed under a key that is forgotten with the job.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '../../shared/participant/shard-store.ts';
import { readJson, writeJson } from './files.ts';
import { SealedFiles } from './sealed-files.ts';

interface Index {
  job: Job | null;
  /** File names by the byte strings' own. */
  files: Record<string, string>;
  /** Numbers the files. */
  next: number;
}

const INDEX = 'job.json';
const KEY = 'key';

export class JobFiles {
  readonly #folder: string;
  readonly #indexFile: string;
  readonly #sealed: SealedFiles;
  #index: Index;

  constructor(folder: string) {
    this.#folder = folder;
    this.#indexFile = join(folder, INDEX);
    this.#sealed = new SealedFiles(join(folder, KEY));
    this.#index = readJson<Index>(this.#indexFile) ?? { job: null, files: {}, next: 0 };
    // Forgotten half way, or written by an earlier release: nothing of the round can be gone on with.
    if (this.#index.job !== null && Object.keys(this.#index.files).length > 0 && !this.#sealed.open)
      this.clear();
    else this.#sweep();
  }

  job(): Job | null {
    return this.#index.job;
  }

  /** Saves the job and the byte strings given (null deletes one). */
  save(job: Job | null, blobs: Record<string, Uint8Array | null> = {}): void {
    const files = { ...this.#index.files };
    const replaced: string[] = [];
    let { next } = this.#index;
    for (const [name, bytes] of Object.entries(blobs)) {
      if (files[name] !== undefined) replaced.push(files[name]);
      delete files[name];
      if (bytes === null) continue;
      const file = `${next++}.bin`;
      this.#sealed.write(join(this.#folder, file), bytes);
      files[name] = file;
    }
    this.#index = { job, files, next };
    writeJson(this.#indexFile, this.#index);
    for (const file of replaced) rmSync(join(this.#folder, file), { force: true });
  }

  /** First of all the key: from there on nothing can be read, whatever else still lies on the disk. */
  clear(): void {
    this.#sealed.forget();
    this.#index = { job: null, files: {}, next: this.#index.next };
    writeJson(this.#indexFile, this.#index);
    this.#sweep();
  }

  blob(name: string): Uint8Array | null {
    const file = this.#index.files[name];
    return file === undefined ? null : this.#sealed.read(join(this.#folder, file));
  }

  /** Removes what a crash left behind and no index names. */
  #sweep(): void {
    if (!existsSync(this.#folder)) return;
    const kept = new Set([INDEX, KEY, ...Object.values(this.#index.files)]);
    for (const file of readdirSync(this.#folder)) {
      if (!kept.has(file)) rmSync(join(this.#folder, file), { force: true });
    }
  }
}
