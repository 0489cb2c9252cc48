/** A service that invites with one thing said and answers the enrolment with weak terms. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { becomeMember } from '../../cli/participant/join.ts';
import { ParticipantState } from '../../cli/participant/state.ts';
import type { Allowed } from '../../cli/participant/weak-terms.ts';
import { toBase64Url } from '../../shared/crypto/bytes.ts';
import { generateSigner } from '../../shared/crypto/ed25519.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import { spellInvitation } from '../../shared/protocol/enrolment.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { attack, refusalOf } from './outcome.ts';

async function enrolled(privacy: object, allowed: Allowed = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'fedcar-terms-'));
  try {
    const state = new ParticipantState(folder);
    const { signer } = await state.identity();
    const adminKey = toBase64Url((await generateSigner(systemRandom)).signer.key);
    const secret = toBase64Url(systemRandom(32));
    const invitation = spellInvitation({ collection: 'health', name: 'clinic-a', adminKey, secret });
    const settings = CollectionSettings.parse({ privacy });
    const { adapter, heldOutShare, retentionDays } = settings;
    const answer = {
      ...{ collection: 'health', name: 'clinic-a', admin_key: adminKey },
      model: { name: 'm', sha256: '0'.repeat(64) },
      terms: { adapter, privacy: settings.privacy, heldOutShare, retentionDays },
    };
    const connection = {
      fetch: async () => new Response(JSON.stringify(answer)),
      ...{ now: () => Date.now(), pause: async () => {}, waitS: 0 },
    };
    const options = { url: 'https://hub.example', invitation, allowed };
    const seen = await refusalOf(becomeMember(state, signer, options, connection));
    const kept = state.membership() === null ? 'nothing kept' : 'agreed';
    // Started again, it goes on as agreed.
    if (kept === 'agreed') await becomeMember(state, signer, { ...options, allowed: {} }, connection);
    return `${seen}; ${kept}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const refused = (option: string) => new RegExp(`^refused, health: .*${option}.*; nothing kept$`);

attack('the defaults', 'accepted; agreed', () => enrolled({}));
attack('no noise', refused('--allow-no-noise'), () => enrolled({ noise: 'off' }));
attack('no noise, asked for', 'accepted; agreed', () => enrolled({ noise: 'off' }, { noNoise: true }));
attack('ε = 100', refused('--max-epsilon 100'), () => enrolled({ epsilon: 100, runEpsilon: 100 }));
attack('ε = 5, asked for', 'accepted; agreed', () => enrolled({ epsilon: 5 }, { maxEpsilon: 5 }));
attack('δ = 0.01', refused('--max-delta 0.01'), () => enrolled({ delta: 0.01 }));
attack('a sparse graph from three members on', refused('--allow-sparse'), () =>
  enrolled({ completeUpTo: 2 }),
);
attack('a coordinator that sees every vector', refused('--allow-plain'), () =>
  enrolled({ aggregation: 'plain' }),
);
