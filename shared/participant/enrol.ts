/** Enrolment from the participant's side: an invitation and a key of its own become an agreement. May be repeated. */
import { toBase64Url } from '../crypto/bytes.ts';
import {
  type Agreement,
  Enrolled,
  readInvitation,
  SignedTerms,
  type TermsDocument,
} from '../protocol/enrolment.ts';
import type { Roster } from '../protocol/secagg.ts';
import { refuse } from '../secagg/errors.ts';
import { followChain, isPresent, type RosterPin } from '../secagg/roster.ts';
import { type HttpPort, type HttpPortOptions, parse, type Schema, sender } from './http-port.ts';
import type { Kept } from './round-guard.ts';
import { termsHash, verifyTerms } from './terms.ts';

/** Of up to 64 rosters that whoever was away catches up with at once: who missed more goes on from there the next time. */
const MOST_PAGES = 256;

/** The prefix of a collection's paths below a deployment's address. */
export function prefixOf(url: string, collection: string): string {
  const base = url.replace(/\/+$/, '').replace(/\/v1(\/.*)?$/, '');
  return collection === 'default' ? `${base}/v1` : `${base}/v1/collections/${collection}`;
}

export interface EnrolmentDeps extends Omit<HttpPortOptions, 'url' | 'name'> {
  url: string;
  /** Shown the terms before the invitation is used up; throws when they are not taken. */
  agree(terms: TermsDocument): void | Promise<void>;
}

/**
 * Takes the terms that the admin key signed and the invitation names, and uses it up. Both came from the admin, not from
 * the service.
 * @throws HubError, ConnectionError, ProtocolError for terms that are not those, and what `agree` throws
 */
export async function enrol(
  invitation: string,
  { agree, url, ...options }: EnrolmentDeps,
): Promise<Agreement> {
  const { collection, name, adminKey, terms: invited } = readInvitation(invitation);
  const send = sender({ ...options, url: prefixOf(url, collection), name });
  const post = async <T>(schema: Schema<T>, path: string, json: object) =>
    parse(schema, await send({ method: 'POST', path, json }), path);
  const by = { invitation, key: toBase64Url(options.signer.key) };
  const signed = await post(SignedTerms, '/fl/terms', by);
  const document = await verifyTerms(signed, adminKey);
  const terms = termsHash(signed.document);
  if (document.collection !== collection) refuse('terms', `collection: ${document.collection}`);
  if (invited !== null && terms !== invited) refuse('terms', 'terms: not those that the invitation names');
  await agree(document);
  await post(Enrolled, '/fl/enrol', { ...by, terms });
  const { model } = document;
  return { collection, name, admin_key: adminKey, model, terms: document.terms, signed };
}

/**
 * Follows the rosters since the pinned one. Invites carry the latest only; who was away for longer asks. The pinned one
 * comes along: its successor may name it by the hash of another version than the pin does.
 * @param tell is shown each roster that is new
 * @throws ProtocolError when a link is missing or not signed by the admin key, or the chain does not end
 */
export async function catchUp(
  port: Pick<HttpPort, 'rosters'>,
  { collection, admin_key }: Pick<Agreement, 'collection' | 'admin_key'>,
  pin: Kept<RosterPin>,
  tell: (roster: Roster) => void = () => {},
): Promise<void> {
  for (let page = 0; page < MOST_PAGES; page++) {
    const before = pin.get();
    const rosters = await port.rosters(before === null ? -1 : before.epoch - 1);
    const last = rosters.at(-1);
    if (last === undefined || last.roster.epoch <= (before?.epoch ?? -1)) return;
    pin.set(await followChain(before, rosters.slice(0, -1), last, collection, admin_key));
    if (isPresent(last.roster)) tell(last.roster);
  }
  refuse('roster', `chain: ${MOST_PAGES} pages of new rosters, and no end`);
}
