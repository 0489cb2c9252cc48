/**
 * A participant's half of secure aggregation over its shard's store. It takes part only in what it computed itself:
 * parameters that differ from its own reading of the round are refused.
 */
import { recordOf, type Witness } from '../certificate/round-log.ts';
import { canonicalJson } from '../crypto/canonical-json.ts';
import type { Signer } from '../crypto/ed25519.ts';
import type { PrivacySettings } from '../protocol/privacy-settings.ts';
import type { RoundSpec } from '../protocol/rounds.ts';
import type { ClientMessage, ServerMessage } from '../protocol/secagg.ts';
import { secureParameters } from '../round/secure-round.ts';
import { SecaggClient, type SecaggClientStore } from '../secagg/client.ts';
import { type ClientState, packedSource } from '../secagg/client-state.ts';
import type { RosterPin } from '../secagg/roster.ts';
import { judgedOf } from './judged-versions.ts';
import { rosterRefusal } from './refusals.ts';
import type { RosterWatch } from './roster-watch.ts';
import type { Kept, RoundGuard } from './round-guard.ts';
import type { ShardStore } from './shard-store.ts';

/** Who a participant is, and whom it trusts. */
export interface SecureIdentity {
  signer: Signer;
  /** The collection's Ed25519 admin key, base64url. */
  adminKey: string;
  /** SHA-256 of the encoder's manifest. */
  encoder: string;
  /** What was agreed of threshold, colluders, and the size up to which the graph is complete. */
  privacy: Pick<PrivacySettings, 'threshold' | 'colluders' | 'completeUpTo'>;
  /** The last roster that it followed. */
  pin: Kept<RosterPin>;
  /** This participant's own rules and its own ledger. */
  guard: RoundGuard;
  /** What it writes down of rounds, and signs at the end of a run. */
  witness: Witness;
  /** Whose rosters it is asked to work under; absent where they are its own operator's. */
  watch?: RosterWatch | null | undefined;
}

const STATE = 'secagg';

/** For one answer: what it saved is not read again. */
function storeOf(store: ShardStore): SecaggClientStore {
  let saved: ClientState | null = null;
  const stored = (): ClientState | null => {
    const bytes = store.blob(STATE);
    return bytes === null ? null : (JSON.parse(new TextDecoder().decode(bytes)) as ClientState);
  };
  return {
    load: () => saved ?? stored(),
    save(state, expectedRevision) {
      if ((stored()?.revision ?? null) !== expectedRevision) return false;
      store.putBlob(STATE, new TextEncoder().encode(JSON.stringify(state)));
      saved = state;
      return true;
    },
    putFrame: (index, frame) => store.putBlob(`frame/${index}`, frame),
    frame: (index) => store.blob(`frame/${index}`),
    clear: () => store.clearJob(),
  };
}

/** The answer to one message of the coordinator; frames are to be sent after a `masked` answer. */
export async function answerSecurely(options: {
  self: string;
  identity: SecureIdentity;
  store: ShardStore;
  spec: RoundSpec;
  message: ServerMessage;
}): Promise<{ reply: ClientMessage; frames: AsyncGenerator<Uint8Array> | null }> {
  const { self, identity, store, spec, message } = options;
  const client = new SecaggClient({
    self,
    signer: identity.signer,
    store: storeOf(store),
    trust: {
      collection: spec.collection,
      adminKey: identity.adminKey,
      pin: identity.pin.get(),
      approve(parameters, roster) {
        const own = secureParameters(spec, roster, identity.encoder, identity.privacy.completeUpTo);
        if (canonicalJson(parameters) !== canonicalJson(own)) {
          return `the coordinator's parameters of round ${spec.id} are not those of the work it gave`;
        }
        const met = identity.watch?.meet(roster) ?? null;
        const refused = met ?? rosterRefusal(spec, roster, identity.privacy);
        return refused ?? identity.guard.stops(spec)?.message ?? null;
      },
      charge() {
        const refused = identity.guard.charge(spec);
        if (refused !== null) throw refused;
      },
    },
  });
  const vector = message.kind === 'maskers' ? store.blob('vector') : null;
  const words = vector === null ? undefined : packedSource(vector, spec.bits, spec.dimension);
  const reply = await client.handle(message, words);
  const state = await client.state();
  if (state !== null && canonicalJson(state.pin) !== canonicalJson(identity.pin.get()))
    identity.pin.set(state.pin);
  // On record before the shares that release the sum leave.
  if (state !== null && reply.kind === 'unmask')
    identity.witness.log.add(recordOf(spec, identity.encoder, state, judgedOf(spec, store)));
  return { reply, frames: reply.kind === 'masked' ? client.frames() : null };
}
