/** What a collection promises of privacy, what is spent of it, and what the next run would cost. */
import { z } from 'zod';
import { ShownGraph } from '../secagg.ts';
import { Schedule } from './schedule.ts';

export const PrivacyCharge = z
  .strictObject({
    kind: z.string().describe('Kind of the rounds: count, train or gate'),
    rounds: z.int().describe('Rounds of this kind, rate and noise'),
    sampling_rate: z.number().describe('q: probability with which a round read a unit, between 0 and 1'),
    noise_multiplier: z
      .number()
      .describe('z: standard deviation of the noise, as a multiple of the sensitivity'),
    last_at: z.number().describe('When the last of them was charged, milliseconds since 1970'),
  })
  .meta({
    id: 'PrivacyCharge',
    description: 'What the ledger was charged with, rounds of one kind together',
  });
export type PrivacyCharge = z.infer<typeof PrivacyCharge>;

export const Privacy = z
  .strictObject({
    aggregation: z
      .enum(['secure', 'plain'])
      .describe('`secure`: the coordinator learns sums only; `plain`: it sees every region’s vector'),
    graph: ShownGraph.nullable().describe(
      'Who shares secrets with whom, and against which coordinator the sums are secret. Null where they are not',
    ),
    noise: z.enum(['on', 'off']).describe('`off`: nothing is promised'),
    unit: z
      .enum(['record', 'contributor'])
      .describe('What is protected: one query record, or everything of one contributor'),
    memory: z
      .strictObject({
        use: z
          .enum(['off', 'shared', 'all'])
          .describe('Whether a region’s own log answers those who ask from there: the setting `memory`'),
        covered: z
          .literal(false)
          .describe(
            'Memory is not covered by ε: who asks a near copy of a question can learn that it was asked there, and which document answered it',
          ),
      })
      .describe('What regions tell those who ask from there of their own logs'),
    clicks: z
      .enum(['off', 'on'])
      .describe('Whether opening a result is kept as feedback: the setting `feedback.clicks`'),
    delta: z.number().describe('δ of the promise'),
    budget: z.number().describe('ε that every window as long as the retention time is promised'),
    retention_days: z.number().describe('Length of that window: records expire after so many days'),
    epsilon: z.number().describe('ε spent, by the ledger’s own accounting (the filter)'),
    epsilon_rdp: z.number().describe('ε spent, as a fixed schedule by Rényi DP'),
    epsilon_pld: z.number().describe('ε spent, as a fixed schedule by the privacy-loss distribution'),
    left: z.number().describe('ε left of the budget'),
    honest: z
      .int()
      .describe(
        'h: so many of the members are sure to be honest and in every sum, threshold minus colluders',
      ),
    operators: z
      .array(
        z.strictObject({
          operator: z.string().describe('`@deployment`, or the name of a separate operator'),
          members: z.int().describe('How many members of the roster it runs'),
        }),
      )
      .describe('Who runs the members of the roster, the largest first; empty where sums are plain'),
    colluders: z.int().describe('m: so many members may collude with the coordinator'),
    protects: z
      .enum(['operators', 'storage', 'nobody'])
      .describe(
        '`operators`: secure sums protect every operator’s members from the others and from the coordinator; `storage`: all members are one operator’s, and sums protect the coordinator’s storage, not anybody from that operator; `nobody`: sums are plain',
      ),
    members: z.int().describe('n: members of the roster; where sums are plain, those that take part'),
    next_run: z
      .strictObject({
        epsilon: z.number().describe('ε that a question which it reads has spent after it, at most'),
        fits: z.boolean().describe('Whether the budget allows it now'),
        noise_multiplier: z.number().describe('z of its training rounds'),
        runs_left: z
          .int()
          .describe(
            'Runs like it that may still read the questions which it reads; 100 stands for 100 or more',
          ),
      })
      .describe('What another run would cost'),
    lost: z
      .strictObject({
        runs: z.int().describe('Runs that were charged for, and failed, were cancelled or were rejected'),
        epsilon: z.number().describe('ε that they alone cost a question which paid for all of them it could'),
      })
      .describe('What runs have charged that published no version: it is not given back'),
    charges: z.array(PrivacyCharge).describe('What was charged, rounds of one kind, rate and noise together'),
    schedule: Schedule,
  })
  .meta({ id: 'Privacy', description: 'The ledger’s account' });
export type Privacy = z.infer<typeof Privacy>;
