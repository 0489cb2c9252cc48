/** Configuration for agents, ready to copy, with a token made for it on the spot. */
import { useState } from 'hono/jsx/dom';
import { AGENT_CLIENTS, type AgentClientName, agentUrl } from '../agents.ts';
import { type Target, troubleOf } from '../api.ts';
import { Card } from '../parts/card.tsx';
import { Copyable } from '../parts/copy.tsx';
import { Failure } from '../parts/notice.tsx';
import { AGENTS } from '../texts.ts';
import { makeToken } from './tokens.tsx';

const CLIENTS = Object.keys(AGENT_CLIENTS) as AgentClientName[];

export function AgentsCard({ target, onMade }: { target: Target; onMade: () => Promise<void> }) {
  const [client, setClient] = useState<AgentClientName>('claude-code');
  const [tokens, setTokens] = useState<Partial<Record<AgentClientName, string>>>({});
  const [trouble, setTrouble] = useState<string | null>(null);
  const { name, where, text } = AGENT_CLIENTS[client];
  const token = tokens[client];
  const url = agentUrl(location.origin, target.collection);
  const make = async () => {
    try {
      const made = await makeToken(target, AGENTS.tokenName(name), 'agent');
      setTokens({ ...tokens, [client]: made.token });
      setTrouble(null);
    } catch (error) {
      setTrouble(troubleOf(error).text);
    }
    await onMade();
  };
  return (
    <Card id="agents" title={AGENTS.title}>
      <p class="hint">{AGENTS.hint}</p>
      <div class="line">
        <label class="field">
          {AGENTS.client}
          <select
            onChange={(event: Event) =>
              setClient((event.target as HTMLSelectElement).value as AgentClientName)
            }
          >
            {CLIENTS.map((each) => (
              <option value={each} selected={each === client}>
                {AGENT_CLIENTS[each].name}
              </option>
            ))}
          </select>
        </label>
        {token === undefined ? (
          <button type="button" class="button primary" onClick={make}>
            {AGENTS.make}
          </button>
        ) : (
          <span role="status">{AGENTS.made}</span>
        )}
      </div>
      <Failure text={trouble} />
      <p>{where}</p>
      <Copyable
        name={AGENTS.configurationOf(name)}
        text={text({ url, token: token ?? AGENTS.placeholder })}
      />
    </Card>
  );
}
