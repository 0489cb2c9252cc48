/**
 * A version's certificate: what the participants of its run sign of it, each from the log of rounds that it keeps itself.
 * It says what every round asked for and what it cost, and nothing that depends on a record. Whoever serves a version
 * can leave statements out, but can make none up.
 */
import { z } from 'zod';
import { Bytes32, Signature } from './byte-strings.ts';
import { CollectionName, Sha256Hex } from './names.ts';
import { AnySignedRoster, MemberId, RoundId } from './secagg.ts';
import { ServingParameters } from './serving-parameters.ts';
import { AdapterSettings } from './training-settings.ts';

export const CERTIFICATE_FORMAT = 'fedcar-certificate/1';
export const ROUND_LOG_FORMAT = 'fedcar-round-log/1';

/** Rounds of one run, and statements of one certificate, at most. */
export const MOST_ROUNDS = 4096;

export const RunId = z
  .string()
  .regex(/^[0-9a-z-]{1,64}$/)
  .describe('Name of the run');

const KIND = z
  .enum(['train', 'counts', 'gate'])
  .describe('What it was for: `gate` concerns held-out units, the others those that train');
const RATE = z.number().min(0).max(1).describe('q: probability with which a unit was read');
const NOISE = z
  .number()
  .nonnegative()
  .describe('z: the noise charged, as a multiple of the sensitivity; 0 where noise is off');

const LEARNED = Sha256Hex.describe(
  'SHA-256 of what a version learned, adapter and rows: the same for all its revisions, hexadecimal',
);

/** A version as a participant judged it: what it learned, worked out from the snapshot itself, and what it may weigh. */
const JudgedVersion = z.strictObject({
  learned: LEARNED,
  weights: z
    .strictObject({
      words: z.array(ServingParameters.shape.words).describe('Weights of words'),
      offset: z.array(ServingParameters.shape.offset).describe('Offsets of rows that never learned'),
      memory: z.array(ServingParameters.shape.memory).describe('Weights of memory'),
    })
    .describe('What the gate tried of each of its serving parameters, its own among them'),
});
export type JudgedVersion = z.infer<typeof JudgedVersion>;

export const Judged = z.strictObject({
  candidate: JudgedVersion.describe('The candidate'),
  serving: JudgedVersion.describe('The version that served'),
});
export type Judged = z.infer<typeof Judged>;

/** A version that came of a run: the candidate, and where weights alone are published the version with these. */
export const MadeVersion = z.strictObject({
  version: z.int().positive().describe('Its number'),
  learned: LEARNED,
  serving: ServingParameters.describe('What it serves with'),
});
export type MadeVersion = z.infer<typeof MadeVersion>;

/** At most of one run. */
const MOST_MADE = 2;

export const MadeVersions = z
  .array(MadeVersion)
  .max(MOST_MADE)
  .refine(
    (made) => new Set(made.map(({ version }) => version)).size === made.length,
    'versions: two of one number',
  )
  .describe('The versions that the run made; none: a run of an earlier release');

/** Whole hashes: three of them are 128 characters, one is 43, two are 86, without spare bits. */
const HASHES = /^([A-Za-z0-9_-]{128})*([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]|[A-Za-z0-9_-]{85}[AQgw])?$/;

/** All of what a version learned, by hashes: a file of it has the adapter, and no row that is not in the list. */
export const Learned = z.strictObject({
  adapter: AdapterSettings.describe('Shape of the adapter'),
  adapterHash: Sha256Hex.describe('SHA-256 of the adapter, fp32, little-endian, hexadecimal'),
  rows: z
    .string()
    .regex(HASHES, 'SHA-256 hashes, one behind the other, in base64url')
    .describe('SHA-256 of each row that learned, ascending, one behind the other, base64url'),
});
export type Learned = z.infer<typeof Learned>;

/** A round as one participant was told of it: written down before what releases its sum leaves. */
export const RoundRecord = z
  .strictObject({
    round: RoundId.describe('Name of the round'),
    serial: z.int().nonnegative().describe('Names the round in the ledgers'),
    kind: KIND,
    startedAt: z.int().nonnegative().describe('When it began, milliseconds since 1970'),
    from: z
      .int()
      .optional()
      .describe(
        'It read records that arrived after this moment, milliseconds since 1970; absent in records of earlier releases: all that the retention time left',
      ),
    task: Sha256Hex.describe('SHA-256 of all that the round asked for, hexadecimal'),
    model: Sha256Hex.describe(
      'SHA-256 of what gradients were taken at: the encoder for a count, the rows that learn for a train round, the candidate’s snapshot for the gate',
    ),
    aggregation: z.enum(['plain', 'secure']).describe('`plain`: the coordinator saw every vector'),
    samplingRate: RATE,
    noiseMultiplier: NOISE,
    clipNorm: z.number().positive().describe('c: the L2 norm that one unit may add'),
    dimension: z.int().positive().describe('Coordinates of the vector'),
    threshold: z.int().positive().describe('t: the least participants that the sum was released for'),
    colluders: z.int().nonnegative().describe('m: how many may collude with the coordinator'),
    members: z.int().positive().describe('n: members of the roster'),
    roster: z
      .strictObject({
        epoch: z.int().nonnegative().describe('Its number in the chain'),
        hash: Sha256Hex.describe('Its SHA-256, hexadecimal'),
      })
      .nullable()
      .describe('The roster that the round went by; null where the sum was plain'),
    survivors: z
      .int()
      .nonnegative()
      .nullable()
      .describe('Whose vectors are in the sum, in number; null where the sum was plain'),
    lists: Sha256Hex.nullable().describe(
      'SHA-256 of who was in the sum and who had dropped out, hexadecimal; null where the sum was plain',
    ),
    judged: Judged.optional().describe(
      'What a gate judged, as the participant worked it out; absent in other rounds, and in records of earlier releases',
    ),
  })
  .refine(
    ({ members, threshold, colluders, survivors }) =>
      colluders < threshold &&
      threshold <= members &&
      (survivors === null || (survivors >= threshold && survivors <= members)),
    'members, threshold, colluders, survivors: colluders < threshold ≤ survivors ≤ members',
  )
  .meta({ id: 'RoundRecord', description: 'A round as a participant was told of it' });
export type RoundRecord = z.infer<typeof RoundRecord>;

/** Charges of a statement that differ; each costs a verifier some milliseconds. A year of daily runs has as many. */
const MOST_CHARGES = 1024;

/** Its parts have to be numbers above 0. */
const LEAST_DELTA = 1e-300;

/** What a participant promises its own users, by the terms that it took and its own budget. */
export const OwnPromise = z.strictObject({
  noise: z.enum(['on', 'off']).describe('`off`: nothing is promised'),
  unit: z.enum(['record', 'contributor']).describe('What is protected'),
  epsilon: z.number().positive().describe('ε of every window as long as the retention time'),
  delta: z
    .number()
    .positive()
    .max(1)
    .refine((delta) => delta >= LEAST_DELTA && delta < 1, `delta: from ${LEAST_DELTA} to below 1`)
    .describe('δ of that promise'),
  retentionMs: z.number().positive().describe('Length of that window, milliseconds'),
  filter: z
    .union([z.int().min(2).max(1024), z.literal('gaussian')])
    .describe('The filter that nearly all of δ goes to: an order, or the exact Gaussian one'),
});
export type OwnPromise = z.infer<typeof OwnPromise>;

export const Statement = z
  .strictObject({
    format: z.literal(CERTIFICATE_FORMAT).describe('Version of the form that is signed'),
    collection: CollectionName.describe('Name of the collection'),
    run: RunId,
    participant: MemberId.describe('Who signs'),
    promise: OwnPromise.describe('What it promises its own users'),
    charges: z
      .array(
        z.strictObject({
          kind: KIND,
          samplingRate: RATE,
          noiseMultiplier: NOISE,
          rounds: z.int().positive().describe('How many were charged alike'),
        }),
      )
      .max(MOST_ROUNDS)
      .refine((charges) => charges.length <= MOST_CHARGES, `charges: more than ${MOST_CHARGES} that differ`)
      .describe(
        'All that its ledger counts for a record that every round of the run read: of those records, for the one that paid most',
      ),
    rounds: z
      .array(Sha256Hex)
      .max(MOST_ROUNDS)
      .describe('SHA-256 of its record of each round of the run, by serial; none: it took no part'),
    versions: MadeVersions.optional().describe(
      'Of the versions that it was told the run made, those whose content and weights its own gate round judged; absent in statements of earlier releases, and of runs whose gate it did not judge',
    ),
  })
  .meta({ id: 'CertificateStatement', description: 'What one participant says of a run' });
export type Statement = z.infer<typeof Statement>;

export const SignedStatement = z.strictObject({
  statement: Statement.describe('What is signed'),
  signature: Signature.describe('By the participant’s key in the roster, base64url'),
});
export type SignedStatement = z.infer<typeof SignedStatement>;

/** What follows from the statements, for readers; whoever verifies works it out again. */
export const CertifiedClaims = z.strictObject({
  noise: z.enum(['on', 'off']).describe('`off`: nothing is promised'),
  unit: z.enum(['record', 'contributor']).describe('What is protected'),
  delta: z.number().describe('δ of the promise'),
  run_epsilon: z
    .number()
    .nullable()
    .describe('ε of the run alone, by the ledgers’ filter: the largest of the signers’; null without noise'),
  spent: z
    .number()
    .nullable()
    .describe('ε of all that the signers’ ledgers count after it: the largest; null without noise'),
  budget: z.number().describe('ε that every window was promised: the largest of the signers’'),
  noise_in_effect: z
    .record(z.string(), z.number())
    .describe('By kind of round: the least noise that was in its sums, as a multiple of the sensitivity'),
  operators: z
    .array(
      z.strictObject({
        operator: z.string().describe('`@deployment`, or the name of a separate operator'),
        members: z.int().describe('How many members of the last round’s roster it runs'),
        signed: z.int().describe('Of them, those that signed'),
      }),
    )
    .describe('Who runs the members, the largest first'),
});
export type CertifiedClaims = z.infer<typeof CertifiedClaims>;

export const Certificate = z
  .strictObject({
    format: z.literal(CERTIFICATE_FORMAT).describe('Version of the form'),
    collection: CollectionName.describe('Name of the collection'),
    version: z.int().positive().describe('Number of the version there'),
    run: RunId,
    encoder: Sha256Hex.describe('SHA-256 of the encoder’s manifest, hexadecimal'),
    snapshot: Sha256Hex.describe('SHA-256 of the candidate’s snapshot that the gate judged, hexadecimal'),
    learned: Learned.nullable()
      .optional()
      .describe(
        'What the version learned, of which statements name the hash; null where it is not kept, absent in certificates of earlier releases',
      ),
    admin_key: Bytes32.describe('The collection’s Ed25519 admin key, base64url: compare its fingerprint'),
    rosters: z.array(AnySignedRoster).max(64).describe('The rosters of the run, oldest first'),
    rounds: z
      .array(RoundRecord)
      .max(2 * MOST_ROUNDS)
      .describe('Every record that a statement names, by serial'),
    statements: z.array(SignedStatement).max(MOST_ROUNDS).describe('What participants signed, by name'),
    missing: z.array(MemberId).max(MOST_ROUNDS).describe('Who was asked and has not signed yet'),
    claims: CertifiedClaims.nullable().describe(
      'What follows from the statements; null where there are none',
    ),
  })
  .meta({ id: 'Certificate', description: 'A version’s certificate, signed by the participants of its run' });
export type Certificate = z.infer<typeof Certificate>;

/** A participant's whole log in a file, for comparing it with others'. */
export const RoundLogFile = z.strictObject({
  format: z.literal(ROUND_LOG_FORMAT),
  collection: CollectionName,
  participant: MemberId,
  key: Bytes32,
  rounds: z.array(RoundRecord),
  signature: Signature,
});
export type RoundLogFile = z.infer<typeof RoundLogFile>;
