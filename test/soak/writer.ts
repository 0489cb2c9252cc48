/**
 * Somebody who uploads, changes and deletes documents and sends feedback, and remembers what was acknowledged. What was
 * under way when a process died may be there or not; what was acknowledged has to be. Of a document one change is under
 * way at a time: of two, nobody outside could say which came last.
 */
import { NOTHING, type Tally } from './fault.ts';

interface Known {
  /** Acknowledged: a text, or null for a deletion. Undefined: nothing was. */
  sure: string | null | undefined;
  /** Sent since, with an answer that never came or was an error. */
  possible: (string | null)[];
}

const DOCUMENTS = 40;
/** An answer may take so long on a busy machine. */
const TIMEOUT_MS = 60_000;

export interface WriterOptions {
  /** Below `/v1`, such as `/collections/soak`. */
  path: string;
  regions: readonly string[];
  random: () => number;
}

export class Writer {
  readonly tally: Tally = { ...NOTHING };
  readonly unexpected: string[] = [];
  readonly #options: WriterOptions;
  readonly #documents = new Map<string, Known>();
  readonly #changing = new Set<string>();
  readonly #feedback: {
    record: { id: string; query: string; item: string; relevant: boolean };
    region: string;
  }[] = [];
  #sent = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** One write. Returns false when nobody answered. */
  async step(url: string): Promise<boolean> {
    const { random } = this.#options;
    const dice = random();
    this.#sent += 1;
    const key = `document-${Math.floor(random() * DOCUMENTS)}`;
    if (dice >= 0.7 || this.#changing.has(key)) return await this.#tell(url);
    this.#changing.add(key);
    try {
      if (dice < 0.55) return await this.#put(url, key, `Version ${this.#sent} of what parcels cost.`);
      return await this.#delete(url, key);
    } finally {
      this.#changing.delete(key);
    }
  }

  async #put(url: string, key: string, text: string): Promise<boolean> {
    const known = this.#of(key);
    known.possible.push(text);
    const answer = await this.ask(url, 'PUT', `/items/${key}`, { text });
    if (answer?.status === 200 || answer?.status === 202) this.#acknowledge(known, text);
    return answer !== null;
  }

  async #delete(url: string, key: string): Promise<boolean> {
    const known = this.#of(key);
    known.possible.push(null);
    const answer = await this.ask(url, 'DELETE', `/items/${key}`);
    if (answer?.status === 204 || answer?.status === 404) this.#acknowledge(known, null);
    return answer !== null;
  }

  async #tell(url: string): Promise<boolean> {
    const there = [...this.#documents].filter(([, { sure, possible }]) => sure && possible.length === 0);
    if (there.length === 0) return true;
    const { regions, random } = this.#options;
    const [item] = there[Math.floor(random() * there.length)]!;
    const region = regions[Math.floor(random() * regions.length)]!;
    const record = {
      id: `record-${this.#sent}`,
      query: `what does parcel ${this.#sent} cost`,
      item,
      relevant: true,
    };
    const answer = await this.ask(url, 'POST', '/feedback', { records: [record], region });
    if (answer?.status === 200 && answer.json.accepted === 1) {
      this.#feedback.push({ record, region });
      this.tally.acknowledged += 1;
    }
    return answer !== null;
  }

  #of(key: string): Known {
    const known = this.#documents.get(key) ?? { sure: undefined, possible: [] };
    this.#documents.set(key, known);
    return known;
  }

  #acknowledge(known: Known, text: string | null): void {
    known.sure = text;
    known.possible = [];
    this.tally.acknowledged += 1;
  }

  /** Null when nobody answered. Counts answers from 500 on. */
  async ask(url: string, method: string, path: string, body?: unknown) {
    const init: RequestInit = { method, signal: AbortSignal.timeout(TIMEOUT_MS) };
    if (body !== undefined)
      Object.assign(init, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
    try {
      const response = await fetch(`${url}/v1${this.#options.path}${path}`, init);
      const text = await response.text();
      const isJson = /json/.test(response.headers.get('content-type') ?? '');
      const json = (isJson ? JSON.parse(text) : {}) as Record<string, unknown>;
      if (response.status >= 500)
        this.#failed(`${method} ${path}`, response.status, String(json.code), json.detail);
      return { status: response.status, json };
    } catch {
      return null;
    }
  }

  #failed(what: string, status: number, code: string, detail: unknown): void {
    if (status === 507 && code === 'storage_full') this.tally.storageFull += 1;
    else if (/^(region|coordinator|directory)_failed$|^encoder_failed$|^unavailable$/.test(code))
      this.tally.named += 1;
    else {
      this.tally.unexpected += 1;
      this.unexpected.push(`${what}: ${status} ${code} ${detail ?? ''}`);
    }
  }

  /** Looks for everything that was acknowledged. */
  async verify(url: string): Promise<void> {
    for (const [key, known] of this.#documents) {
      const answer = await this.ask(url, 'GET', `/items/${key}`);
      const found =
        answer?.status === 200 ? (answer.json.text as string) : answer?.status === 404 ? null : undefined;
      const allowed = known.sure === undefined ? [...known.possible, null] : [known.sure, ...known.possible];
      if (found === undefined || !allowed.includes(found)) this.#lose(`${key}: ${found}, not ${known.sure}`);
      // From here on this is what is there.
      else Object.assign(known, { sure: found, possible: [] });
    }
    for (const { record, region } of this.#feedback) {
      const answer = await this.ask(url, 'POST', '/feedback', { records: [record], region });
      // The document may be gone meanwhile: then nothing can be said about its record.
      if (answer?.status === 404 || (answer?.json.unknown as string[] | undefined)?.length) continue;
      if (answer?.json.duplicates !== 1) this.#lose(`${record.id}: ${JSON.stringify(answer?.json)}`);
    }
    await this.#countKeys(url);
  }

  async #countKeys(url: string): Promise<void> {
    const keys: string[] = [];
    let after: string | null = '';
    while (after !== null) {
      const from: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
      const page = await this.ask(url, 'GET', `/items?limit=100${from}`);
      if (page?.status !== 200) return;
      keys.push(...(page.json.items as { key: string }[]).map(({ key }) => key));
      after = page.json.next as string | null;
    }
    this.tally.double += keys.length - new Set(keys).size;
  }

  #lose(what: string): void {
    this.tally.lost += 1;
    this.unexpected.push(`lost: ${what}`);
  }
}
