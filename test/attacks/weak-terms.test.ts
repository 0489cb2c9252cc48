/**
 * A service that invites with one thing said and answers with others: terms that are weaker than by default, that the
 * admin key did not sign, that it signed for others or before, or that change between reading and taking them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { becomeMember } from '../../cli/participant/join.ts';
import { spelledTerms } from '../../cli/participant/spelled-terms.ts';
import { ParticipantState } from '../../cli/participant/state.ts';
import { toBase64Url } from '../../shared/crypto/bytes.ts';
import { signerFromSeed } from '../../shared/crypto/ed25519.ts';
import { signTerms, spellTerms, termsHash } from '../../shared/participant/terms.ts';
import type { Allowed } from '../../shared/participant/weak-terms.ts';
import { type SignedTerms, spellInvitation, TermsDocument } from '../../shared/protocol/enrolment.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { attack, refusalOf } from './outcome.ts';

const signer = (seed: number) => signerFromSeed(new Uint8Array(32).fill(seed));

/** Terms of a collection with these settings of privacy. */
function documentOf(privacy: object, collection = 'health'): string {
  const settings = CollectionSettings.parse({ privacy });
  const { adapter, heldOutShare, retentionDays } = settings;
  const terms = { adapter, privacy: settings.privacy, heldOutShare, retentionDays };
  const model = { name: 'm', sha256: '0'.repeat(64) };
  return spellTerms({ version: 1, collection, model, terms, ownMembers: 2 });
}

interface Hub {
  /** What the invitation names. */
  invited: string;
  /** What the service says, and with whose signature. */
  said?: string;
  by?: number;
  allowed?: Allowed;
  /** Whether the operator takes what is shown. */
  takes?: boolean;
  /** An invitation of an earlier release names no terms. */
  earlier?: boolean;
}

async function enrolled({ invited, said = invited, by = 1, allowed = {}, takes = true, earlier }: Hub) {
  const folder = mkdtempSync(join(tmpdir(), 'fedcar-terms-'));
  const asked: string[] = [];
  try {
    const state = new ParticipantState(folder);
    const own = await state.identity();
    const adminKey = toBase64Url((await signer(1)).key);
    const parts = { collection: 'health', name: 'clinic-a', adminKey, secret: 'B'.repeat(43) };
    const invitation = spellInvitation({ ...parts, terms: earlier ? null : termsHash(invited) });
    const signed: SignedTerms = await signTerms(said, await signer(by));
    const connection = {
      async fetch(url: string) {
        asked.push(url.split('/').at(-1)!);
        return Response.json(url.endsWith('/terms') ? signed : { collection: 'health', name: 'clinic-a' });
      },
      ...{ now: () => Date.now(), pause: async () => {}, waitS: 0 },
    };
    const agree = () => {
      if (!takes) throw new Error('not confirmed');
    };
    const options = { url: 'https://hub.example', invitation, allowed, agree };
    const seen = await refusalOf(becomeMember(state, own.signer, options, connection));
    const kept = state.membership() === null ? 'nothing kept' : 'agreed';
    // Started again, it goes on as agreed, and asks nobody.
    const again = { ...options, allowed: {}, agree: () => Promise.reject(new Error('asked again')) };
    if (kept === 'agreed') await becomeMember(state, own.signer, again, connection);
    return `${seen}; ${kept}; ${asked.join(', ')}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The invitation is not used up. */
const refused = (why: string) => new RegExp(`^refused, .*${why}.*; nothing kept; terms$`);
const AGREED = 'accepted; agreed; terms, enrol';
const weak = (privacy: object, allowed: Allowed = {}) => enrolled({ invited: documentOf(privacy), allowed });
const good = documentOf({});

attack('the defaults', AGREED, () => weak({}));
attack('no noise', refused('--allow-no-noise'), () => weak({ noise: 'off' }));
attack('no noise, asked for', AGREED, () => weak({ noise: 'off' }, { noNoise: true }));
attack('ε = 100', refused('--max-epsilon 100'), () => weak({ epsilon: 100, runEpsilon: 100 }));
attack('ε = 5, asked for', AGREED, () => weak({ epsilon: 5 }, { maxEpsilon: 5 }));
attack('δ = 0.01', refused('--max-delta 0.01'), () => weak({ delta: 0.01 }));
attack('a sparse graph from three members on', refused('--allow-sparse'), () => weak({ completeUpTo: 2 }));
attack('nobody beside the largest operator to collude', refused('--min-colluders 0'), () =>
  weak({ colluders: 0 }),
);
attack('the same, asked for', AGREED, () => weak({ colluders: 0 }, { minColluders: 0 }));
attack('fewer to collude than one asks for', refused('--min-colluders 1'), () =>
  weak({}, { minColluders: 2 }),
);
attack('a coordinator that sees every vector', refused('--allow-plain'), () =>
  weak({ aggregation: 'plain' }),
);
attack('terms that the operator does not take', refused('not confirmed'), () =>
  enrolled({ invited: good, takes: false }),
);
attack('terms that another key signed', refused('not by the admin key'), () =>
  enrolled({ invited: good, by: 2 }),
);
attack('other terms that the admin key signed once', refused('not those that the invitation names'), () =>
  enrolled({ invited: good, said: documentOf({ epsilon: 3 }) }),
);
attack('terms of another collection of the same admin', refused('collection: finance'), () => {
  const other = documentOf({}, 'finance');
  return enrolled({ invited: other, said: other });
});
attack(
  'an encoder whose name clears what a terminal showed of the terms',
  'shown, not acted upon',
  async () => {
    const document = TermsDocument.parse(JSON.parse(good));
    const text = spelledTerms({
      ...document,
      model: { ...document.model, name: 'm\u001B[2J\u001B[8m\nnoise on' },
    });
    const lines = text.split('\n').filter((line) => line.includes('noise'));
    return lines.length === 2 && !text.includes('\u001B') ? 'shown, not acted upon' : JSON.stringify(lines);
  },
);
attack('an invitation of an earlier release, which names no terms', AGREED, () =>
  enrolled({ invited: good, earlier: true }),
);
attack('the same, where the terms are not signed by its admin key', refused('not by the admin key'), () =>
  enrolled({ invited: good, earlier: true, by: 2 }),
);
