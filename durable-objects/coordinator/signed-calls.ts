/**
 * A participant's request over HTTP as one call of the coordinator: the signature is admitted and what it signed is
 * answered, so that the edge crosses to the object once. Nothing is done for a signature that is refused.
 */
import type { RequestSignature } from '../../shared/crypto/request-signature.ts';
import {
  type Hub,
  SIGNED_METHODS,
  type SignedMethod,
  type SignedResult,
} from '../../shared/participant/coordinator-port.ts';

type Methods = Pick<Hub, SignedMethod | 'admit'>;

/**
 * @param args of `method`; whom they name has to be whom the signature names, which the caller looks at
 * @throws TypeError for a method that is none of a participant's
 */
export async function signedCall<M extends SignedMethod>(
  hub: Methods,
  request: RequestSignature,
  method: M,
  args: Parameters<Hub[M]>,
): Promise<SignedResult<M>> {
  if (!SIGNED_METHODS.includes(method))
    throw new TypeError(`coordinator: ${method} is no participant's call`);
  const admitted = await hub.admit(request);
  if (!admitted.ok) return admitted;
  const call = hub[method] as (...args: Parameters<Hub[M]>) => ReturnType<Hub[M]>;
  return { ok: true, value: await call.apply(hub, args) } as SignedResult<M>;
}
