/**
 * A version's certificate: what the participants of its run sign of it, each from the log of rounds that it keeps itself.
 * It says what every round asked for and what it cost, and nothing that depends on a record. Whoever serves a version
 * can leave statements out, but can make none up.
 */
import { z } from 'zod';
import { Bytes32, Signature } from './byte-strings.ts';
import { CollectionName, Sha256Hex } from './names.ts';
import { AnySignedRoster, MemberId, RoundId } from './secagg.ts';

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
  })
  .meta({ id: 'RoundRecord', description: 'A round as a participant was told of it' });
export type RoundRecord = z.infer<typeof RoundRecord>;

/** What a participant promises its own users, by the terms that it took and its own budget. */
export const OwnPromise = z.strictObject({
  noise: z.enum(['on', 'off']).describe('`off`: nothing is promised'),
  unit: z.enum(['record', 'contributor']).describe('What is protected'),
  epsilon: z.number().positive().describe('ε of every window as long as the retention time'),
  delta: z.number().positive().max(1).describe('δ of that promise'),
  retentionMs: z.number().positive().describe('Length of that window, milliseconds'),
  filter: z
    .union([z.int().min(2), z.literal('gaussian')])
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
      .describe(
        'All that its ledger counts for a record that every round of the run read: of those records, for the one that paid most',
      ),
    rounds: z
      .array(Sha256Hex)
      .max(MOST_ROUNDS)
      .describe('SHA-256 of its record of each round of the run, by serial; none: it took no part'),
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
    snapshot: Sha256Hex.describe('SHA-256 of the snapshot that the gate judged, hexadecimal'),
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
