/**
 * Cuts a tokenizer to what a collection needs: the pieces that its languages can be written with, those that its texts use
 * first, then by how likely they are. A text whose pieces all stay has the same tokens as before.
 */
import { z } from 'zod';
import { SentencePiece, SentencePieceFile } from '../tokenizer/sentence-piece.ts';
import { writtenIn } from './scripts.ts';

export interface VocabularyCut {
  /** Codes of scripts.ts; undefined: of every language. */
  languages: string[] | undefined;
  /** Most tokens that stay, special ones included; undefined: as many as there are. */
  most: number | undefined;
  /** Texts of the collection, whose tokens stay. */
  texts: Iterable<string>;
}

export interface CutTokenizer {
  /** The new tokenizer.json. */
  bytes: Uint8Array;
  /** Ids that stay, in their new order. */
  keptTokens: Int32Array;
}

const Json = z.looseObject({
  model: z.looseObject({ type: z.string() }),
  added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string() })).default([]),
});

/**
 * @param prompts texts before others, whose pieces stay whatever the room
 * @throws TypeError for another kind of tokenizer than Unigram, RangeError for a language that is not known
 */
export function cutVocabulary(
  tokenizer: Uint8Array,
  { languages, most, texts }: VocabularyCut,
  prompts: readonly string[] = [],
): CutTokenizer {
  const json = Json.parse(JSON.parse(new TextDecoder().decode(tokenizer)));
  if (json.model.type !== 'Unigram') {
    throw new TypeError(`only a Unigram vocabulary can be cut, tokenizer.json has ${json.model.type}`);
  }
  const file = SentencePieceFile.parse(json);
  const { vocab } = file.model;
  const needed = neededPieces(file);
  for (const [id, times] of usedPieces(json, prompts, vocab.length).entries()) if (times > 0) needed.add(id);
  const used = usedPieces(json, texts, vocab.length);
  const belongs = languages === undefined ? () => true : writtenIn(languages);
  const isOwn = vocab.map(([piece], id) => needed.has(id) || used[id]! > 0 || belongs(piece));
  const isSingle = ([piece]: [string, number]) => [...piece].length === 1;
  const rank = (id: number) => (needed.has(id) ? 3 : used[id]! > 0 ? 2 : isSingle(vocab[id]!) ? 1 : 0);
  const ordered = [...vocab.keys()]
    .filter((id) => isOwn[id])
    .sort((a, b) => rank(b) - rank(a) || used[b]! - used[a]! || vocab[b]![1] - vocab[a]![1] || a - b);
  const outside = json.added_tokens.filter(({ id }) => id >= vocab.length);
  const room = most === undefined ? ordered.length : Math.max(needed.size, most - outside.length);
  const kept = ordered.slice(0, room).sort((a, b) => a - b);
  const newId = new Map(kept.map((id, at) => [id, at]));
  for (const [at, { id }] of outside.entries()) newId.set(id, kept.length + at);
  const cut = {
    ...json,
    added_tokens: json.added_tokens.map((token) => ({ ...token, id: newId.get(token.id)! })),
    post_processor: renumbered((json as { post_processor?: unknown }).post_processor, newId),
    model: {
      ...json.model,
      vocab: kept.map((id) => vocab[id]!),
      unk_id:
        file.model.unk_id === undefined || file.model.unk_id === null ? null : newId.get(file.model.unk_id)!,
    },
  };
  return {
    bytes: new TextEncoder().encode(JSON.stringify(cut)),
    keptTokens: Int32Array.from(newId.keys()),
  };
}

/** Special tokens, bytes, and the least likely piece: the penalty of what is unknown hangs on it. */
function neededPieces({ model, added_tokens: added }: SentencePieceFile): Set<number> {
  const contents = new Set(added.map(({ content }) => content));
  const needed = new Set<number>();
  let least = 0;
  for (const [id, [piece, score]] of model.vocab.entries()) {
    if (
      id === model.unk_id ||
      contents.has(piece) ||
      (model.byte_fallback && /^<0x[0-9A-F]{2}>$/.test(piece))
    )
      needed.add(id);
    if (score < model.vocab[least]![1]) least = id;
  }
  return needed.add(least);
}

/** How often the texts use each piece. */
function usedPieces(json: object, texts: Iterable<string>, size: number): Int32Array {
  const used = new Int32Array(size);
  const whole = new SentencePiece(json);
  for (const text of texts) {
    for (const id of whole.encode(text.toWellFormed())) if (id < size) used[id]! += 1;
  }
  return used;
}

const Special = z.looseObject({ ids: z.array(z.int()) });

/** The ids that a template repeats beside its tokens' names. */
function renumbered(processor: unknown, newId: ReadonlyMap<number, number>): unknown {
  if (typeof processor !== 'object' || processor === null) return processor;
  const id = (old: number) => newId.get(old) ?? old;
  const entries = Object.entries(processor).map(([key, value]) => {
    if (key === 'cls' || key === 'sep')
      return [key, [(value as [string, number])[0], id((value as [string, number])[1])]];
    if (key !== 'special_tokens') return [key, value];
    const tokens = Object.entries(value as object).map(([name, token]) => {
      const { ids, ...rest } = Special.parse(token);
      return [name, { ...rest, ids: ids.map(id) }];
    });
    return [key, Object.fromEntries(tokens)];
  });
  return Object.fromEntries(entries);
}
