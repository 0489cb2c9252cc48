/** Which regions take part in another operator's collection instead of in their own: the environment says so. */
import type { ObjectsEnv } from '../env.ts';
import type { Identity } from './identity.ts';

/** Another operator's collection, and the invitation to it. */
export interface Join {
  url: string;
  invitation: string;
}

/** Where the environment sends a region: `FEDCAR_JOIN_INVITE` is `region=invitation,…`, or one for the first region. */
export function joinOf(
  env: ObjectsEnv,
  { collection, name, settings }: Pick<Identity, 'collection' | 'name' | 'settings'>,
): Join | null {
  const { FEDCAR_JOIN_URL: url, FEDCAR_JOIN_INVITE: invitations } = env;
  if (!url || !invitations || collection !== 'default') return null;
  for (const entry of invitations.split(',').map((text) => text.trim())) {
    const [region, invitation] = entry.includes('=') ? entry.split('=') : [settings.regions[0], entry];
    if (region === name && invitation !== undefined) return { url, invitation };
  }
  return null;
}
