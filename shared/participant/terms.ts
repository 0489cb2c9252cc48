/**
 * The terms of a collection as its admin key signed them. A hub cannot tell two participants, or one of them twice,
 * different terms: the invitation, which comes from the admin, names their hash.
 */
import { fromBase64Url, toBase64Url, utf8 } from '../crypto/bytes.ts';
import { canonicalJson } from '../crypto/canonical-json.ts';
import { type Signer, verify } from '../crypto/ed25519.ts';
import { hashBytes } from '../crypto/hash.ts';
import { type SignedTerms, TermsDocument } from '../protocol/enrolment.ts';
import { refuse } from '../secagg/errors.ts';

const LABEL = 'fedcar-terms/1';

/** SHA-256 under a label, base64url. */
export function termsHash(document: string): string {
  return toBase64Url(hashBytes(LABEL, utf8(document)));
}

/** The hash under a label of its own is what is signed. */
const signedBytes = (document: string): Uint8Array => utf8(`${LABEL} signature\0${termsHash(document)}`);

export function spellTerms(document: TermsDocument): string {
  return canonicalJson(TermsDocument.parse(document));
}

/** For the holder of the admin key. */
export async function signTerms(document: string, admin: Signer): Promise<SignedTerms> {
  return { document, signature: toBase64Url(await admin.sign(signedBytes(document))) };
}

/** @throws ProtocolError unless the admin key (base64url) signed a document of this form */
export async function verifyTerms(
  { document, signature }: SignedTerms,
  adminKey: string,
): Promise<TermsDocument> {
  const bytes = fromBase64Url(signature, 64);
  if (!(await verify(fromBase64Url(adminKey, 32), signedBytes(document), bytes)))
    refuse('terms', 'signature: not by the admin key');
  const parsed = TermsDocument.safeParse(jsonOf(document));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return refuse('terms', `terms: of another form than this release knows, at ${issue?.path.join('.')}`);
}

/** Whether two texts say the same: fields that one of them leaves to their default make no difference. */
export function sameTerms(a: string, b: string): boolean {
  const [one, other] = [a, b].map((text) => TermsDocument.safeParse(jsonOf(text)));
  return one!.success && other!.success && canonicalJson(one!.data) === canonicalJson(other!.data);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
