/** What the coordinator has to say to one member now: made from the state, so that it can be asked for at any time. */
import { SECAGG_PROTOCOL, type ServerMessage } from '../protocol/secagg.ts';
import type { RoundContext } from './context.ts';
import { dealtTo } from './server-checks.ts';
import { hasAnswered, recipients } from './server-phases.ts';
import type { MessagePhase, ServerState } from './server-state.ts';

/** Null when nothing is wanted from this member. */
export function messageFor(context: RoundContext, state: ServerState, id: string): ServerMessage | null {
  const { phase, messages } = state;
  if (!recipients(state).includes(id) || hasAnswered(state, phase as MessagePhase, id)) return null;
  const header = { protocol: SECAGG_PROTOCOL, parametersHash: context.parametersHash } as const;
  const among = (list: readonly string[]) => {
    const present = new Set(list);
    return context.holders(id).filter((holder) => present.has(holder));
  };
  switch (phase as MessagePhase) {
    case 'advertise': {
      const { parameters, roster, chain } = state;
      return { kind: 'invite', protocol: SECAGG_PROTOCOL, parameters, roster, chain };
    }
    case 'share':
      return {
        kind: 'advertisements',
        ...header,
        participants: state.participants,
        hashes: state.hashes,
        advertisements: among(state.participants).map((holder) => messages.advertise[holder]!),
      };
    case 'checked':
      return {
        kind: 'parcels',
        ...header,
        sharers: state.sharers,
        parcels: among(state.sharers)
          .filter((dealer) => dealer !== id)
          .map((from) => {
            const dealt = messages.share[from]!;
            const { box, signature } = dealt.parcels.find(({ to }) => to === id)!;
            return { from, box, signature, ...dealtTo(context, dealt, id) };
          }),
      };
    case 'masked':
      return { kind: 'maskers', ...header, maskers: state.maskers };
    case 'consistency': {
      const alive = new Set(state.survivors);
      const dropped = state.maskers.filter((masker) => !alive.has(masker));
      return { kind: 'survivors', ...header, survivors: state.survivors, dropped };
    }
    case 'unmask': {
      // As many as are needed: each costs the receiver a verification.
      const signers = among(state.signers).slice(0, context.shareThreshold);
      const signatures = signers.map((from) => ({ from, signature: messages.consistency[from]!.signature }));
      return { kind: 'signatures', ...header, signatures };
    }
  }
}
