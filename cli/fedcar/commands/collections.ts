/** `fedcar collections`: separate sets of documents, each with its own regions, settings and versions. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { patchFrom, settingsFrom } from '../../settings-flags.ts';
import { table } from '../../table.ts';
import type { Context, Shown } from '../context.ts';
import { UsageError } from '../failure.ts';
import { moment } from '../format.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';

interface CreateOptions {
  regions?: string;
  jurisdiction?: string;
  settings?: string;
  set: string[];
}

export const collectionCommands: Register = (program, bind) => {
  const collections = program.command('collections').description('separate sets of documents');
  const listing = collections
    .command('list')
    .description('all collections')
    .action(bind((context) => list(context)));
  withExamples(listing, [['collections list', 'with their regions']]);
  const showing = collections
    .command('show')
    .description('a collection with all its settings')
    .argument('[name]', '(default: the one of --collection)')
    .action(bind((context, name: string | undefined) => show(context, name ?? context.collection)));
  withExamples(showing, [['collections show faq --json', 'its settings, which create --settings takes']]);
  const create = collections
    .command('create')
    .description('create a collection; its settings stay as they are')
    .argument('<name>', 'lower-case letters, digits and dashes')
    .option('--regions <names>', 'separated by commas; a location hint such as weur is a place')
    .option('--jurisdiction <name>', 'eu or fedramp: nothing leaves it')
    .option('--settings <file>', 'settings as JSON, or what show --json printed')
    .option(
      '--set <path=value>',
      'one setting, such as privacy.epsilon=2; may be repeated',
      (value: string, all: string[]) => [...all, value],
      [],
    )
    .action(bind((context, name: string, options: CreateOptions) => make(context, name, options)));
  withExamples(create, [
    ['collections create faq', 'with the default settings'],
    ['collections create faq --regions weur,eeur --jurisdiction eu', 'in the European Union'],
    ['collections create faq --set schedule.everyHours=0', 'trained by hand only'],
  ]);
  const change = collections
    .command('set')
    .description('change settings that may change; not while a run is on')
    .argument('<name>', 'the collection')
    .argument('<path=value...>', 'such as schedule.everyHours=12')
    .action(bind((context, name: string, set: string[]) => alter(context, name, set)));
  withExamples(change, [
    ['collections set faq schedule.everyHours=0', 'no scheduled runs'],
    [`collections set faq 'schedule.quietHours={"from":"08:00","to":"18:00"}'`, 'none in office hours, UTC'],
  ]);
  const removing = collections
    .command('delete')
    .description('delete a collection with everything in it but what it has spent')
    .argument('<name>', 'the collection')
    .action(bind((context, name: string) => remove(context, name)));
  withExamples(removing, [
    ['collections delete faq --dry-run', 'what would be deleted'],
    ['collections delete faq -y', 'without being asked'],
  ]);
};

async function list(context: Context): Promise<Shown> {
  const answer = await (await context.client()).call('GET /collections');
  const rows = answer.collections.map(({ name, created_at, settings }) => [
    name,
    moment(created_at),
    settings.regions.join(', ') + (settings.jurisdiction === null ? '' : ` (${settings.jurisdiction})`),
  ]);
  const head = ['name', 'created', 'regions'];
  return {
    json: answer,
    text: (width) => (rows.length === 0 ? 'no collection yet' : table([head, ...rows], '', [0, 1, 2], width)),
  };
}

async function show(context: Context, name: string): Promise<Shown> {
  const found = await (await context.client()).call('GET /collections/{name}', { params: { name } });
  return { json: found, text: JSON.stringify(found, null, 2), verbatim: true };
}

async function make(context: Context, name: string, options: CreateOptions): Promise<Shown> {
  const settings = await settingsOf(context, options);
  const plan = { name, settings };
  return await context.change({ what: `create the collection ${name}`, plan }, async () => {
    const made = await (await context.client()).call('POST /collections', { body: plan });
    return { json: made, text: `collection ${name}: regions ${made.settings.regions.join(', ')}` };
  });
}

async function settingsOf(context: Context, { regions, jurisdiction, settings, set }: CreateOptions) {
  let base: Record<string, unknown> = {};
  if (settings !== undefined) {
    const text = await readFile(resolve(context.io.cwd, settings), 'utf8');
    let given: unknown;
    try {
      given = JSON.parse(text);
    } catch (error) {
      throw new UsageError(`--settings ${settings}: not JSON: ${(error as Error).message}`);
    }
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      throw new UsageError(`--settings ${settings}: an object is wanted`);
    // What `show --json` printed holds them beside the name.
    base = ('settings' in given ? given.settings : given) as Record<string, unknown>;
  }
  if (regions !== undefined) base.regions = regions.split(',').map((name) => name.trim());
  if (jurisdiction !== undefined) base.jurisdiction = jurisdiction;
  return settingsFrom(set, base);
}

async function alter(context: Context, name: string, assignments: string[]): Promise<Shown> {
  const settings = patchFrom(assignments);
  return await context.change({ what: `change the settings of ${name}`, plan: { settings } }, async () => {
    const client = await context.client();
    const body = { settings };
    const changed = await client.call('PATCH /collections/{name}', { params: { name }, body });
    return { json: changed, text: `collection ${name}: ${assignments.join(', ')}` };
  });
}

async function remove(context: Context, name: string): Promise<Shown> {
  const what = `delete the collection ${name} with all its documents, questions and versions`;
  return await context.change({ what, confirm: true }, async () => {
    await (await context.client()).call('DELETE /collections/{name}', { params: { name } });
    return { json: { deleted: name }, text: `collection ${name} is deleted` };
  });
}
