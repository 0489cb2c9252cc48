/** How clients of the Model Context Protocol are told of this service: what to type, or to put into which file. Pure. */

export interface AgentServer {
  url: string;
  token: string;
}

export interface AgentClient {
  name: string;
  /** Where the text belongs. */
  where: string;
  text: (server: AgentServer) => string;
}

const SERVER = 'fedcar';

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

export const AGENT_CLIENTS = {
  'claude-code': {
    name: 'Claude Code',
    where: 'In a terminal:',
    text: ({ url, token }) =>
      `claude mcp add --transport http ${SERVER} ${url} \\\n  --header "Authorization: Bearer ${token}"`,
  },
  'claude-desktop': {
    name: 'Claude Desktop',
    where: 'In claude_desktop_config.json (Settings, Developer, Edit Config):',
    text: ({ url, token }) =>
      json({
        mcpServers: {
          [SERVER]: {
            command: 'npx',
            // Some systems take arguments apart at spaces, so the one in the header is in a variable.
            // biome-ignore lint/suspicious/noTemplateCurlyInString: the client fills it in.
            args: ['-y', 'mcp-remote', url, '--header', 'Authorization:${AUTHORIZATION}'],
            env: { AUTHORIZATION: `Bearer ${token}` },
          },
        },
      }),
  },
  cursor: {
    name: 'Cursor',
    where: 'In .cursor/mcp.json, of the project or of your home folder:',
    text: ({ url, token }) =>
      json({ mcpServers: { [SERVER]: { url, headers: { Authorization: `Bearer ${token}` } } } }),
  },
  vscode: {
    name: 'VS Code',
    where: 'In .vscode/mcp.json:',
    text: ({ url, token }) =>
      json({ servers: { [SERVER]: { type: 'http', url, headers: { Authorization: `Bearer ${token}` } } } }),
  },
} as const satisfies Record<string, AgentClient>;

export type AgentClientName = keyof typeof AGENT_CLIENTS;

/** Address of a collection's server. */
export function agentUrl(origin: string, collection: string): string {
  const path = collection === 'default' ? '/mcp' : `/v1/collections/${encodeURIComponent(collection)}/mcp`;
  return origin + path;
}
