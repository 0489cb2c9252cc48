/**
 * Ids of answers: what feedback has to know about an answer, sealed into its id (AES-256-GCM, bound to the
 * collection), so that no query is kept anywhere unless its answer gets feedback. Only this deployment can read an
 * id; whoever logs one has logged no query. An id is good for a day.
 */
import { z } from 'zod';
import { open, seal } from '../../shared/crypto/aead.ts';
import { concatBytes, fromBase64Url, toBase64Url, utf8 } from '../../shared/crypto/bytes.ts';
import { hkdf } from '../../shared/crypto/hkdf.ts';
import type { RandomSource } from '../../shared/crypto/random.ts';
import type { Click, Outcome } from '../../shared/protocol/objects.ts';

/** What an answer was made of. Passages are named by their ids. */
export interface AnswerReference {
  /** What was searched for. */
  query: string;
  /** Passages that were retrieved, best first. */
  retrieved: readonly string[];
  /** Those that the answer cites; null when that was not known as its first byte left. */
  cited: readonly string[] | null;
  /** Whether the order of those that it does not cite was drawn. */
  shuffled: boolean;
}

/** What feedback on an answer is about: the query, and the items that its passages belong to. */
export interface AnsweredQuery {
  query: string;
  items: string[];
}

export const ANSWER_LIFETIME_MS = 86_400_000;
/** Longest id that is looked at, for schemas. */
export const MAX_ANSWER_ID = 65_536;
const PREFIX = 'chatcmpl-';
const SALT_BYTES = 16;
/** An encoder reads no more of a query. */
const QUERY_CHARACTERS = 2000;
/** Of the names of retrieved passages together; those further down are left out. */
const NAMES_CHARACTERS = 3000;

const Sealed = z.strictObject({
  at: z.number(),
  query: z.string(),
  retrieved: z.array(z.string()),
  /** Places in `retrieved`. */
  cited: z.array(z.int().nonnegative()).nullable(),
  /** Absent of an answer of an earlier release. */
  shuffled: z.boolean().default(false),
});
type Sealed = z.infer<typeof Sealed>;

export interface AnswerScope {
  /** The deployment's one secret; development without one has a key that everybody knows. */
  secret: string | undefined;
  collection: string;
  /** Milliseconds since 1970. */
  now: number;
}

/** @param random of the salt, from which the id gets a key of its own, and of the nonce. */
export async function sealAnswer(
  reference: AnswerReference,
  { secret, collection, now }: AnswerScope,
  random: RandomSource,
): Promise<string> {
  let room = NAMES_CHARACTERS;
  const retrieved = reference.retrieved.filter((id) => {
    room -= id.length;
    return room >= 0;
  });
  const cited = reference.cited?.map((id) => retrieved.indexOf(id)).filter((place) => place >= 0) ?? null;
  const sealed: Sealed = {
    at: now,
    query: reference.query.slice(0, QUERY_CHARACTERS),
    retrieved,
    cited,
    shuffled: reference.shuffled,
  };
  const salt = random(SALT_BYTES);
  const box = await seal(keyOf(secret, salt), utf8(JSON.stringify(sealed)), associated(collection), random);
  return PREFIX + toBase64Url(concatBytes(salt, box));
}

/**
 * The query and the items that feedback on the answer `id` is about: those of `chunks` if given, else those that the
 * answer cites. Refused: `unknown_answer`, `unknown_passage`, `chunks_needed`.
 */
export async function answeredQuery(
  id: string,
  chunks: readonly string[] | undefined,
  scope: AnswerScope,
): Promise<Outcome<AnsweredQuery>> {
  const known = await knownAnswer(id, chunks ?? [], 'chunks', scope);
  if (!known.ok) return known;
  const sealed = known.value;
  const passages = chunks ?? sealed.cited?.map((place) => sealed.retrieved[place]!) ?? [];
  if (passages.length === 0) {
    const why = sealed.cited === null ? 'was streamed' : 'cites nothing';
    const detail = `chunks: name the passages that it is about; the answer ${why}`;
    return { ok: false, code: 'chunks_needed', detail };
  }
  return { ok: true, value: { query: sealed.query, items: [...new Set(passages.map(itemOf))] } };
}

/** The query, the item and the place of a result of the answer `id` that was opened. Refused as above. */
export async function openedResult(
  id: string,
  passage: string,
  scope: AnswerScope,
): Promise<Outcome<{ query: string; item: string; click: Click }>> {
  const known = await knownAnswer(id, [passage], 'opened', scope);
  if (!known.ok) return known;
  const { query, retrieved, cited, shuffled } = known.value;
  const at = retrieved.indexOf(passage);
  const isCited = cited?.includes(at) === true;
  // What is cited stands first on the pages, the others in their order below.
  const before = retrieved.slice(0, at).filter((_, place) => !cited?.includes(place)).length;
  const place = cited === null ? at + 1 : isCited ? 1 : 2 + before;
  const click = { place, shuffled: shuffled && !isCited };
  return { ok: true, value: { query, item: itemOf(passage), click } };
}

/** What an id says, if it has not expired and these passages were retrieved for it. @param field which names them */
async function knownAnswer(
  id: string,
  passages: readonly string[],
  field: string,
  scope: AnswerScope,
): Promise<Outcome<Sealed>> {
  const sealed = await unseal(id, scope);
  if (sealed === null || scope.now - sealed.at > ANSWER_LIFETIME_MS) {
    const detail = 'answer: not an id of this collection, or older than a day';
    return { ok: false, code: 'unknown_answer', detail };
  }
  const stranger = passages.find((passage) => !sealed.retrieved.includes(passage));
  if (stranger !== undefined) {
    const detail = `${field}: ${JSON.stringify(stranger)} was not retrieved for this answer`;
    return { ok: false, code: 'unknown_passage', detail };
  }
  return { ok: true, value: sealed };
}

async function unseal(id: string, { secret, collection }: AnswerScope): Promise<Sealed | null> {
  if (!id.startsWith(PREFIX) || id.length > MAX_ANSWER_ID) return null;
  try {
    const bytes = fromBase64Url(id.slice(PREFIX.length));
    const key = keyOf(secret, bytes.subarray(0, SALT_BYTES));
    const text = await open(key, bytes.slice(SALT_BYTES), associated(collection));
    return Sealed.parse(JSON.parse(new TextDecoder().decode(text)));
  } catch {
    // Not base64url, not ours, of another collection, cut off: one answer to all of them.
    return null;
  }
}

function keyOf(secret: string | undefined, salt: Uint8Array) {
  return hkdf(utf8(secret ?? 'development'), salt, utf8('fedcar answer id v1'), 32);
}

function associated(collection: string) {
  return utf8(`fedcar answer\0${collection}`);
}

/** A passage's item: what stands before the last `#` of its id. */
function itemOf(passage: string): string {
  return passage.slice(0, passage.lastIndexOf('#'));
}
