/**
 * Versions of a collection's retriever. Version 0 is plain search, by vectors and words, and always there; every training run that
 * ends adds one. Beside them the models that answer, as clients of OpenAI's API list them.
 */
import { z } from 'zod';
import { ServingParameters } from '../serving-parameters.ts';
import { OwnJudgement } from './evaluation.ts';

/** What the gate measured, by held-out units. */
export const HeldOut = z.strictObject({
  units: z.number().describe('Held-out units that judged it, with the noise in their number'),
  accuracy: z.number().describe('Share that the version answered right, between 0 and 1'),
  baseline: z.number().describe('Share that the version that served answered right'),
  mips: z.number().describe('Share that plain search answered right, by the same words'),
});
export type HeldOut = z.infer<typeof HeldOut>;

/** Beside `model_version` in answers. */
export const StaleSeconds = z
  .int()
  .optional()
  .describe(
    'Only where the coordinator did not say in time which version serves: seconds since this one was known to',
  );

export const Version = z
  .strictObject({
    version: z.int().describe('Number of the version; 0 is plain search'),
    revision: z.int().describe('Counts additions of rows to the same trained version'),
    hash: z.string().describe('SHA-256 of its snapshot, hexadecimal'),
    bytes: z.int().describe('Length of its snapshot'),
    rows: z.int().describe('Passages that it ranks'),
    active_rows: z.int().describe('Of them, those whose rows were trained'),
    created_at: z.number().describe('When it was made, milliseconds since 1970'),
    parent: z.int().nullable().describe('The version that its run started from; null where none did'),
    run: z.string().nullable().describe('The run that trained it; null where none did'),
    state: z
      .enum(['serving', 'available', 'rejected'])
      .describe('`rejected`: the gate kept it from serving; it can be made to serve all the same'),
    held_out: HeldOut.nullable().describe('What the gate measured; null where it did not'),
    probe: z
      .strictObject({
        titles: z.number().describe('Titles of untrained documents that were asked as questions'),
        found: z.number().describe('Of them, those that find their document'),
        mips: z.number().describe('Of them, those that find it by plain embedding search'),
      })
      .nullable()
      .describe('What training did to documents without questions; null where not measured'),
    own: OwnJudgement.nullable().describe(
      'What the hub measured without its participants; null where it had nothing to ask',
    ),
    training: z.record(z.string(), z.unknown()).describe('Settings and figures of the run, by name'),
    serving: ServingParameters.describe(
      'How it weighs what is found: as the gate found it from held-out questions, or as every version begins',
    ),
    certificate: z
      .strictObject({
        signed: z.int().describe('Participants that have signed what they know of its run'),
        asked: z.int().describe('Participants that were asked'),
        covers: z
          .enum(['content', 'rounds'])
          .describe(
            '`content`: signatures name what the version learned and its weights, so that a changed file is found; `rounds`, by earlier releases: what its run asked for and cost, and nothing of what a file holds',
          ),
      })
      .nullable()
      .describe(
        'How far its certificate is, for an imported version the one that came with it; null where there is none: version 0, plain sums, earlier releases, files without one',
      ),
    problem: z
      .string()
      .nullable()
      .describe(
        'Why it serves without the passages that came last: no edge could load them all; null: it does not',
      ),
  })
  .meta({ id: 'ModelVersion', description: 'A version of a collection’s retriever' });
export type Version = z.infer<typeof Version>;

export const Model = z
  .strictObject({
    id: z.string().describe('Its name; chat/completions takes it as `model`'),
    object: z.literal('model').describe('What this is, for clients of OpenAI’s API'),
    created: z.int().describe('When the serving version was made, seconds since 1970'),
    owned_by: z
      .string()
      .describe('`fedcar`, or `operator` for the language model that the deployment was configured with'),
  })
  .meta({ id: 'Model', description: 'Who answers, as OpenAI’s API shows it' });
export type Model = z.infer<typeof Model>;

export const Versions = z
  .strictObject({
    versions: z.array(Version).describe('Versions of the retriever, newest first'),
    object: z.literal('list').describe('What this is, for clients of OpenAI’s API'),
    data: z.array(Model).describe('Who answers'),
  })
  .meta({ id: 'ModelVersions', description: 'Versions of the retriever, and who answers' });
export type Versions = z.infer<typeof Versions>;
