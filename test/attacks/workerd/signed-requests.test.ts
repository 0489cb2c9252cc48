/** Requests of participants, taken from the wire and used for something else: for another path, hub, name or time. */
import { toBase64Url, utf8 } from '../../../shared/crypto/bytes.ts';
import { generateSigner, type Signer } from '../../../shared/crypto/ed25519.ts';
import { systemRandom } from '../../../shared/crypto/random.ts';
import { readSignature, type SignedRequest, signRequest } from '../../../shared/crypto/request-signature.ts';
import type { Hub, SignedMethod } from '../../../shared/participant/coordinator-port.ts';
import { hubStub } from '../../workerd/objects.ts';
import { attack } from '../outcome.ts';
import { type Guest, hubFor } from './guests.ts';

const REQUEST: SignedRequest = {
  method: 'POST',
  authority: 'hub.example.org',
  target: '/v1/fl/leave',
  body: utf8(''),
};
let name = '';
let guests: Guest[] = [];
async function members(): Promise<Guest[]> {
  if (name === '') {
    name = 'signed-requests';
    guests = await hubFor(name, 3);
  }
  return guests;
}

// The stub's own types lose what RPC cannot describe.
const hub = () => hubStub(name) as unknown as Hub;

/** What the hub says of a request that was signed as `signed` and arrives as `arrived`, a number of times. */
async function said(
  by: (all: Guest[]) => { keyId: string; signer: Signer },
  arrived: Partial<SignedRequest> = {},
  more: { ageS?: number; times?: number; method?: SignedMethod } = {},
): Promise<string> {
  const { keyId, signer } = by(await members());
  const createdS = Math.floor(Date.now() / 1000) - (more.ageS ?? 0);
  const headers = await signRequest(REQUEST, {
    signer,
    keyId,
    createdS,
    nonce: toBase64Url(systemRandom(16)),
  });
  let last = '';
  for (let time = 0; time < (more.times ?? 1); time++) {
    const signature = await readSignature({ ...REQUEST, ...arrived }, (header) => headers[header]);
    if (signature === null) return 'signature_missing';
    const outcome = await hub().signed(signature, more.method ?? 'rostersAfter', [-1]);
    last = outcome.ok ? `admitted ${keyId} to ${Array.isArray(outcome.value)}` : outcome.code;
  }
  return last;
}

const first = ([guest]: Guest[]) => ({ keyId: guest!.name, signer: guest!.signer });

attack('a request as it was signed', 'admitted guest-000 to true', () => said(first));
attack('the same request a second time', 'signature_replayed', () => said(first, {}, { times: 2 }));
attack('a request at another path', 'signature_invalid', () => said(first, { target: '/v1/fl/rosters' }));
attack('a request with another query', 'signature_invalid', () =>
  said(first, { target: '/v1/fl/leave?now=1' }),
);
attack('a `leave` that was signed for another hub', 'signature_invalid', () =>
  said(first, { authority: 'other.example.org' }),
);
attack('a request whose body was changed', 'signature_missing', () => said(first, { body: utf8('{}') }));
attack('a request of ten minutes ago', 'clock_skew', () => said(first, {}, { ageS: 600 }));
attack('a member that signs as another', 'signature_invalid', () =>
  said(([one, other]) => ({ keyId: other!.name, signer: one!.signer })),
);
attack('a method that is none of a participant’s', 'refused', () =>
  said(first, {}, { method: 'destroy' as SignedMethod }).catch((error: Error) =>
    /destroy is no participant's call/.test(error.message) ? 'refused' : error.message,
  ),
);
attack('a stranger', 'not_a_participant', async () => {
  const { signer } = await generateSigner(systemRandom);
  return said(() => ({ keyId: 'clinic-q', signer }));
});
