/** Phase 1: check who asks for what, then advertise fresh X25519 keys. */
import { toBase64Url } from '../crypto/bytes.ts';
import { generateKeyPair } from '../crypto/x25519.ts';
import { type InviteMessage, SECAGG_PROTOCOL } from '../protocol/secagg.ts';
import type { ClientEnvironment, ClientStepResult } from './client-state.ts';
import { roundContext } from './context.ts';
import { refuse } from './errors.ts';
import { checkParameters } from './parameters.ts';
import { followChain } from './roster.ts';
import { signMessage } from './signing.ts';

export async function advertise(message: InviteMessage, env: ClientEnvironment): Promise<ClientStepResult> {
  const { parameters, roster: signed, chain } = message;
  const { trust } = env;
  if (parameters.collection !== trust.collection) {
    refuse('parameters', `collection: expected ${trust.collection}, got ${parameters.collection}`);
  }
  const pin = await followChain(trust.pin, chain, signed, trust.collection, trust.adminKey);
  const { roster } = signed;
  checkParameters(parameters, roster);
  const own = roster.members.find(({ id }) => id === env.self);
  if (own?.key !== toBase64Url(env.signer.key))
    refuse('roster', `members: ${env.self} is not in it with its key`);
  const objection = await trust.approve(parameters, roster);
  if (objection !== null) refuse('parameters', objection);

  const cipher = await generateKeyPair(env.random);
  const mask = await generateKeyPair(env.random);
  const context = roundContext(parameters, roster);
  const receive: Record<string, string> = {};
  const receiveKeys: string[] = [];
  for (const peer of context.neighbours(env.self)) {
    const pair = await generateKeyPair(env.random);
    receive[peer] = toBase64Url(pair.secret);
    receiveKeys.push(toBase64Url(pair.key));
  }
  const reply = await signMessage(env.signer, {
    kind: 'advertise',
    protocol: SECAGG_PROTOCOL,
    parametersHash: context.parametersHash,
    sender: env.self,
    cipherKey: toBase64Url(cipher.key),
    maskKey: toBase64Url(mask.key),
    receiveKeys,
  });
  return {
    reply,
    state: {
      version: 1,
      revision: 0,
      step: 'advertised',
      self: env.self,
      parameters,
      roster,
      pin,
      secrets: {
        cipher: toBase64Url(cipher.secret),
        mask: toBase64Url(mask.secret),
        seed: null,
        receive,
        surplus: [],
      },
      attempt: '',
      peers: { [env.self]: { cipherKey: reply.cipherKey, maskKey: reply.maskKey } },
      participants: [],
      sharers: [],
      maskers: [],
      survivors: [],
      dropped: [],
      held: {},
      replies: {},
    },
  };
}
