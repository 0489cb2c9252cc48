/** What every command gets: the global flags, the service it talks to, and the way to show what it found. */
import { createInterface } from 'node:readline/promises';
import { Client } from '../../client/client.ts';
import { type Progress, progress } from '../progress.ts';
import { reflow, widthOf } from '../terminal-text.ts';
import { UsageError } from './failure.ts';
import type { Io } from './io.ts';
import { configFile, type TargetFlags, tokenOf, urlOf } from './target.ts';

export interface GlobalFlags extends TargetFlags {
  collection?: string;
  json: boolean;
  dryRun: boolean;
  yes: boolean;
}

/** What a command found or did: the same for programs and for people. */
export interface Shown {
  json: unknown;
  /** Lines that are longer than the terminal is wide are broken between words; tables are made in its width. */
  text: string | ((width: number) => string);
  /** It is for a program, or to be copied: its lines stay as they are. */
  verbatim?: boolean;
  /** 1 when what was found is bad news, such as a run that failed. */
  exit?: 0 | 1;
}

/** A step that changes something. */
export interface Change {
  /** In the infinitive, such as `delete the collection faq`. */
  what: string;
  /** Details for `--dry-run --json`. */
  plan?: Record<string, unknown>;
  /** Asks before it is done: for what can not be taken back. */
  confirm?: boolean;
}

export class Context {
  readonly io: Io;
  readonly flags: GlobalFlags;

  constructor(io: Io, flags: GlobalFlags) {
    this.io = io;
    this.flags = flags;
  }

  /** The wrangler configuration that is deployed. */
  get config(): string {
    return configFile(this.io, this.flags);
  }

  async url(): Promise<string> {
    return await urlOf(this.io, this.flags);
  }

  /** The service, at the collection that the flags name. */
  async client(): Promise<Client> {
    const url = await this.url();
    return new Client(url, { collection: this.flags.collection, token: tokenOf(this.io, this.flags, url) });
  }

  get collection(): string {
    return this.flags.collection ?? 'default';
  }

  /** What was found, as people read it on standard output. */
  spelled({ text, verbatim = false }: Shown): string {
    const width = widthOf(this.io.stdout);
    const said = typeof text === 'string' ? text : text(width);
    return verbatim ? said : reflow(said, width);
  }

  progress(name: string, steps: number): Progress {
    return progress(name, steps, this.io.stderr);
  }

  /** A line for people, on standard error. */
  say(line: string): void {
    this.io.stderr.write(`${reflow(line, widthOf(this.io.stderr))}\n`);
  }

  /** Does what `--dry-run` would only name. @throws UsageError when it has to be confirmed and is not */
  async change({ what, plan = {}, confirm = false }: Change, work: () => Promise<Shown>): Promise<Shown> {
    if (this.flags.dryRun) {
      return { json: { dry_run: true, would: what, ...plan }, text: `would ${what}` };
    }
    if (confirm) await this.confirm(what);
    return await work();
  }

  /** Asks, unless told not to. @throws UsageError when it is not confirmed, or nobody is there to be asked */
  async confirm(what: string): Promise<void> {
    if (!this.flags.yes) await this.#confirm(what);
  }

  async #confirm(what: string): Promise<void> {
    const { stdin, stderr } = this.io;
    if (!stdin.isTTY || !stderr.isTTY) throw new UsageError(`to ${what} without being asked, pass -y`);
    const reader = createInterface({ input: stdin, output: process.stderr });
    const answer = await reader.question(`${what[0]?.toUpperCase()}${what.slice(1)}? [y/N] `);
    reader.close();
    if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('not confirmed: nothing was done');
  }
}
