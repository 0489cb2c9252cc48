/** What every fault of the soak has, and what it finds. */
import type { Site } from '../federation/processes.ts';

export interface Tally {
  /** Writes that were answered with success, and are looked for afterwards. */
  acknowledged: number;
  lost: number;
  double: number;
  /** Answers from 500 on that name neither a full storage nor a part that cannot be used. */
  unexpected: number;
  /** 507 `storage_full`. */
  storageFull: number;
  /** 503 that names what cannot be used. */
  named: number;
}

export const NOTHING: Readonly<Tally> = {
  acknowledged: 0,
  lost: 0,
  double: 0,
  unexpected: 0,
  storageFull: 0,
  named: 0,
};

export interface SoakContext {
  site: Site;
  /** Milliseconds that this fault may take. */
  budgetMs: number;
  /** Uniform in [0, 1), from the seed. */
  random: () => number;
  /** A line for people. */
  say(line: string): void;
}

export interface Found {
  tally: Tally;
  /** Promises that were broken beside those that the tally counts. */
  broken: string[];
  /** What was done, in a few words: `12 kills`. */
  note: string;
}

export interface Fault {
  name: string;
  /** Part of the time. */
  share: number;
  /** Why it cannot be tried here; null when it can. */
  impossible(): string | null;
  run(context: SoakContext): Promise<Found>;
}
