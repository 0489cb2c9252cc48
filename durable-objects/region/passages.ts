/** From an uploaded item to its passages: split to fit the encoder, and hashed. What an item has already stays embedded. */
import type { Engine } from '../../models/engine.ts';
import type { ItemInput } from '../../shared/protocol/api/item.ts';
import { splitDocument } from '../../shared/retrieval/chunking.ts';
import { encodeLayout } from '../../shared/retrieval/layout.ts';
import { collapseSpace } from '../../shared/retrieval/text.ts';
import type { PreparedPassage, StoredPassage } from './library.ts';

/** Passages of an item, in order. @param known those that it has */
export async function preparePassages(
  item: ItemInput,
  engine: Pick<Engine, 'tokenize' | 'info'>,
  model: string,
  known: readonly StoredPassage[],
): Promise<PreparedPassage[]> {
  const options = {
    countTokens: (text: string) => engine.tokenize(text, 'passage').length,
    maxTokens: engine.info.maxTokens,
  };
  const stored = await KnownPassages.of(known, model);
  const prepared: PreparedPassage[] = [];
  for (const [ordinal, { text, blocks }] of splitDocument(item, options).entries()) {
    const hash = stored.hashOf(text) ?? (await passageHash(model, text));
    const embedding = stored.embeddings.get(hash) ?? null;
    const tokens = engine.tokenize(text, 'passage').length;
    prepared.push({ ordinal, text, layout: encodeLayout(blocks), hash, tokens, embedding });
  }
  return prepared;
}

/** Passages that an item has already. */
class KnownPassages {
  readonly embeddings: ReadonlyMap<string, Float32Array | null>;
  readonly #hashes: ReadonlyMap<string, string>;

  private constructor(passages: readonly StoredPassage[], hashes: ReadonlyMap<string, string>) {
    this.embeddings = new Map(passages.map(({ hash, embedding }) => [hash, embedding]));
    this.#hashes = hashes;
  }

  static async of(passages: readonly StoredPassage[], model: string): Promise<KnownPassages> {
    const hashes = new Map<string, string>();
    for (const { text, hash } of passages) {
      const collapsed = collapseSpace(text);
      if (collapsed !== text && hash === (await passageHash(model, text))) hashes.set(collapsed, hash);
    }
    return new KnownPassages(passages, hashes);
  }

  /** Of a passage stored before white space was collapsed: the encoder sees no difference, so it stays the same one. */
  hashOf(text: string): string | undefined {
    return this.#hashes.get(text);
  }
}

/** A row belongs to this text under this model: another of either is another row. */
async function passageHash(model: string, text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${model}\0${text}`));
  return Array.from(new Uint8Array(digest).subarray(0, 16), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
