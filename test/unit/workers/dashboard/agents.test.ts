import { expect, it } from 'vitest';
import { AGENT_CLIENTS, agentUrl } from '../../../../workers/dashboard/client/agents.ts';

const server = { url: 'https://fedcar.example/mcp', token: 'fc_secret' };

it('tells every client address and token, in the shape that it reads', () => {
  const text = (name: keyof typeof AGENT_CLIENTS) => AGENT_CLIENTS[name].text(server);
  expect(text('claude-code').replace(/\\\n\s*/, '')).toBe(
    'claude mcp add --transport http fedcar https://fedcar.example/mcp --header "Authorization: Bearer fc_secret"',
  );
  const headers = { Authorization: 'Bearer fc_secret' };
  expect(JSON.parse(text('cursor'))).toEqual({ mcpServers: { fedcar: { url: server.url, headers } } });
  expect(JSON.parse(text('vscode'))).toEqual({
    servers: { fedcar: { type: 'http', url: server.url, headers } },
  });
  const { args, env } = JSON.parse(text('claude-desktop')).mcpServers.fedcar;
  expect([args.includes(server.url), env.AUTHORIZATION]).toEqual([true, 'Bearer fc_secret']);
  // What is in a variable has to be asked for.
  expect(args.at(-1)).toContain('{AUTHORIZATION}');
});

it('gives each collection an address of its own', () => {
  expect(agentUrl('https://a.example', 'default')).toBe('https://a.example/mcp');
  expect(agentUrl('https://a.example', 'shop')).toBe('https://a.example/v1/collections/shop/mcp');
});
