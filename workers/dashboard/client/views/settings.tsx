/** Agents, tokens, the audit log, and the settings in force. */
import { clientOf } from '../api.ts';
import { AgentsCard } from '../cards/agents.tsx';
import { AuditCard } from '../cards/audit.tsx';
import { CollectionSettingsCard } from '../cards/collection-settings.tsx';
import { TokensCard } from '../cards/tokens.tsx';
import { useLoaded } from '../loaded.ts';
import type { ViewProps } from './view.ts';

export function SettingsView({ state, ask }: ViewProps) {
  const { target } = state;
  const tokens = useLoaded(`tokens ${target.token}`, () => clientOf(target).call('GET /tokens'));
  const names = new Map(tokens.of.value?.tokens.map(({ id, name }) => [id, name]) ?? []);
  return (
    <>
      <AgentsCard target={target} onMade={tokens.again} />
      <TokensCard state={state} ask={ask} tokens={tokens} />
      <AuditCard target={target} names={names} />
      <CollectionSettingsCard target={target} />
    </>
  );
}
