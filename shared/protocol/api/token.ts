/** Bearer tokens as an admin makes and sees them; a token's text is shown once and kept nowhere. */
import { z } from 'zod';
import { SCOPES, Scope } from '../access.ts';
import { CollectionName } from '../names.ts';

/** As browsers send it: scheme, name in lower case, and a port that is not the scheme's own. */
const ORIGIN = z
  .string()
  .max(255)
  .regex(/^https?:\/\/([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?$/, 'an origin such as https://help.example');
/** Origins of one token. */
const MAX_ORIGINS = 20;

/** What a token may do that everybody can read in a page. */
export const PAGE_SCOPES: readonly Scope[] = ['query', 'feedback'];

const SCOPE_LIST = z.array(Scope).min(1).max(SCOPES.length);

export const TokenCreation = z
  .strictObject({
    name: z.string().trim().min(1).max(100).describe('For people: who or what bears it'),
    scopes: SCOPE_LIST.describe('What it may do; `admin` implies all others'),
    collections: z
      .array(CollectionName)
      .min(1)
      .max(100)
      .nullable()
      .default(null)
      .describe('The only collections it is good for; null: all, and what belongs to the whole deployment'),
    origins: z
      .array(ORIGIN)
      .min(1)
      .max(MAX_ORIGINS)
      .nullable()
      .default(null)
      .describe(
        'The only pages that may call with it, by their origins; then every visitor’s network has a limit of its own. null: whoever has it',
      ),
    requests_per_minute: z
      .int()
      .min(1)
      .max(1_000_000)
      .nullable()
      .default(null)
      .describe('Requests a minute; null: the deployment’s limit'),
    expires_in_days: z
      .int()
      .min(1)
      .max(3650)
      .nullable()
      .default(null)
      .describe('Days until it expires; null: it is good until it is revoked'),
  })
  .superRefine(({ origins, scopes }, context) => {
    const secret = scopes.filter((scope) => !PAGE_SCOPES.includes(scope));
    if (origins === null || secret.length === 0) return;
    const message = `a token that lies in pages may have ${PAGE_SCOPES.join(' and ')} only, not ${secret.join(', ')}`;
    context.addIssue({ code: 'custom', path: ['scopes'], message });
  })
  .meta({ id: 'TokenCreation', description: 'A new token' });
export type TokenCreation = z.infer<typeof TokenCreation>;

export const Token = z
  .strictObject({
    id: z.string().describe('Names the token; it is no secret'),
    name: z.string().describe('For people: who or what bears it'),
    scopes: z.array(Scope).describe('What it may do; `admin` implies all others'),
    collections: z
      .array(CollectionName)
      .nullable()
      .describe('The only collections it is good for; null: all, and what belongs to the whole deployment'),
    origins: z
      .array(z.string())
      .nullable()
      .describe('The only pages that may call with it, by their origins; null: whoever has it'),
    requests_per_minute: z.int().nullable().describe('Requests a minute; null: the deployment’s limit'),
    created_at: z.number().describe('When it was made, milliseconds since 1970'),
    expires_at: z.number().nullable().describe('When it expires; null: never'),
    revoked_at: z.number().nullable().describe('When it was revoked; null: it was not'),
  })
  .meta({ id: 'Token', description: 'A token without its secret' });
export type Token = z.infer<typeof Token>;

export const NewToken = z
  .strictObject({
    ...Token.shape,
    token: z.string().describe('What goes after `Bearer`. It cannot be shown again'),
  })
  .meta({ id: 'NewToken', description: 'A token with its secret' });
export type NewToken = z.infer<typeof NewToken>;

export const Tokens = z
  .strictObject({ tokens: z.array(Token).describe('Newest first, also those that are over') })
  .meta({ id: 'Tokens', description: 'All tokens' });
export type Tokens = z.infer<typeof Tokens>;
