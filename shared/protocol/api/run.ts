/** Training runs as their operator sees them: each is a sequence of federated rounds, and may end in a new version. */
import { z } from 'zod';
import { Schedule } from './schedule.ts';

export const Round = z
  .strictObject({
    round: z.int().describe('Its place in the run, from 0 on'),
    kind: z
      .enum(['count', 'train', 'gate'])
      .describe(
        '`count`: how often each document or passage is asked for, or, in a run’s first round, how many questions there are; `train`: a step or a local epoch; `gate`: the candidate is judged',
      ),
    phase: z.string().describe('What the round is at; under secure aggregation, the step of that protocol'),
    started_at: z.number().describe('When it began, milliseconds since 1970'),
    ended_at: z.number().nullable().describe('When it ended; null while it is on'),
    participants: z
      .record(
        z.string(),
        z.strictObject({
          phase: z.string().describe('What the participant is at'),
          progress: z
            .number()
            .describe('1 once its work is done, 0 before: nobody says how much there is to do'),
        }),
      )
      .describe('How far each participant is, by name'),
    contributors: z.int().describe('Participants whose vector has come in'),
    noise_in_effect: z
      .number()
      .nullable()
      .describe(
        'Noise multiplier in the sum, at least the one charged; null without noise, and before there is a sum',
      ),
    loss: z
      .number()
      .nullable()
      .describe('Mean training loss over the round’s units, before its step; null where not measured'),
    accuracy: z
      .number()
      .nullable()
      .describe('Share of those units that were answered right, before the step; null where not measured'),
    error: z.string().nullable().describe('Why it was given up; null where it was not'),
  })
  .meta({ id: 'Round', description: 'A round of a training run' });
export type Round = z.infer<typeof Round>;

export const Run = z
  .strictObject({
    run: z.string().describe('Names the run'),
    state: z
      .enum(['running', 'published', 'rejected', 'postponed', 'failed', 'cancelled'])
      .describe(
        '`published`: its version serves, or the one that served before with weights that its gate found; `rejected`: the gate kept its version from serving; `postponed`: a census found too few questions for a run to help, and nothing else was charged',
      ),
    reason: z.string().describe('Why it was started'),
    started_at: z.number().describe('When it began, milliseconds since 1970'),
    ended_at: z.number().nullable().describe('When it ended; null while it is on'),
    finished: z.int().describe('Rounds that have ended'),
    planned: z.int().nullable().describe('Rounds in all; null until the counting round is over'),
    version: z.int().nullable().describe('The version that it made; null where there is none'),
    error: z
      .string()
      .nullable()
      .describe(
        'Why it failed or was cancelled, or why the version that it trained does not serve; null where it does',
      ),
    rounds: z.array(Round).describe('In order; empty in a list of runs'),
  })
  .meta({ id: 'Run', description: 'A training run' });
export type Run = z.infer<typeof Run>;

export const Runs = z
  .strictObject({
    runs: z.array(Run).describe('Newest first, without their rounds'),
    schedule: Schedule,
  })
  .meta({ id: 'Runs', description: 'Training runs, and when the next is due' });
export type Runs = z.infer<typeof Runs>;
