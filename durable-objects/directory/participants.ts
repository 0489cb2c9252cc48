/** What a collection's operator is shown of its participants and rosters, and what a new one is told to agree to. */
import { fromBase64Url } from '../../shared/crypto/bytes.ts';
import { fingerprint } from '../../shared/crypto/fingerprint.ts';
import type { Participant, Rosters } from '../../shared/protocol/api/participant.ts';
import type { Terms } from '../../shared/protocol/enrolment.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { rosterHash } from '../../shared/secagg/roster.ts';
import type { Federations, Subject } from './federations.ts';

export const fingerprintOf = (key: string): string => fingerprint(fromBase64Url(key, 32));

export function termsOf({ adapter, privacy, heldOutShare, retentionDays }: CollectionSettings): Terms {
  return { adapter, privacy, heldOutShare, retentionDays };
}

/** In order of names. Who is in the roster in force and belongs to the collection no more is leaving. */
export function participantsOf(federations: Federations, subject: Subject): Participant[] {
  const { collection, settings } = subject;
  const members = federations.rosters(collection).at(-1)?.roster.members ?? null;
  const outside = new Map(federations.outside(collection).map(({ name, key }) => [name, key]));
  const invited = federations.invitations(collection);
  const shown: Participant[] = [];
  const show = (name: string, more: Omit<Participant, 'name' | 'expires_at' | 'last_seen_at' | 'fault'>) =>
    shown.push({ name, expires_at: null, last_seen_at: null, fault: null, ...more });
  for (const { id, key } of members ?? []) {
    const kind = settings.regions.includes(id) ? ('region' as const) : ('outside' as const);
    const stays = kind === 'region' ? settings.regionsTrain : outside.get(id) === key;
    show(id, { kind, state: stays ? 'member' : 'leaving', fingerprint: fingerprintOf(key) });
  }
  const known = new Set(shown.filter(({ state }) => state === 'member').map(({ name }) => name));
  // Without rosters sums are plain and everyone who enrolled takes part.
  const state = members === null && settings.privacy.aggregation === 'plain' ? 'member' : 'enrolled';
  for (const name of settings.regionsTrain ? settings.regions : []) {
    if (!known.has(name)) show(name, { kind: 'region', state, fingerprint: null });
  }
  for (const [name, key] of outside) {
    if (!known.has(name)) show(name, { kind: 'outside', state, fingerprint: fingerprintOf(key) });
  }
  for (const { name, expiresAt } of invited) {
    shown.push({
      name,
      kind: 'outside',
      state: 'invited',
      fingerprint: null,
      expires_at: expiresAt,
      last_seen_at: null,
      fault: null,
    });
  }
  return shown.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function describeRosters(federations: Federations, subject: Subject): Omit<Rosters, 'terms'> {
  const current = federations.rosters(subject.collection).at(-1) ?? null;
  const admin = federations.adminKey(subject);
  const signing = federations.signingKey(subject);
  const wanted = federations.wanted(subject);
  return {
    signed_by: federations.signsItself(subject) ? 'deployment' : 'outside',
    admin_key: admin,
    admin_fingerprint: fingerprintOf(admin),
    current: wanted.kind === 'none' ? null : current,
    current_hash: current === null || wanted.kind === 'none' ? null : rosterHash(current.roster),
    draft: federations.draft(subject),
    signing_key: signing,
    problem: federations.problem(subject),
  };
}
