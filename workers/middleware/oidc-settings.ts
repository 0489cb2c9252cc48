/**
 * FEDCAR_OIDC: whose sign-ins count, and what they allow. One variable of JSON, because a rule without its issuer, or an
 * issuer without its audience, would be worse than none. Cloudflare Access is an issuer like any other.
 */
import { z } from 'zod';
import { Scope } from '../../shared/protocol/access.ts';
import { CollectionName } from '../../shared/protocol/names.ts';

const Rule = z
  .strictObject({
    claim: z.string().min(1).max(200).describe('Name of a claim, such as `email` or `groups`'),
    value: z
      .string()
      .min(1)
      .max(1000)
      .describe(
        'What it has to be or, for a list, to contain; `*` at the start or the end stands for any text',
      ),
    scopes: z.array(Scope).min(1).describe('What the person may do'),
    collections: z.array(CollectionName).min(1).nullable().default(null).describe('Where; null: everywhere'),
  })
  .refine(
    ({ value }) => !value.slice(1, -1).includes('*'),
    'value: `*` stands at the start or the end alone',
  );

/** https, or this machine for tests and local runs. */
const Address = z
  .url()
  .refine(
    (text) => /^https:\/\/|^http:\/\/(127\.0\.0\.1|localhost)(:|\/|$)/.test(text),
    'has to be an https address',
  );

export const OidcSettings = z.strictObject({
  issuer: Address.describe('`iss` of its tokens, to the letter, such as https://TEAM.cloudflareaccess.com'),
  audience: z.string().min(1).max(1000).describe('`aud` of the tokens that are meant for this deployment'),
  keys: Address.optional().describe(
    'Where its public keys lie; for Access and by OpenID discovery unless given',
  ),
  rules: z
    .array(Rule)
    .min(1)
    .max(100)
    .describe('The first that fits says what the bearer may; without one, nothing'),
});
export type OidcSettings = z.infer<typeof OidcSettings>;

/** @throws TypeError that names the field, for a variable that cannot be used */
export function oidcSettings(text: string): OidcSettings {
  const { success, data, error } = OidcSettings.safeParse(json(text));
  if (success) return data;
  const [issue] = error.issues;
  const at = ['FEDCAR_OIDC', ...(issue?.path ?? [])].join('.');
  throw new TypeError(`${at}: ${issue?.message ?? 'not usable'}`);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError('FEDCAR_OIDC: is no JSON');
  }
}

/** What the claims of a good token allow; null: nothing. */
export function allowed(claims: Readonly<Record<string, unknown>>, { rules }: OidcSettings) {
  return rules.find(({ claim, value }) => [claims[claim]].flat().some((held) => fits(held, value))) ?? null;
}

function fits(held: unknown, pattern: string): boolean {
  if (typeof held !== 'string') return false;
  if (pattern === '*') return true;
  if (pattern.startsWith('*')) return held.endsWith(pattern.slice(1));
  if (pattern.endsWith('*')) return held.startsWith(pattern.slice(0, -1));
  return held === pattern;
}
