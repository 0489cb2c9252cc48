/**
 * Structured logs: one JSON object a line, through one function. Invariant: a line never holds what people wrote
 * (queries, messages, document texts) nor a token; fields are short facts, and what looks like a credential is masked.
 */

export type LogLevel = 'info' | 'warn' | 'error';
type Fact = string | number | boolean | null | undefined;
export type LogFields = Readonly<Record<string, Fact>>;

const RANK: Record<LogLevel, number> = { info: 0, warn: 1, error: 2 };

/** Fields that would hold somebody's words or a credential: their values are left out whoever passes them. */
const UNSPEAKABLE = new Set([
  'query',
  'search_query',
  'text',
  'title',
  'messages',
  'content',
  'answer',
  'body',
  'contributor',
  'token',
  'secret',
  'authorization',
]);

/** Longest value of a field; stacks are longer than messages. */
const LONGEST = { stack: 2000, other: 300 };

let least: LogLevel = 'info';
let context: () => LogFields = () => ({});
let observer: (level: LogLevel, event: string) => void = () => {};

/** Lines below `level` are not written. */
export function setLogLevel(level: LogLevel): void {
  least = level;
}

/** Fields of every line, asked for when it is written: the id of the request that is served. */
export function setLogContext(fields: () => LogFields): void {
  context = fields;
}

/** Told of every line from a warning up, whether it is written or not. */
export function observeLog(told: (level: LogLevel, event: string) => void): void {
  observer = told;
}

/** Tokens, and whatever follows `Bearer`. */
export function masked(text: string): string {
  return text.replace(/\bfc_[0-9a-f]{16}_[\w-]+/g, 'fc_***').replace(/\bBearer\s+\S+/gi, 'Bearer ***');
}

function shown(name: string, value: Fact): Fact {
  if (UNSPEAKABLE.has(name)) return '***';
  if (typeof value !== 'string') return value;
  const longest = name === 'stack' ? LONGEST.stack : LONGEST.other;
  const text = masked(value);
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
}

/** `event` is a fixed word for programs; `level` is a field of its own, `info` when it is left out. */
export function logLine(event: string, fields: LogFields & { level?: LogLevel } = {}): void {
  const { level = 'info', ...rest } = fields;
  if (level !== 'info') observer(level, event);
  if (RANK[level] < RANK[least]) return;
  const line: Record<string, Fact> = { level, event };
  for (const [name, value] of Object.entries({ ...context(), ...rest })) line[name] = shown(name, value);
  const write = level === 'info' ? console.log : console[level];
  write(JSON.stringify(line));
}

/** Name and message, for a field `error`. */
export function errorText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
