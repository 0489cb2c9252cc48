/**
 * Phases 5 and 6: sign the list of survivors, with the shares of the mask keys of those who dropped; when t others signed
 * the same one, reveal the shares of the survivors' seeds, and the seeds of the own noise that so many can do without.
 * Invariant: for no member are both kinds of share ever revealed, and nothing secret is left afterwards.
 */
import {
  type ConsistencyMessage,
  SECAGG_PROTOCOL,
  type SignaturesMessage,
  type SurvivorsMessage,
} from '../protocol/secagg.ts';
import type { ClientEnvironment, ClientState, ClientStepResult } from './client-state.ts';
import { checkList, type RoundContext } from './context.ts';
import { refuse } from './errors.ts';
import { signMessage, verifyLists } from './signing.ts';
import { firstRevealed } from './surplus-noise.ts';

export async function sign(
  context: RoundContext,
  state: ClientState,
  message: SurvivorsMessage,
  env: ClientEnvironment,
): Promise<ClientStepResult> {
  const survivors = checkList(context, 'survivors', message.survivors);
  const dropped = checkList(context, 'dropped', message.dropped);
  for (const id of dropped) if (survivors.has(id)) refuse('survivors', `${id} is both alive and dropped`);
  for (const id of state.maskers) {
    if (!survivors.has(id) && !dropped.has(id))
      refuse('survivors', `${id} was to mask and is in neither list`);
  }
  if (survivors.size + dropped.size !== state.maskers.length)
    refuse('survivors', 'lists: name one who was not to mask');
  if (survivors.size < context.threshold) {
    refuse('below-threshold', `survivors: ${survivors.size} is below ${context.threshold}`);
  }
  if (!survivors.has(state.self)) refuse('survivors', `${state.self} masked and is not among the survivors`);
  const outcomes = { survivors: message.survivors, dropped: message.dropped };
  const held: ClientState['held'] = {};
  const keyShares: ConsistencyMessage['keyShares'] = [];
  for (const id of state.maskers) {
    const shares = state.held[id];
    if (shares === undefined) continue;
    if (survivors.has(id)) held[id] = { ...shares, keyShare: null };
    else keyShares.push({ of: id, share: shares.keyShare! });
  }
  const reply = await signMessage(
    env.signer,
    {
      kind: 'consistency',
      protocol: SECAGG_PROTOCOL,
      parametersHash: context.parametersHash,
      attempt: state.attempt,
      sender: state.self,
      keyShares,
    },
    outcomes,
  );
  return { state: { ...state, step: 'signed', ...outcomes, held }, reply };
}

async function checkSignatures(
  context: RoundContext,
  state: ClientState,
  message: SignaturesMessage,
): Promise<void> {
  const signers = checkList(
    context,
    'signatures',
    message.signatures.map(({ from }) => from),
  );
  if (signers.size < context.shareThreshold) {
    refuse('below-threshold', `signatures: ${signers.size} is below ${context.shareThreshold}`);
  }
  const allowed = new Set(context.holders(state.self).filter((id) => state.survivors.includes(id)));
  for (const { from, signature } of message.signatures) {
    if (!allowed.has(from)) refuse('malformed', `signatures: ${from} is no surviving neighbour`);
    await verifyLists(context, state, from, signature);
  }
}

export async function reveal(
  context: RoundContext,
  state: ClientState,
  message: SignaturesMessage,
  env: ClientEnvironment,
): Promise<ClientStepResult> {
  await checkSignatures(context, state, message);
  const seedShares = state.survivors.flatMap((of) => {
    const share = state.held[of]?.seedShare;
    return share == null ? [] : [{ of, share }];
  });
  const reply = await signMessage(env.signer, {
    kind: 'unmask',
    protocol: SECAGG_PROTOCOL,
    parametersHash: context.parametersHash,
    attempt: state.attempt,
    sender: state.self,
    seedShares,
    surplusSeeds: state.secrets!.surplus.slice(firstRevealed(context, state.survivors.length)),
  });
  return { state: { ...state, step: 'revealed', secrets: null, held: {} }, reply };
}
