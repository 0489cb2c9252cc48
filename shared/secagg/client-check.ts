/**
 * Phase 3: open the parcels and say whose are bad, before anything is charged or masked, so that a bad dealer costs nobody
 * anything: whoever is convicted is not among those who mask.
 */
import { fromBase64Url, toBase64Url } from '../crypto/bytes.ts';
import { type CheckedMessage, type ParcelsMessage, SECAGG_PROTOCOL } from '../protocol/secagg.ts';
import type { ClientEnvironment, ClientState, ClientStepResult } from './client-state.ts';
import { checkAmong, type RoundContext, sameList } from './context.ts';
import { refuse } from './errors.ts';
import { openParcel } from './parcels.ts';
import { signMessage, verifyParcel } from './signing.ts';

/**
 * The shares in the parcels, and the proof against every dealer whose parcel is bad. Only what the dealer signed is held
 * against it: a parcel that the coordinator changed must not make this member give a secret away.
 */
async function openParcels(context: RoundContext, state: ClientState, { parcels }: ParcelsMessage) {
  const { receive } = state.secrets!;
  const { self, attempt } = state;
  const held = { ...state.held };
  const accused: CheckedMessage['accused'] = [];
  for (const { from, ...parcel } of parcels) {
    await verifyParcel(context, attempt, from, self, parcel);
    const secret = receive[from]!;
    const { cipherKey } = state.peers[from]!;
    const sealed = { from, to: self, cipherKey, secret: fromBase64Url(secret, 32), parcel };
    const shares = await openParcel(context, sealed);
    if (shares === null) accused.push({ dealer: from, secret });
    else held[from] = { seedShare: toBase64Url(shares.seedShare), keyShare: toBase64Url(shares.keyShare) };
  }
  return { held, accused };
}

export async function check(
  context: RoundContext,
  state: ClientState,
  message: ParcelsMessage,
  env: ClientEnvironment,
): Promise<ClientStepResult> {
  const peers = checkAmong(context, state.self, 'sharers', message.sharers, state.participants);
  const dealers = message.parcels.map(({ from }) => from);
  if (!sameList(dealers, peers)) refuse('malformed', 'parcels: not those of the sharers');
  const { held, accused } = await openParcels(context, state, message);
  const reply = await signMessage(env.signer, {
    kind: 'checked',
    protocol: SECAGG_PROTOCOL,
    parametersHash: context.parametersHash,
    attempt: state.attempt,
    sender: state.self,
    accused,
  });
  const secrets = { ...state.secrets!, receive: {} };
  return { state: { ...state, step: 'checked', secrets, sharers: message.sharers, held }, reply };
}
