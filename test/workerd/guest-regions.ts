/** Regions of other deployments, which join a collection over HTTP by their configuration. */
import { runInDurableObject, SELF } from 'cloudflare:test';
import type { Join } from '../../durable-objects/region/join.ts';
import type { Region } from '../../durable-objects/region/region.ts';
import { toBase64Url } from '../../shared/crypto/bytes.ts';
import { readInvitation } from '../../shared/protocol/enrolment.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { regionOf } from './objects.ts';

export const ORIGIN = 'https://fedcar.test';
export const fetchHub = (url: string, init: RequestInit) => SELF.fetch(url, init);

/** A call of the hub's API. */
export async function call<T>(method: string, path: string, body?: object): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
  return (await SELF.fetch(`${ORIGIN}${path}`, init)).json<T>();
}

/** Wakes a region of another deployment that has this invitation. */
export async function guestRegion(
  hub: string,
  who: string,
  settings: object,
  { invitation, ...join }: Pick<Join, 'invitation' | 'allowed' | 'ownEpsilon'>,
) {
  const stub = regionOf(`${hub}-guests`, who);
  await stub.configure({
    collection: `${hub}-guests`,
    name: who,
    settings: CollectionSettings.parse(settings),
    splitKey: 'seed-7',
    contributorKey: toBase64Url(new Uint8Array(32)),
    adminKey: readInvitation(invitation).adminKey,
  });
  await runInDurableObject(stub as DurableObjectStub<Region>, (region) => {
    region.joins = () => ({ url: ORIGIN, invitation, limits: {}, ...join });
    region.fetchHub = fetchHub;
  });
  await stub.wake();
  return stub;
}
