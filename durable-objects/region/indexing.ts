/**
 * Uploads in two steps: documents are stored with their passages, and the passages are embedded by the adapter-free
 * encoder, with the upload where that is little work, else in slices of alarms. What waits is in SQLite, so that an
 * eviction costs a slice; what changes or goes while its slice is under way stays as it was left.
 */

import type { Engine } from '../../models/engine.ts';
import type { ItemInput, ItemReceipt } from '../../shared/protocol/api/item.ts';
import type { Alarm } from '../alarm.ts';
import { clock } from '../clock.ts';
import type { Library, PassageText } from './library.ts';
import { preparePassages } from './passages.ts';

/**
 * Tokens that an upload may have embedded with it: about ten seconds of processor time, where the platform gives an
 * object's call thirty seconds, or five minutes where it is told to.
 */
export const CALL_TOKENS = 12_288;
/** Tokens of a slice of an alarm: uploads, searches and training wait for one at most. */
const SLICE_TOKENS = 4096;
/** Passages without many tokens take time, too. */
const MOST_PASSAGES = 512;
/** Longer than a call that embeds takes. */
const CALL_MS = 60_000;

export interface IndexingDeps {
  storage: DurableObjectStorage;
  documents: Library;
  alarm: Alarm;
  engine(): Promise<Engine>;
  /** SHA-256 of the encoder's manifest. */
  model(): Promise<string>;
  /** Called in the transaction in which items are stored. */
  touched(keys: string[]): void;
}

export class Indexing {
  readonly #deps: IndexingDeps;
  /** One slice at a time: the next one looks at what still waits. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: IndexingDeps) {
    this.#deps = deps;
  }

  /**
   * Stores items, and embeds them where that is little work; an alarm goes on.
   * @param stampOf when an item was written, milliseconds since 1970
   * @param later nothing is embedded now
   */
  async put<T extends ItemInput>(
    items: readonly T[],
    region: string,
    stampOf: (item: T) => number,
    later: boolean,
  ): Promise<ItemReceipt[]> {
    const { alarm } = this.#deps;
    // Should this call end half way, what it has stored is gone on with.
    await alarm.by(clock.now() + CALL_MS);
    const changes = await this.#store(items, stampOf);
    const keys = items.map(({ key }) => key);
    if (!later && this.#isShort(keys)) await this.slice(CALL_TOKENS, keys);
    await alarm.by(clock.now());
    return items.map(({ key }, index) => this.#receipt(key, region, changes[index]!));
  }

  async #store<T extends ItemInput>(
    items: readonly T[],
    stampOf: (item: T) => number,
  ): Promise<Pick<ItemReceipt, 'change' | 'note'>[]> {
    const { documents, storage, touched } = this.#deps;
    const [engine, model] = await Promise.all([this.#deps.engine(), this.#deps.model()]);
    const prepared = await Promise.all(
      items.map((item) => preparePassages(item, engine, model, documents.passagesOf(item.key))),
    );
    return storage.transactionSync(() => {
      touched(items.map(({ key }) => key));
      return items.map((item, index) => {
        const change = documents.put(item, prepared[index]!, stampOf(item));
        const note = `${engine.info.name} does not know the words of this text: questions seldom find it`;
        return engine.knows(prepared[index]![0]?.text ?? '') ? { change } : { change, note };
      });
    });
  }

  #receipt(key: string, region: string, stored: Pick<ItemReceipt, 'change' | 'note'>): ItemReceipt {
    // It may be gone by now.
    const { passages = 0, indexed = 0, status = 'indexed' } = this.#deps.documents.summary(key, region) ?? {};
    return {
      key,
      region,
      passages,
      indexed,
      status: status === 'indexing' ? status : stored.change,
      ...stored,
    };
  }

  #isShort(keys: readonly string[]): boolean {
    const { tokens, passages } = this.#deps.documents.waitingOf(keys);
    return tokens <= CALL_TOKENS && passages <= MOST_PASSAGES;
  }

  /** What an alarm does: embeds a slice of what waits, and merges segments. Returns whether there is more. */
  async background(): Promise<boolean> {
    const waits = await this.slice(SLICE_TOKENS, null);
    return this.#deps.documents.segments.step() || waits;
  }

  /** Embeds up to `tokens` of what waits, of `keys` only if given. Returns whether there is more. */
  slice(tokens: number, keys: readonly string[] | null): Promise<boolean> {
    const turn = this.#turn.then(() => this.#slice(tokens, keys));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #slice(tokens: number, keys: readonly string[] | null): Promise<boolean> {
    const { documents } = this.#deps;
    const { batch, more } = this.#take(tokens, keys);
    if (batch.length === 0) return false;
    const engine = await this.#deps.engine();
    const ids = batch.map(({ text }) => engine.tokenize(text, 'passage'));
    const { width } = engine.info;
    const embeddings = await engine.embed(ids, { kind: 'none' }, { priority: 'background' });
    documents.embedded(
      batch.map((passage, index) => ({
        passage,
        embedding: embeddings.subarray(index * width, (index + 1) * width),
      })),
    );
    return more;
  }

  #take(tokens: number, keys: readonly string[] | null): { batch: PassageText[]; more: boolean } {
    const batch: PassageText[] = [];
    let taken = 0;
    for (const passage of this.#deps.documents.waiting(keys)) {
      taken += passage.tokens;
      const full = taken > tokens || batch.length === MOST_PASSAGES;
      if (full && batch.length > 0) return { batch, more: true };
      batch.push(passage);
    }
    return { batch, more: false };
  }
}
