/** `fedcar tokens`: who may use the service, and for what. */
import { SCOPES } from '../../../shared/protocol/access.ts';
import { TokenCreation } from '../../../shared/protocol/api/token.ts';
import { whole } from '../../bench/accuracy-options.ts';
import { table } from '../../table.ts';
import type { Context, Shown } from '../context.ts';
import { UsageError } from '../failure.ts';
import { moment } from '../format.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';

interface CreateOptions {
  scopes: string;
  collections?: string;
  origins?: string;
  days?: number;
  perMinute?: number;
}

export const tokenCommands: Register = (program, bind) => {
  const tokens = program.command('tokens').description('who may use the service');
  const create = tokens
    .command('create')
    .description('make a token; it is shown once')
    .argument('<name>', 'who or what bears it')
    .option('--scopes <names>', SCOPES.join(', '), 'query')
    .option('--collections <names>', 'the only collections it is good for')
    .option('--origins <addresses>', 'the only pages that may call with it, as https://shop.example')
    .option('--days <n>', 'days until it expires (default: never)', whole(1, 3650))
    .option('--per-minute <n>', "requests a minute (default: the deployment's limit)", whole(1))
    .action(bind((context, name: string, options: CreateOptions) => make(context, name, options)));
  withExamples(create, [
    ['tokens create website', 'may search and ask'],
    ['tokens create indexer --scopes ingest --collections faq --days 90', 'may upload, for a while'],
    [
      'tokens create shop --scopes query,feedback --origins https://shop.example',
      'for a page: good there alone',
    ],
  ]);
  const listing = tokens
    .command('list')
    .description('all tokens, without their secrets')
    .action(bind((context) => list(context)));
  withExamples(listing, [['tokens list', 'ids, scopes, until when']]);
  const revoking = tokens
    .command('revoke')
    .description('a token is good for nothing any more')
    .argument('<id>', 'its id')
    .action(bind((context, id: string) => revoke(context, id)));
  withExamples(revoking, [['tokens revoke 58cdd03d8521a237', 'by the id that list shows']]);
};

async function make(context: Context, name: string, options: CreateOptions): Promise<Shown> {
  const names = (list: string) => list.split(',').map((each) => each.trim());
  const parsed = TokenCreation.safeParse({
    name,
    scopes: names(options.scopes),
    collections: options.collections === undefined ? null : names(options.collections),
    origins: options.origins === undefined ? null : names(options.origins),
    expires_in_days: options.days ?? null,
    requests_per_minute: options.perMinute ?? null,
  });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UsageError(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  const what = `make a token for ${name} with ${parsed.data.scopes.join(', ')}`;
  return await context.change({ what, plan: parsed.data }, async () => {
    const client = await context.client();
    const made = await client.call('POST /tokens', { body: parsed.data });
    context.say(`token ${made.id} is shown this once:`);
    return { json: made, text: made.token };
  });
}

async function list(context: Context): Promise<Shown> {
  const answer = await (await context.client()).call('GET /tokens');
  const rows = answer.tokens.map((token) => [
    token.id,
    token.name,
    token.scopes.join(', '),
    token.collections?.join(', ') ?? 'all',
    moment(token.created_at),
    token.revoked_at === null ? moment(token.expires_at) : `revoked ${moment(token.revoked_at)}`,
  ]);
  const head = ['id', 'name', 'scopes', 'collections', 'made', 'until'];
  return {
    json: answer,
    text: (width) =>
      rows.length === 0 ? 'no token yet' : table([head, ...rows], '', [0, 1, 2, 3, 4, 5], width),
  };
}

async function revoke(context: Context, id: string): Promise<Shown> {
  return await context.change({ what: `revoke the token ${id}` }, async () => {
    await (await context.client()).call('DELETE /tokens/{id}', { params: { id } });
    return { json: { revoked: id }, text: `token ${id} is revoked` };
  });
}
