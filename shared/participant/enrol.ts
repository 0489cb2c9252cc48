/** Enrolment from the participant's side: an invitation and a key of its own become an agreement. May be repeated. */
import { toBase64Url } from '../crypto/bytes.ts';
import { Agreement, readInvitation } from '../protocol/enrolment.ts';
import type { Roster } from '../protocol/secagg.ts';
import { followChain, isPresent, type RosterPin } from '../secagg/roster.ts';
import { ConnectionError, type HttpPort, type HttpPortOptions, parse, sender } from './http-port.ts';
import type { Kept } from './round-guard.ts';

/** The prefix of a collection's paths below a deployment's address. */
export function prefixOf(url: string, collection: string): string {
  const base = url.replace(/\/+$/, '').replace(/\/v1(\/.*)?$/, '');
  return collection === 'default' ? `${base}/v1` : `${base}/v1/collections/${collection}`;
}

/**
 * Uses the invitation up. Checks that the answer is about what the invitation names: the admin key in it came from the
 * admin, not from the service.
 * @throws HubError, ConnectionError
 */
export async function enrol(
  invitation: string,
  options: Omit<HttpPortOptions, 'url' | 'name'> & { url: string },
): Promise<Agreement> {
  const { collection, name, adminKey } = readInvitation(invitation);
  const send = sender({ ...options, url: prefixOf(options.url, collection), name });
  const path = '/fl/enrol';
  const body = { invitation, key: toBase64Url(options.signer.key) };
  const agreement = parse(Agreement, await send({ method: 'POST', path, json: body }), path);
  const same =
    agreement.collection === collection && agreement.name === name && agreement.admin_key === adminKey;
  if (same) return agreement;
  throw new ConnectionError(
    `${path}: the answer is about another collection, name or admin key than invited`,
  );
}

/**
 * Follows the rosters since the pinned one. Invites carry the latest only; who was away for longer asks. The pinned one
 * comes along: its successor may name it by the hash of another version than the pin does.
 * @param tell is shown each roster that is new
 * @throws ProtocolError when a link is missing or not signed by the admin key
 */
export async function catchUp(
  port: Pick<HttpPort, 'rosters'>,
  { collection, admin_key }: Pick<Agreement, 'collection' | 'admin_key'>,
  pin: Kept<RosterPin>,
  tell: (roster: Roster) => void = () => {},
): Promise<void> {
  for (;;) {
    const before = pin.get();
    const rosters = await port.rosters(before === null ? -1 : before.epoch - 1);
    const last = rosters.at(-1);
    if (last === undefined || last.roster.epoch <= (before?.epoch ?? -1)) return;
    pin.set(await followChain(before, rosters.slice(0, -1), last, collection, admin_key));
    if (isPresent(last.roster)) tell(last.roster);
  }
}
