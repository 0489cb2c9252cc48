/**
 * A conversation with the service: questions, and answers as they come. Every question is sent with the turns before it.
 * What was asked lives in this page alone.
 */
import { ApiError, type Message } from '../../../client/client.ts';
import type { Chunk } from '../../../shared/protocol/api/chunk.ts';
import { clientOf, type Target, type Trouble, troubleOf } from '../../dashboard/client/api.ts';
import { ASK, TROUBLE } from '../texts.ts';

export interface Turn {
  id: number;
  question: string;
  state: 'looking' | 'writing' | 'done' | 'stopped' | 'failed';
  text: string;
  /** What was found, in the order in which the answer numbers it. */
  chunks: Chunk[];
  /** Ids of the chunks that the answer cites; null while it is being written. */
  citations: string[] | null;
  /** Names the answer in feedback; null before its first piece. */
  answer: string | null;
  /** Regions that did not answer. */
  away: string[];
  trouble: Trouble | null;
}

/** Turns that are sent with a question; the search reads fewer. */
const REMEMBERED = 8;

export class Conversation {
  readonly target: Target;
  #turns: Turn[] = [];
  #listener: (turns: Turn[]) => void = () => {};
  #running: AbortController | null = null;

  constructor(target: Target) {
    this.target = target;
  }

  listen(listener: (turns: Turn[]) => void): void {
    this.#listener = listener;
  }

  /** Ends what is being written, and forgets everything. */
  clear(): void {
    this.stop();
    this.#turns = [];
    this.#listener([]);
  }

  stop(): void {
    this.#running?.abort();
  }

  /** Asks again what the failed turn `id` asked. */
  async retry(id: number): Promise<void> {
    const failed = this.#turns.find((turn) => turn.id === id);
    if (failed === undefined || this.#running !== null) return;
    this.#turns = this.#turns.filter((turn) => turn !== failed);
    await this.ask(failed.question);
  }

  async ask(question: string): Promise<void> {
    if (this.#running !== null) return;
    const running = new AbortController();
    this.#running = running;
    const before = this.#turns.filter(({ state }) => state === 'done').slice(-REMEMBERED);
    const messages = before.flatMap((turn) => [
      { role: 'user' as const, content: turn.question },
      { role: 'assistant' as const, content: turn.text },
    ]);
    const id = (this.#turns.at(-1)?.id ?? 0) + 1;
    this.#turns = [...this.#turns, { id, question, ...EMPTY }];
    this.#listener(this.#turns);
    const change = (changes: Partial<Turn>) => this.#change(id, changes);
    try {
      await this.#read([...messages, { role: 'user', content: question }], id, running.signal);
    } catch (error) {
      if (running.signal.aborted) change({ state: 'stopped' });
      else change({ state: 'failed', trouble: lateTrouble(error) });
    } finally {
      this.#running = null;
    }
  }

  async #read(messages: Message[], id: number, signal: AbortSignal): Promise<void> {
    let text = '';
    for await (const part of clientOf(this.target, null).stream({ messages }, { signal })) {
      text += part.choices[0]?.delta.content ?? '';
      this.#change(id, {
        text,
        answer: part.id,
        state: text === '' ? 'looking' : 'writing',
        ...(part.chunks === undefined ? {} : { chunks: part.chunks }),
        ...(part.citations === undefined ? {} : { citations: part.citations }),
        ...(part.errors === undefined ? {} : { away: part.errors.flatMap(({ region }) => region ?? []) }),
      });
    }
    this.#change(id, { state: 'done' });
  }

  #change(id: number, changes: Partial<Turn>): void {
    this.#turns = this.#turns.map((turn) => (turn.id === id ? { ...turn, ...changes } : turn));
    this.#listener(this.#turns);
  }
}

/** What broke off after it had begun is said in a word: the reader has seen the rest. */
function lateTrouble(error: unknown): Trouble {
  const begun = (error instanceof ApiError && error.status === 200) || error instanceof TypeError;
  return begun ? { kind: 'offline', text: TROUBLE.broke, status: null } : troubleOf(error);
}

const EMPTY = {
  state: 'looking',
  text: '',
  chunks: [],
  citations: null,
  answer: null,
  away: [],
  trouble: null,
} as const satisfies Omit<Turn, 'id' | 'question' | 'chunks' | 'away'> & { chunks: []; away: [] };

/** What an answer cites, and of every other document that was found its best passage. */
export function sourcesOf({ chunks, citations }: Pick<Turn, 'chunks' | 'citations'>) {
  const cited = chunks.filter(({ id }) => citations?.includes(id));
  const known = new Set(cited.map(({ item }) => item.key));
  const others = chunks.filter(({ item: { key } }) => !known.has(key) && known.add(key));
  return { cited, others };
}

export function titleOf({ item }: Chunk): string {
  return item.title || item.key;
}

/** The passage without the title that it is searched with. */
export function passageText(text: string, title: string): string {
  return title !== '' && text.startsWith(`${title}: `) ? text.slice(title.length + 2) : text;
}

/** Where the document itself lies, if its key or metadata say so. */
export function originalOf({ key, metadata }: Pick<Chunk['item'], 'key' | 'metadata'>): string | null {
  const candidates = [metadata.url, metadata.source, key];
  const address = candidates.find((each) => typeof each === 'string' && /^https?:\/\//.test(each));
  return address === undefined ? null : String(address);
}

export const isBusy = (turns: readonly Turn[]): boolean =>
  turns.some(({ state }) => state === 'looking' || state === 'writing');

/** What is said of a turn to those who do not see it change. */
export function spoken(turn: Turn | undefined): string {
  if (turn === undefined) return '';
  if (turn.state === 'looking') return ASK.looking;
  return turn.state === 'stopped' ? ASK.stopped : '';
}
