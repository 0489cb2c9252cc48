/**
 * The job in progress in a folder: an index (job.json) that names the files of its byte strings. Files are written
 * under names never used before and the index is replaced last, so that all of a step lasts or nothing of it.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '../../shared/participant/shard-store.ts';
import { readJson, writeDurably, writeJson } from './files.ts';

interface Index {
  job: Job | null;
  /** File names by the byte strings' own. */
  files: Record<string, string>;
  /** Numbers the files. */
  next: number;
}

export class JobFiles {
  readonly #folder: string;
  readonly #indexFile: string;
  #index: Index;

  constructor(folder: string) {
    this.#folder = folder;
    this.#indexFile = join(folder, 'job.json');
    this.#index = readJson<Index>(this.#indexFile) ?? { job: null, files: {}, next: 0 };
    this.#sweep();
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
      writeDurably(join(this.#folder, file), bytes);
      files[name] = file;
    }
    this.#index = { job, files, next };
    writeJson(this.#indexFile, this.#index);
    for (const file of replaced) rmSync(join(this.#folder, file), { force: true });
  }

  clear(): void {
    this.#index = { job: null, files: {}, next: this.#index.next };
    writeJson(this.#indexFile, this.#index);
    this.#sweep();
  }

  blob(name: string): Uint8Array | null {
    const file = this.#index.files[name];
    return file === undefined ? null : new Uint8Array(readFileSync(join(this.#folder, file)));
  }

  /** Removes what a crash left behind and no index names. */
  #sweep(): void {
    if (!existsSync(this.#folder)) return;
    const kept = new Set(Object.values(this.#index.files));
    for (const file of readdirSync(this.#folder)) {
      if (file !== 'job.json' && !kept.has(file)) rmSync(join(this.#folder, file), { force: true });
    }
  }
}
