/** robots.txt (RFC 9309): what a site lets a program read that names itself. */

export interface Robots {
  closed: RegExp[];
  open: RegExp[];
  /** Between two requests; the site's wish, at most ten seconds. */
  delayMs: number;
}

const LONGEST_DELAY_S = 10;
/** Of a rule: what follows more of them is not looked at. */
const MOST_STARS = 8;

/** Rules for `agent`; those for `*` where none name it. */
export function robotsOf(text: string, agent: string): Robots {
  const groups: { agents: string[]; rules: [string, string][] }[] = [];
  let naming = false;
  for (const line of text.split(/\r\n?|\n/)) {
    const field = /^\s*([\w-]+)\s*:\s*([^#]*)/.exec(line.slice(0, 2000));
    if (field === null) continue;
    const [name, value] = [field[1]!.toLowerCase(), field[2]!.trim()];
    if (name === 'user-agent') {
      if (!naming) groups.push({ agents: [], rules: [] });
      groups.at(-1)!.agents.push(value.toLowerCase());
    } else groups.at(-1)?.rules.push([name, value]);
    naming = name === 'user-agent';
  }
  const named = groups.filter(({ agents }) => agents.includes(agent));
  const mine = named.length > 0 ? named : groups.filter(({ agents }) => agents.includes('*'));
  const rules = mine.flatMap((group) => group.rules);
  const paths = (wanted: string) =>
    rules.filter(([name, value]) => name === wanted && value !== '').map(([, value]) => pattern(value));
  const delay = Number(rules.find(([name]) => name === 'crawl-delay')?.[1] ?? 0);
  const seconds = Number.isFinite(delay) ? Math.min(Math.max(delay, 0), LONGEST_DELAY_S) : 0;
  return { closed: paths('disallow'), open: paths('allow'), delayMs: 1000 * seconds };
}

/** `*` is anything, `$` the end. */
function pattern(path: string): RegExp {
  const pieces = path.split(/\*+/);
  const end = path.endsWith('$') && pieces.length <= MOST_STARS ? '$' : '';
  const parts = pieces
    .slice(0, MOST_STARS)
    .map((part) => part.replace(/\$$/, '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}${end}`);
}

/** The longest rule counts, and of two of one length the one that opens. */
export function isClosed({ closed, open }: Robots, path: string): boolean {
  const longest = (rules: readonly RegExp[]) =>
    Math.max(-1, ...rules.filter((rule) => rule.test(path)).map((rule) => rule.source.length));
  return longest(closed) > longest(open);
}
