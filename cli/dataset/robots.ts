/** robots.txt (RFC 9309): what a site lets a program read that names itself. */

/** What lies between the stars of a rule's path; `ends` where it says that nothing follows. */
interface Rule {
  pieces: string[];
  ends: boolean;
  length: number;
}

export interface Robots {
  closed: Rule[];
  open: Rule[];
  /** Between two requests; the site's wish, at most ten seconds. */
  delayMs: number;
}

const LONGEST_DELAY_S = 10;

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
    rules.filter(([name, value]) => name === wanted && value !== '').map(([, value]) => ruleOf(value));
  const delay = Number(rules.find(([name]) => name === 'crawl-delay')?.[1] ?? 0);
  const seconds = Number.isFinite(delay) ? Math.min(Math.max(delay, 0), LONGEST_DELAY_S) : 0;
  return { closed: paths('disallow'), open: paths('allow'), delayMs: 1000 * seconds };
}

/** `*` is anything, `$` the end. */
function ruleOf(path: string): Rule {
  const ends = path.endsWith('$');
  return { pieces: (ends ? path.slice(0, -1) : path).split(/\*+/), ends, length: path.length };
}

/** Every piece at the first place where it can be: no other place would leave more for those after it. */
function matches({ pieces, ends }: Rule, path: string): boolean {
  const [first = '', ...others] = pieces;
  if (!path.startsWith(first)) return false;
  if (others.length === 0) return !ends || path.length === first.length;
  const last = ends ? others.pop()! : '';
  let at = first.length;
  for (const piece of others) {
    const found = path.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return path.length - last.length >= at && path.endsWith(last);
}

/** The longest rule counts, and of two of one length the one that opens. */
export function isClosed({ closed, open }: Robots, path: string): boolean {
  const longest = (rules: readonly Rule[]) =>
    rules.reduce((most, rule) => (rule.length > most && matches(rule, path) ? rule.length : most), -1);
  return longest(closed) > longest(open);
}
