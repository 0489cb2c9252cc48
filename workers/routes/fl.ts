/**
 * /fl: the round protocol for participants from outside, one route for each method of the coordinator's port. Every
 * request is signed with the participant's key and counts once; enrolment is signed with the key that it brings.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { fromBase64Url, toHex, utf8 } from '../../shared/crypto/bytes.ts';
import { sha256 } from '../../shared/crypto/hash.ts';
import { isSignedBy, type RequestSignature, readSignature } from '../../shared/crypto/request-signature.ts';
import type { Hub, SignedMethod } from '../../shared/participant/coordinator-port.ts';
import {
  Enrolled,
  Enrolment,
  readInvitation,
  SignedTerms,
  TermsRequest,
} from '../../shared/protocol/enrolment.ts';
import {
  Ack,
  Arrived,
  ChunkParams,
  ChunkQuery,
  NextQuery,
  PollQuery,
  Report,
  RostersPage,
  RostersQuery,
  RoundParams,
  RowEmbeddings,
  RowsPage,
  RowsQuery,
  SKEW_S,
  StateQuery,
} from '../../shared/protocol/fl.ts';
import { PART_BYTES } from '../../shared/protocol/parameters.ts';
import { Instruction } from '../../shared/protocol/rounds.ts';
import type { AppEnv } from '../env.ts';
import { Problem, problemOf } from '../problem.ts';
import { body, json, NoQuery, problems, router } from '../router.ts';

const tags = ['federation'];
const binary = (description: string) => ({
  description,
  content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
});
const bytesBody = { required: true, ...binary('Little-endian words') };

const offer = createRoute({
  method: 'post',
  path: '/fl/terms',
  summary: 'The terms that an invitation is good for',
  description: 'Signed with the key that the body names. Uses nothing up.',
  tags,
  request: { query: NoQuery, body: body(TermsRequest) },
  responses: { 200: json(SignedTerms, 'As the admin key signed them'), ...problems },
});
const enrol = createRoute({
  method: 'post',
  path: '/fl/enrol',
  summary: 'Use an invitation up and become a participant',
  description:
    'Signed with the key that the body names. A repeat with the same key gets the same answer. Rounds ask what the terms say that it names.',
  tags,
  request: { query: NoQuery, body: body(Enrolment) },
  responses: { 200: json(Enrolled, 'Who takes part now'), ...problems },
});
const instruction = createRoute({
  method: 'get',
  path: '/fl/instruction',
  summary: 'What to do now; held while a run is on and there is nothing',
  tags,
  request: { query: PollQuery },
  responses: { 200: json(Instruction, 'The next step'), ...problems },
});
const report = createRoute({
  method: 'post',
  path: '/fl/reports',
  summary: 'Progress, the end of the work, or a message of secure aggregation',
  tags,
  request: { query: NextQuery, body: body(Report) },
  responses: { 200: json(Ack, 'Whether the round still runs, and what to do now'), ...problems },
});
const chunk = createRoute({
  method: 'put',
  path: '/fl/rounds/{round}/chunks/{chunk}',
  summary: 'A piece of a vector, where sums are plain: 1 MiB, the last one shorter',
  tags,
  request: { params: ChunkParams, query: ChunkQuery, body: bytesBody },
  responses: { 200: json(Ack, 'Whether the round still runs'), ...problems },
});
const frame = createRoute({
  method: 'post',
  path: '/fl/rounds/{round}/frames',
  summary: 'A frame of a masked vector, after the message that announced it',
  tags,
  request: { params: RoundParams, query: NextQuery, body: bytesBody },
  responses: { 200: json(Ack, 'Whether it was taken, and what to do now'), ...problems },
});
const arrived = createRoute({
  method: 'get',
  path: '/fl/rounds/{round}/arrived',
  summary: 'Which pieces have come in: where to go on after a lost connection',
  tags,
  request: { params: RoundParams, query: NoQuery },
  responses: { 200: json(Arrived, 'Numbers of chunks and frames'), ...problems },
});
const state = createRoute({
  method: 'get',
  path: '/fl/state',
  summary: 'A part of the parameters or the snapshot that a round is about',
  tags,
  request: { query: StateQuery },
  responses: { 200: binary('At most 1 MiB'), ...problems },
});
const rows = createRoute({
  method: 'get',
  path: '/fl/rows',
  summary: 'Changes of the row table: which row stands for which passage',
  tags,
  request: { query: RowsQuery },
  responses: { 200: json(RowsPage, 'In the order of the changes'), ...problems },
});
const embeddings = createRoute({
  method: 'post',
  path: '/fl/row-embeddings',
  summary: 'Base embeddings of rows',
  tags,
  request: { query: NoQuery, body: body(RowEmbeddings) },
  responses: { 200: binary('fp32, [rows, width]'), ...problems },
});
const rosters = createRoute({
  method: 'get',
  path: '/fl/rosters',
  summary: 'Signed rosters after an epoch, oldest first',
  tags,
  request: { query: RostersQuery },
  responses: { 200: json(RostersPage, 'At most 64'), ...problems },
});
const leave = createRoute({
  method: 'post',
  path: '/fl/leave',
  summary: 'End the own membership; the next round goes without',
  tags,
  request: { query: NoQuery },
  responses: { 204: { description: 'Done' }, ...problems },
});

type RequestContext = Parameters<MiddlewareHandler<AppEnv>>[0];

/** @throws Problem when there is no signature of the right form over this very body */
async function signatureOf(c: RequestContext): Promise<RequestSignature> {
  const { host, pathname, search } = new URL(c.req.raw.url);
  const request = {
    method: c.req.method,
    authority: host,
    target: pathname + search,
    body: new Uint8Array(await c.req.arrayBuffer()),
  };
  const signature = await readSignature(request, (name) => c.req.header(name));
  if (signature !== null) return signature;
  const detail =
    'signature: signature-input, signature and content-digest of this request are needed, in the form of docs/federation.md; earlier versions left out the authority, so a participant of one has to be upgraded';
  throw new Problem('signature_missing', detail);
}

/** Puts the signature into the request's variables. Whose it is says the coordinator, with what it is asked for. */
const asSigned: MiddlewareHandler<AppEnv> = async (c, next) => {
  c.set('signature', await signatureOf(c));
  await next();
};

/**
 * Asks the coordinator in the name of the participant that signed.
 * @throws Problem when the signature is not admitted
 */
async function ask<M extends SignedMethod>(
  c: RequestContext,
  method: M,
  ...args: Parameters<Hub[M]>
): Promise<Awaited<ReturnType<Hub[M]>>> {
  const { services, collection, signature } = c.var;
  const answer = await services.hub(collection).signed(signature, method, args);
  if (!answer.ok) throw problemOf(answer);
  return answer.value;
}

/** A participant speaks for itself only. */
function requireSelf(participant: string, named: string): void {
  if (named === participant) return;
  throw new Problem('not_a_participant', `participant: ${participant} signed, and the message names another`);
}

function holdMs({ wait }: NextQuery): number | undefined {
  return wait === undefined ? undefined : 1000 * wait;
}

async function pieceOf(c: RequestContext, most: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(await c.req.arrayBuffer());
  if (bytes.length <= most) return bytes;
  throw new Problem('payload_too_large', `body: at most ${most} bytes, got ${bytes.length}`);
}

const octets = { 'content-type': 'application/octet-stream' };
/** A frame has a header of 48 bytes. */
const FRAME_BYTES = PART_BYTES + 48;

/** Who shows an invitation to this collection, with a key that signed the request; and the hash of its secret. */
async function invitedBy(
  c: RequestContext,
  { invitation, key }: TermsRequest,
): Promise<{ by: { name: string; key: string }; hash: string }> {
  const { services, collection } = c.var;
  const signature = await signatureOf(c);
  const { name, secret, collection: of } = readInvitation(invitation);
  const skew = Math.abs(services.now() / 1000 - signature.createdS);
  if (skew > SKEW_S) throw new Problem('clock_skew', `created: ${Math.round(skew)} s from the clock here`);
  if (signature.keyId !== name || !(await isSignedBy(fromBase64Url(key, 32), signature))) {
    throw new Problem('signature_invalid', 'signature: not by the key that the body names');
  }
  if (of !== collection.name) {
    throw new Problem('invitation_unknown', `invitation: for another collection than ${collection.name}`);
  }
  return { by: { name, key }, hash: toHex(sha256(utf8(secret))) };
}

export function flRoutes() {
  const routes = router();
  routes.use('/fl/*', (c, next) => (/\/fl\/(terms|enrol)$/.test(c.req.path) ? next() : asSigned(c, next)));
  return routes
    .openapi(offer, async (c) => {
      const { by, hash } = await invitedBy(c, c.req.valid('json'));
      const offered = await c.var.services.directory().offer(c.var.collection.name, by, hash);
      if (!offered.ok) throw problemOf(offered);
      return c.json(offered.value, 200);
    })
    .openapi(enrol, async (c) => {
      const { name: collection } = c.var.collection;
      const taken = c.req.valid('json');
      const { by, hash } = await invitedBy(c, taken);
      const enrolled = await c.var.services.directory().enrol(collection, by, hash, taken.terms);
      // Whoever enrols has no say in what stands: what is refused is not theirs to do.
      if (!enrolled.ok) throw problemOf(enrolled, 'forbidden');
      return c.json({ collection, name: by.name }, 200);
    })
    .openapi(instruction, async (c) => {
      const { wait } = c.req.valid('query');
      return c.json(await ask(c, 'pollFor', c.var.signature.keyId, 1000 * wait), 200);
    })
    .openapi(report, async (c) => {
      const message = c.req.valid('json');
      requireSelf(c.var.signature.keyId, message.participant);
      return c.json(await ask(c, 'report', message, holdMs(c.req.valid('query'))), 200);
    })
    .openapi(chunk, async (c) => {
      const participant = c.var.signature.keyId;
      const header = { ...c.req.valid('param'), ...c.req.valid('query'), participant };
      return c.json(await ask(c, 'putChunk', header, await pieceOf(c, PART_BYTES)), 200);
    })
    .openapi(frame, async (c) => {
      const { round } = c.req.valid('param');
      const bytes = await pieceOf(c, FRAME_BYTES);
      const waitMs = holdMs(c.req.valid('query'));
      return c.json(await ask(c, 'putFrame', c.var.signature.keyId, round, bytes, waitMs), 200);
    })
    .openapi(arrived, async (c) => {
      const { round } = c.req.valid('param');
      return c.json(await ask(c, 'arrived', c.var.signature.keyId, round), 200);
    })
    .openapi(state, async (c) => {
      const { key, part } = c.req.valid('query');
      const bytes = await ask(c, 'statePart', key, part);
      if (bytes === null)
        throw new Problem('state_gone', `key: ${key} is not what the present round is about`);
      return c.body(bytes as Uint8Array<ArrayBuffer>, 200, octets);
    })
    .openapi(rows, async (c) => {
      const { after, limit } = c.req.valid('query');
      return c.json({ rows: await ask(c, 'rowsSince', after, limit) }, 200);
    })
    .openapi(embeddings, async (c) => {
      const found = await ask(c, 'rowEmbeddings', c.req.valid('json').rows);
      return c.body(new Uint8Array(found.buffer, found.byteOffset, found.byteLength).slice(), 200, octets);
    })
    .openapi(rosters, async (c) => {
      const { after } = c.req.valid('query');
      return c.json({ rosters: await ask(c, 'rostersAfter', after) }, 200);
    })
    .openapi(leave, async (c) => {
      const { services, collection, signature } = c.var;
      const admitted = await services.hub(collection).admit(signature);
      if (!admitted.ok) throw problemOf(admitted);
      const left = await services.directory().removeParticipant(collection.name, admitted.value);
      if (!left.ok) throw problemOf(left);
      return c.body(null, 204);
    });
}
