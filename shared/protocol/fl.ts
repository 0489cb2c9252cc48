/**
 * The round protocol over HTTP: what travels under `/v1[/collections/NAME]/fl/` beside the messages of rounds.ts.
 * Control is JSON, vectors and parameters are bytes; every request is signed (shared/crypto/request-signature.ts).
 */
import { z } from 'zod';
import { Instruction, ParticipantMessage, RoundId, RowEntry } from './rounds.ts';
import { AnySignedRoster } from './secagg.ts';

/** A request for an instruction is held for so long at most while a run is on. */
export const LONGEST_POLL_S = 25;
/** How far the clocks of a participant and the service may be apart. */
export const SKEW_S = 300;
/** Entries of one page of the row table, and rows of one request for embeddings. */
export const ROWS_PER_PAGE = 2000;
export const ROWS_PER_REQUEST = 4096;

export const PollQuery = z.strictObject({
  wait: z.coerce
    .number()
    .int()
    .min(0)
    .max(LONGEST_POLL_S)
    .default(0)
    .describe('Seconds to hold the answer while there is nothing to do'),
});

/** Of what is sent in: with it the answer brings the next instruction, as one to a poll does. */
export const NextQuery = z.strictObject({
  wait: z.coerce
    .number()
    .int()
    .min(0)
    .max(LONGEST_POLL_S)
    .optional()
    .describe('Seconds to hold the answer for the next instruction; without it the answer brings none'),
});
export type NextQuery = z.infer<typeof NextQuery>;

/** A participant's report; `poll` has a route of its own. */
export const Report = z.discriminatedUnion('type', [
  ParticipantMessage.options[1],
  ParticipantMessage.options[2],
  ParticipantMessage.options[3],
  ParticipantMessage.options[4],
  ParticipantMessage.options[5],
]);
export type Report = z.infer<typeof Report>;

export const Ack = z.strictObject({
  current: z.boolean().describe('False when the round is over or another one runs: drop the work'),
  next: Instruction.optional().describe('What to do now, where the request asked for it and the round runs'),
});
export type Ack = z.infer<typeof Ack>;

/** Which pieces of a participant's vector have come in: what to go on after when a connection was lost. */
export const Arrived = z.strictObject({
  chunks: z.array(z.int().nonnegative()).describe('Numbers of the chunks that have come in'),
  frames: z.array(z.int().nonnegative()).describe('Numbers of the frames that have come in'),
});
export type Arrived = z.infer<typeof Arrived>;

const ROUND = RoundId.describe('Name of the round');

export const ChunkParams = z.object({
  round: ROUND,
  chunk: z.coerce.number().int().min(0).max(4095).describe('Number of the chunk, from 0 on'),
});
export const ChunkQuery = z.strictObject({
  chunks: z.coerce.number().int().min(1).max(4096).describe('How many chunks the vector has'),
});
export const RoundParams = z.object({ round: ROUND });

export const StateQuery = z.strictObject({
  key: z.string().min(1).max(256).describe('Names parameters or a snapshot, as a round says it'),
  part: z.coerce.number().int().min(0).max(65_535).describe('Number of the part, from 0 on'),
});

export const RowsQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0).describe('Changes after this one'),
  limit: z.coerce.number().int().min(1).max(ROWS_PER_PAGE).default(ROWS_PER_PAGE).describe('Entries wanted'),
});
export const RowsPage = z.strictObject({
  rows: z.array(RowEntry).max(ROWS_PER_PAGE).describe('Rows in the order in which they last changed'),
});

export const RowEmbeddings = z.strictObject({
  rows: z.array(z.int().nonnegative()).min(1).max(ROWS_PER_REQUEST).describe('Numbers of the rows'),
});

export const RostersQuery = z.strictObject({
  after: z.coerce.number().int().min(-1).default(-1).describe('Rosters after this epoch; −1: all'),
});
/** Rosters after an epoch, oldest first. */
export const RostersPage = z.strictObject({
  rosters: z.array(AnySignedRoster).max(64).describe('Signed rosters, oldest first'),
});

/** What a participant reads of a problem document. */
export const Refused = z.object({ code: z.string().max(100), detail: z.string().max(2000) });
