/** What the service's own terms mean, in words for the reader. Pure. */
import type { Run } from '../../../shared/protocol/api/run.ts';
import { dateTime } from './format.ts';
import { SPEEDS } from './texts.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'plain' | 'busy';

export const RUN_STATES: Record<Run['state'], { label: string; tone: Tone }> = {
  running: { label: 'Running', tone: 'busy' },
  published: { label: 'Published', tone: 'good' },
  postponed: { label: 'Too few questions yet', tone: 'plain' },
  rejected: { label: 'Kept the old version', tone: 'warn' },
  failed: { label: 'Failed', tone: 'bad' },
  cancelled: { label: 'Cancelled', tone: 'plain' },
};

export const VERSION_STATES: Record<string, { label: string; tone: Tone }> = {
  serving: { label: 'Serving', tone: 'good' },
  available: { label: 'Available', tone: 'plain' },
  rejected: { label: 'Rejected', tone: 'warn' },
};

export const ROUND_KINDS: Record<string, string> = {
  count: 'Counting questions',
  train: 'Training',
  gate: 'Judging the new version',
};

/** When the next run starts by itself. */
export function shownDate(at: number | null, now: number): string {
  if (at === null) return SPEEDS.never;
  return at <= now ? SPEEDS.atTick : dateTime(at);
}

/** Steps of a round in order, with the service's names for the phases that belong to each. */
const SECURE_STEPS: [label: string, ...phases: string[]][] = [
  ['Regions work', 'open'],
  ['Keys', 'released', 'advertise'],
  ['Shares', 'share'],
  ['Check', 'checked'],
  ['Charge', 'charge'],
  ['Masked sums', 'masked'],
  ['Survivors', 'consistency', 'verify'],
  ['Unmask', 'unmask', 'reconstruct', 'done'],
];
const PLAIN_STEPS: [label: string, ...phases: string[]][] = [
  ['Regions work', 'open'],
  ['Sum', 'released'],
];

export function stepsOf(secure: boolean, phase: string): { labels: string[]; current: number } {
  const steps = secure ? SECURE_STEPS : PLAIN_STEPS;
  return {
    labels: steps.map(([label]) => label),
    current: steps.findIndex(([, ...phases]) => phases.includes(phase)),
  };
}

export function participantPhase(phase: string): { label: string; tone: Tone } {
  switch (phase) {
    case 'invited':
      return { label: 'Asked', tone: 'plain' };
    case 'working':
      return { label: 'Working', tone: 'busy' };
    case 'ready':
      return { label: 'Done', tone: 'good' };
    case 'failed':
      return { label: 'Failed', tone: 'bad' };
    case 'missed':
      return { label: 'Away', tone: 'warn' };
    case 'excluded':
      return { label: 'Left out', tone: 'bad' };
    default:
      return { label: phase, tone: 'plain' };
  }
}
