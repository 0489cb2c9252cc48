/** /participants: who trains in a collection. Invitations for separate operators, and the roster that admits them. */
import { createRoute, z } from '@hono/zod-openapi';
import { toBase64Url, toHex, utf8 } from '../../shared/crypto/bytes.ts';
import { sha256 } from '../../shared/crypto/hash.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import {
  AdminKey,
  InvitationRequest,
  IssuedInvitation,
  Participants,
  Rosters,
} from '../../shared/protocol/api/participant.ts';
import { ParticipantName, SignedTerms, spellInvitation } from '../../shared/protocol/enrolment.ts';
import { SignedRoster } from '../../shared/protocol/secagg.ts';
import { problemOf } from '../problem.ts';
import { body, json, NoQuery, problems, router } from '../router.ts';

const params = z.object({ name: ParticipantName.describe('Name of a participant') });
const tags = ['federation'];
const HOUR_MS = 3_600_000;

const list = createRoute({
  method: 'get',
  path: '/participants',
  summary: 'Who takes part, who is invited, who leaves',
  tags,
  request: { query: NoQuery },
  responses: { 200: json(Participants, 'Participants with the fingerprints of their keys'), ...problems },
});
const invite = createRoute({
  method: 'post',
  path: '/participants/invitations',
  summary: 'Invite a separate operator, once',
  tags,
  request: { query: NoQuery, body: body(InvitationRequest) },
  responses: { 201: json(IssuedInvitation, 'The invitation'), ...problems },
});
const remove = createRoute({
  method: 'delete',
  path: '/participants/{name}',
  summary: 'Remove a participant, or take its invitation back; the next round goes without',
  tags,
  request: { params, query: NoQuery },
  responses: { 204: { description: 'Removed' }, ...problems },
});
const roster = createRoute({
  method: 'get',
  path: '/participants/roster',
  summary: 'The roster in force, and the draft that waits for a signature',
  tags,
  request: { query: NoQuery },
  responses: { 200: json(Rosters, 'Rosters'), ...problems },
});
const putRoster = createRoute({
  method: 'put',
  path: '/participants/roster',
  summary: 'Put the draft in force, signed with the admin key',
  tags,
  request: { query: NoQuery, body: body(SignedRoster) },
  responses: { 200: json(Rosters, 'Rosters'), ...problems },
});
const adminKey = createRoute({
  method: 'put',
  path: '/participants/admin-key',
  summary: 'Have rosters signed with a key that the deployment does not have',
  description: 'Takes effect with the first roster that is signed with it. Before anyone is invited.',
  tags,
  request: { query: NoQuery, body: body(AdminKey) },
  responses: { 200: json(Rosters, 'Rosters'), ...problems },
});

const putTerms = createRoute({
  method: 'put',
  path: '/participants/terms',
  summary: 'Sign the terms with the admin key',
  description:
    'The terms as they stand, to the letter. Where a key outside signs, before anybody is invited.',
  tags,
  request: { query: NoQuery, body: body(SignedTerms) },
  responses: { 200: json(Rosters, 'Rosters'), ...problems },
});

export function participantRoutes() {
  return router()
    .openapi(list, async (c) => {
      const { services, collection } = c.var;
      const found = await services.directory().participants(collection.name);
      if (!found.ok) throw problemOf(found);
      const names = found.value.map(({ name }) => name);
      const known = await services.coordinator(collection).standing(names);
      const participants = found.value.map((one) => ({ ...one, ...known[one.name] }));
      return c.json({ participants }, 200);
    })
    .openapi(invite, async (c) => {
      const { services, collection } = c.var;
      const { name, expires_hours } = c.req.valid('json');
      const secret = toBase64Url(systemRandom(32));
      const expires_at = services.now() + expires_hours * HOUR_MS;
      const hash = toHex(sha256(utf8(secret)));
      const invited = await services.directory().invite(collection.name, name, hash, expires_at);
      if (!invited.ok) throw problemOf(invited);
      const invitation = spellInvitation({ collection: collection.name, name, ...invited.value, secret });
      return c.json({ invitation, name, expires_at }, 201);
    })
    .openapi(roster, async (c) => {
      const found = await c.var.services.directory().roster(c.var.collection.name);
      if (!found.ok) throw problemOf(found);
      return c.json(found.value, 200);
    })
    .openapi(putRoster, async (c) => {
      const signed = c.req.valid('json');
      const put = await c.var.services.directory().putRoster(c.var.collection.name, signed);
      if (!put.ok) throw problemOf(put);
      return c.json(put.value, 200);
    })
    .openapi(putTerms, async (c) => {
      const signed = c.req.valid('json');
      const put = await c.var.services.directory().putTerms(c.var.collection.name, signed);
      if (!put.ok) throw problemOf(put);
      return c.json(put.value, 200);
    })
    .openapi(adminKey, async (c) => {
      const { key } = c.req.valid('json');
      const set = await c.var.services.directory().setAdminKey(c.var.collection.name, key);
      if (!set.ok) throw problemOf(set);
      return c.json(set.value, 200);
    })
    .openapi(remove, async (c) => {
      const { name } = c.req.valid('param');
      const removed = await c.var.services.directory().removeParticipant(c.var.collection.name, name);
      if (!removed.ok) throw problemOf(removed);
      return c.body(null, 204);
    });
}
