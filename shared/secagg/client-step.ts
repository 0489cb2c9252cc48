/**
 * The participant's state machine: (state, message) → (state, reply). Invariant: the same message gets the stored
 * reply, another message for the same step is refused, and steps follow one order.
 */
import { toHex } from '../crypto/bytes.ts';
import { hashJson } from '../crypto/hash.ts';
import { SECAGG_PROTOCOL, ServerMessage } from '../protocol/secagg.ts';
import { advertise } from './client-advertise.ts';
import { check } from './client-check.ts';
import { mask } from './client-mask.ts';
import { share } from './client-share.ts';
import type { ClientEnvironment, ClientState, ClientStep, ClientStepResult } from './client-state.ts';
import { reveal, sign } from './client-unmask.ts';
import { roundContext } from './context.ts';
import { parseMessage, refuse } from './errors.ts';

/** The step that each message continues from. */
const CONTINUES: Record<Exclude<ServerMessage['kind'], 'invite'>, ClientStep> = {
  advertisements: 'advertised',
  parcels: 'shared',
  maskers: 'checked',
  survivors: 'masked',
  signatures: 'signed',
};

function dispatch(
  state: ClientState,
  message: ServerMessage,
  env: ClientEnvironment,
): Promise<ClientStepResult> {
  const context = roundContext(state.parameters, state.roster);
  switch (message.kind) {
    case 'invite':
      return refuse('conflict', 'invite: the round has begun');
    case 'advertisements':
      return share(context, state, message, env);
    case 'parcels':
      return check(context, state, message, env);
    case 'maskers':
      return mask(context, state, message, env);
    case 'survivors':
      return sign(context, state, message, env);
    case 'signatures':
      return reveal(context, state, message, env);
  }
}

/**
 * One step. Save the state before the reply leaves; when saving fails, drop both.
 * @param state null before the round's invite.
 * @throws ProtocolError for what the coordinator or a peer did; the state stays as it was.
 */
export async function clientStep(
  state: ClientState | null,
  received: unknown,
  env: ClientEnvironment,
): Promise<ClientStepResult & { repeated: boolean }> {
  const message = parseMessage(ServerMessage, SECAGG_PROTOCOL, received);
  const request = toHex(hashJson(`${SECAGG_PROTOCOL} request`, message));
  const answered = state?.replies[message.kind];
  if (state !== null && answered !== undefined) {
    if (answered.request !== request) refuse('conflict', `${message.kind}: differs from the one answered`);
    return { state, reply: answered.reply, repeated: true };
  }
  let result: ClientStepResult;
  if (state === null) {
    if (message.kind !== 'invite') refuse('out-of-order', `${message.kind}: no round has begun`);
    result = await advertise(message, env);
  } else {
    if (message.kind !== 'invite') {
      const { parametersHash } = roundContext(state.parameters, state.roster);
      if (message.parametersHash !== parametersHash) {
        refuse('parameters', `${message.kind}: of another round or other parameters`);
      }
      if (state.step !== CONTINUES[message.kind])
        refuse('out-of-order', `${message.kind}: at step ${state.step}`);
    }
    result = await dispatch(state, message, env);
  }
  const replies = { ...result.state.replies, [message.kind]: { request, reply: result.reply } };
  return {
    state: { ...result.state, revision: (state?.revision ?? 0) + 1, replies },
    reply: result.reply,
    repeated: false,
  };
}
