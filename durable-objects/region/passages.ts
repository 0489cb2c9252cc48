/** From an uploaded item to its passages: split to fit the encoder, hashed, embedded by the adapter-free encoder. */
import type { Engine } from '../../models/engine.ts';
import type { ItemInput } from '../../shared/protocol/api/item.ts';
import { splitDocument } from '../../shared/retrieval/chunking.ts';
import { collapseSpace } from '../../shared/retrieval/text.ts';
import type { PreparedPassage, StoredPassage } from './library.ts';

/** Passages of every item, in order. Texts that an item already has are not embedded again. */
export async function preparePassages(
  items: readonly ItemInput[],
  engine: Engine,
  model: string,
  known: (key: string) => StoredPassage[],
): Promise<PreparedPassage[][]> {
  const options = {
    countTokens: (text: string) => engine.tokenize(text).length,
    maxTokens: engine.info.maxTokens,
  };
  const pieces = items.map((item) =>
    splitDocument(item, options).map(({ text }, ordinal) => ({ ordinal, text, ids: engine.tokenize(text) })),
  );
  const prepared: PreparedPassage[][] = [];
  const missing: { passage: PreparedPassage; ids: Int32Array }[] = [];
  for (const [index, item] of items.entries()) {
    const stored = await KnownPassages.of(known(item.key), model);
    const passages: PreparedPassage[] = [];
    for (const piece of pieces[index] ?? []) {
      const hash = stored.hashOf(piece.text) ?? (await passageHash(model, piece.text));
      const embedding = stored.embeddings.get(hash);
      const passage: PreparedPassage = {
        ordinal: piece.ordinal,
        text: piece.text,
        hash,
        tokens: piece.ids.length,
        embedding: embedding ?? new Float32Array(0),
      };
      if (embedding === undefined) missing.push({ passage, ids: piece.ids });
      passages.push(passage);
    }
    prepared.push(passages);
  }
  if (missing.length > 0) {
    const { width } = engine.info;
    const embeddings = await engine.embed(
      missing.map(({ ids }) => ids),
      { kind: 'none' },
      { priority: 'background' },
    );
    missing.forEach(({ passage }, index) => {
      passage.embedding = embeddings.slice(index * width, (index + 1) * width);
    });
  }
  return prepared;
}

/** Passages that an item has already. */
class KnownPassages {
  readonly embeddings: ReadonlyMap<string, Float32Array>;
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
