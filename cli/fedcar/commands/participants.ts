/** `fedcar participants`: who trains in a collection; invitations, removals, and the roster that a key outside signs. */
import { resolve } from 'node:path';
import { fromBase64Url } from '../../../shared/crypto/bytes.ts';
import { fingerprint } from '../../../shared/crypto/fingerprint.ts';
import { signTerms } from '../../../shared/participant/terms.ts';
import { type Participants, Rosters } from '../../../shared/protocol/api/participant.ts';
import { TermsDocument } from '../../../shared/protocol/enrolment.ts';
import type { AnyRoster, Roster } from '../../../shared/protocol/secagg.ts';
import {
  hasHash,
  type RosterPin,
  rosterChanges,
  rosterHash,
  signRoster,
} from '../../../shared/secagg/roster.ts';
import { whole } from '../../bench/accuracy-options.ts';
import { spelledTerms } from '../../participant/spelled-terms.ts';
import { table } from '../../table.ts';
import type { Context, Shown } from '../context.ts';
import { Failure } from '../failure.ts';
import { moment } from '../format.ts';
import { withExamples } from '../help.ts';
import { keepSigned, lastSigned, readKey } from '../key-file.ts';
import type { Register } from '../program.ts';

export const participantCommands: Register = (program, bind) => {
  const participants = program.command('participants').description('who trains in a collection');
  const listing = participants
    .command('list')
    .description('regions and separate operators, with the fingerprints of their keys')
    .action(bind((context) => list(context)));
  withExamples(listing, [['participants list', 'fingerprints to compare over the phone']]);
  const inviting = participants
    .command('invite')
    .description('invite a separate operator; the invitation works once and is shown once')
    .argument('<name>', 'lower-case letters, digits and dashes')
    .option('--hours <n>', 'hours until it expires', whole(1, 720), 72)
    .action(bind((context, name: string, o: { hours: number }) => invite(context, name, o.hours)));
  withExamples(inviting, [['participants invite clinic -c health', 'give the invitation to its operator']]);
  const removing = participants
    .command('remove')
    .description('remove a participant, or take an invitation back; the next round goes without')
    .argument('<name>', 'the participant')
    .action(bind((context, name: string) => remove(context, name)));
  withExamples(removing, [['participants remove clinic -y', 'refused at once, without being asked']]);
  const signing = participants
    .command('sign')
    .description('sign the roster and the terms that wait, with the admin key in a file')
    .argument('<key>', 'file of the key')
    .action(bind((context, file: string) => sign(context, file)));
  withExamples(signing, [['participants sign admin.key', 'shows who comes and goes before it signs']]);
  const entrusting = participants
    .command('use-key')
    .description('have rosters signed with a key that the deployment does not have')
    .argument('<key>', 'file of the key')
    .action(bind((context, file: string) => useKey(context, file)));
  withExamples(entrusting, [['participants use-key admin.key', 'before anyone is invited']]);
};

async function list(context: Context): Promise<Shown> {
  const answer = await (await context.client()).call('GET /participants');
  const rows = answer.participants.map(
    ({ name, kind, state, fingerprint, expires_at, last_seen_at, fault }) => {
      const when = expires_at === null ? moment(last_seen_at) : `until ${moment(expires_at)}`;
      return [name, kind, state, fingerprint ?? '–', when, ...(fault === null ? [] : [spelledFault(fault)])];
    },
  );
  const head = ['name', 'kind', 'state', 'fingerprint', 'last seen'];
  if (rows.some(({ length }) => length > head.length)) head.push('fault');
  return { json: answer, text: (width) => table([head, ...rows], '', [...head.keys()], width) };
}

function spelledFault({
  at,
  round,
  detail,
}: NonNullable<Participants['participants'][number]['fault']>): string {
  return `${moment(at)} in ${round}: ${detail}`;
}

async function invite(context: Context, name: string, hours: number): Promise<Shown> {
  return await context.change({ what: `invite ${name} to ${context.collection}` }, async () => {
    const client = await context.client();
    const body = { name, expires_hours: hours };
    const made = await client.call('POST /participants/invitations', { body });
    context.say(`good once, until ${moment(made.expires_at)}; it is shown this once:`);
    return { json: made, text: made.invitation };
  });
}

async function remove(context: Context, name: string): Promise<Shown> {
  const what = `remove ${name} from ${context.collection}`;
  return await context.change({ what, confirm: true }, async () => {
    await (await context.client()).call('DELETE /participants/{name}', { params: { name } });
    return { json: { removed: name }, text: `${name} is asked for nothing any more` };
  });
}

async function sign(context: Context, name: string): Promise<Shown> {
  const file = resolve(context.io.cwd, name);
  const key = await readKey(file);
  const client = await context.client();
  const info = Rosters.parse(await client.call('GET /participants/roster'));
  const { draft, current, signing_key, terms } = info;
  const unsigned = terms.signed ? null : terms.document;
  if (draft === null && unsigned === null) {
    return { json: { signed: null }, text: 'no roster waits for a signature, and no terms' };
  }
  if (signing_key !== key.key) {
    const wanted = fingerprint(fromBase64Url(signing_key, 32));
    throw new Failure(`the roster is to be signed by ${wanted}, and ${name} is ${key.fingerprint}`);
  }
  const problem =
    draft === null ? null : await contradiction(file, context.collection, draft, current?.roster ?? null);
  if (problem !== null) throw new Failure(`not signed: ${problem}`);
  if (draft !== null) context.say(describe(current?.roster ?? null, draft));
  if (unsigned !== null) context.say(describeTerms(context.collection, unsigned));
  const parts = [
    ...(draft === null ? [] : [`the roster of ${context.collection}, epoch ${draft.epoch}`]),
    ...(unsigned === null ? [] : [`the terms of ${context.collection}`]),
  ];
  const what = `sign ${parts.join(', and ')}`;
  return await context.change({ what, plan: { draft, terms: unsigned }, confirm: true }, async () => {
    const done: string[] = [];
    let signed: RosterPin | null = null;
    if (draft !== null) {
      const roster = await signRoster(draft, key.signer);
      signed = { epoch: draft.epoch, hash: rosterHash(draft) };
      // Before it leaves: a signature that got lost on its way was given all the same.
      await keepSigned(file, context.collection, signed);
      await client.call('PUT /participants/roster', { body: roster });
      done.push(`epoch ${draft.epoch} is in force: ${signed.hash}`);
    }
    if (unsigned !== null) {
      await client.call('PUT /participants/terms', { body: await signTerms(unsigned, key.signer) });
      done.push(`the terms are signed: ${terms.hash}`);
    }
    return { json: { signed, terms: unsigned === null ? null : terms.hash }, text: done.join('\n') };
  });
}

/** What participants will be asked to take. @throws Failure for a text that a key must not sign */
function describeTerms(collection: string, document: string): string {
  const parsed = TermsDocument.safeParse(JSON.parse(document));
  if (!parsed.success) throw new Failure('not signed: the terms are of another form than this release knows');
  if (parsed.data.collection !== collection)
    throw new Failure(`not signed: the terms are of the collection ${parsed.data.collection}`);
  return `terms:\n${spelledTerms(parsed.data)}`;
}

/** Why the key must not sign this after what it signed before; null when it may. */
async function contradiction(
  file: string,
  collection: string,
  draft: Roster,
  current: AnyRoster | null,
): Promise<string | null> {
  if (draft.collection !== collection) return `it is of the collection ${draft.collection}`;
  const last = await lastSigned(file, collection);
  if (last === null) return null;
  if (draft.epoch === last.epoch && rosterHash(draft) === last.hash) return null;
  if (draft.epoch !== last.epoch + 1)
    return `its epoch is ${draft.epoch}, and this key signed epoch ${last.epoch} last`;
  // One roster may go by the hashes of two versions.
  const follows =
    draft.previous === last.hash ||
    (current !== null && hasHash(current, last.hash) && hasHash(current, draft.previous ?? ''));
  return follows ? null : 'it does not follow the roster that this key signed last';
}

/** Who comes and who goes, with fingerprints to compare. */
function describe(before: AnyRoster | null, draft: Roster): string {
  const none = { ...draft, members: [] };
  const { added, removed } = rosterChanges(before ?? none, draft);
  const named = (ids: string[], members: AnyRoster['members']) =>
    members
      .filter(({ id }) => ids.includes(id))
      .map(({ id, key }) => [id, fingerprint(fromBase64Url(key, 32))]);
  const rows = [
    ...named(added, draft.members).map(([id, print]) => ['+', id as string, print as string]),
    ...named(removed, before?.members ?? []).map(([id, print]) => ['-', id as string, print as string]),
  ];
  const { members, threshold, colluders } = draft;
  const figures = `${members.length} members, sums of at least ${threshold}, ${colluders} may collude`;
  return `${table(rows, '  ', [0, 1, 2])}\n${figures}`;
}

async function useKey(context: Context, name: string): Promise<Shown> {
  const { key, fingerprint: print } = await readKey(resolve(context.io.cwd, name));
  const what = `have the rosters of ${context.collection} signed by ${print} from now on`;
  return await context.change({ what, confirm: true }, async () => {
    const client = await context.client();
    const info = Rosters.parse(await client.call('PUT /participants/admin-key', { body: { key } }));
    const next =
      info.draft === null ? '' : `; fedcar participants sign ${name} signs the one that waits, and the terms`;
    return { json: info, text: `rosters are signed by ${print}${next}` };
  });
}
