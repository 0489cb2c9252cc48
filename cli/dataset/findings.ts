/**
 * What is wrong with entries of a data set. Whoever needs the whole set stops at the first one; an upload leaves the
 * entry out, goes on, and names it at the end.
 */
import { visible } from '../terminal-text.ts';
import { DatasetError } from './dataset-error.ts';

export interface Findings {
  /** An entry that cannot be taken. */
  leftOut(error: DatasetError): void;
  /** Something of an entry that was changed or left out; the entry itself is taken. */
  note(error: DatasetError): void;
}

/** Stops at the first entry that cannot be taken. */
export const STRICT: Findings = {
  leftOut(error) {
    throw error;
  },
  note() {},
};

/** An entry as it is named at the end. */
export interface Finding {
  file: string;
  /** From 1; null where the whole file is meant. */
  line: number | null;
  reason: string;
}

/** Collects what was found, each thing once. */
export class CollectedFindings implements Findings {
  readonly entries = new Map<string, Finding>();
  readonly notes = new Map<string, Finding>();

  leftOut(error: DatasetError): void {
    this.entries.set(error.message, findingOf(error));
  }

  note(error: DatasetError): void {
    this.notes.set(error.message, findingOf(error));
  }
}

function findingOf({ file, line, reason }: DatasetError): Finding {
  return { file, line, reason };
}

const MOST_LINES = 20;

/** Lines to show, at most so many. */
export function findingLines(findings: ReadonlyMap<string, Finding>, what: string): string[] {
  const shown = [...findings.keys()].slice(0, MOST_LINES).map((message) => `${what}: ${visible(message)}`);
  const more = findings.size - shown.length;
  return more > 0 ? [...shown, `${what}: ${more} more, all of them with --json`] : shown;
}

/** Runs `work`; a DatasetError is told, and the answer is undefined then. */
export function unlessBad<T>(findings: Findings, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    findings.leftOut(error);
    return undefined;
  }
}
