/** Where the documents lie, who takes part, and what flows between them. */
import { FlowCard } from '../cards/flow.tsx';
import { ParticipantsCard } from '../cards/participants.tsx';
import { RegionsCard } from '../cards/regions.tsx';
import type { ViewProps } from './view.ts';

export function FederationView({ state, store, ask }: ViewProps) {
  return (
    <>
      <FlowCard state={state} />
      <RegionsCard state={state} />
      <ParticipantsCard state={state} store={store} ask={ask} />
    </>
  );
}
