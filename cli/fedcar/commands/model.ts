/** `fedcar model`: versions of the retriever, which one serves, and versions in files. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Client } from '../../../client/client.ts';
import { whyUncertified } from '../../../shared/certificate/uncertified.ts';
import type { Version } from '../../../shared/protocol/api/version.ts';
import type { Certificate } from '../../../shared/protocol/certificate.ts';
import { partCount, partOf } from '../../../shared/protocol/parameters.ts';
import { whole } from '../../bench/accuracy-options.ts';
import { percent, table } from '../../table.ts';
import type { Context, Shown } from '../context.ts';
import { Failure } from '../failure.ts';
import { bytes, moment } from '../format.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';
import { examine, readEvidence } from '../verify-files.ts';

export const modelCommands: Register = (program, bind) => {
  const model = program.command('model').description('versions of the retriever');
  const listing = model
    .command('list')
    .description('versions, newest first')
    .action(bind((context) => list(context)));
  withExamples(listing, [['model list', 'which serves, and what the gate measured']]);
  const showing = model
    .command('show')
    .description('a version: what the gate measured, how it was trained')
    .argument('[version]', 'its number (default: what serves)', whole(0))
    .action(bind((context, version: number | undefined) => show(context, version)));
  withExamples(showing, [['model show 3 --json', 'how version 3 was trained']]);
  const serving = model
    .command('activate')
    .description('make a version serve; 0 is plain search')
    .argument('<version>', 'its number', whole(0))
    .action(bind((context, version: number) => activate(context, version)));
  withExamples(serving, [['model activate 0', 'plain search, at once']]);
  const returning = model
    .command('rollback')
    .description('go back to the version that the serving one was trained from')
    .action(bind((context) => rollback(context)));
  withExamples(returning, [['model rollback -c faq', 'the version before serves again']]);
  const out = model
    .command('export')
    .description('save a version in a file')
    .argument('[version]', 'its number (default: what serves)', whole(0))
    .option('-o, --out <file>', 'the file (default: COLLECTION-VERSION.fcs)')
    .action(
      bind((context, version: number | undefined, o: { out?: string }) => save(context, version, o.out)),
    );
  const back = model
    .command('import')
    .description('load a version from a file; it serves only once it is activated')
    .argument('<file>', 'what model export wrote')
    .option('--sha256 <hash>', 'refuse a file with another hash')
    .option('--certificate <file>', 'what model export wrote beside it (default: FILE’s, where it is there)')
    .action(bind((context, file: string, o: LoadOptions) => load(context, file, o)));
  withExamples(out, [['model export 3 -o v3.fcs', 'prints its SHA-256']]);
  withExamples(back, [['model import -c other v3.fcs', 'for the documents that both collections have']]);
};

interface LoadOptions {
  sha256?: string;
  certificate?: string;
}

async function versionsOf(client: Client): Promise<Version[]> {
  return (await client.call('GET /models')).versions;
}

async function list(context: Context): Promise<Shown> {
  const versions = await versionsOf(await context.client());
  const rows = versions.map((entry) => [
    String(entry.version),
    entry.state,
    moment(entry.created_at),
    `${entry.active_rows}/${entry.rows}`,
    bytes(entry.bytes),
    percent(entry.held_out?.accuracy ?? null),
    percent(entry.held_out?.mips ?? null),
  ]);
  const head = ['version', 'state', 'made', 'trained rows', 'size', 'held out', 'plain search'];
  return { json: { versions }, text: (width) => table([head, ...rows], '', [0, 1, 2], width) };
}

function pick(versions: readonly Version[], number: number | undefined): Version {
  const found =
    number === undefined
      ? versions.find(({ state }) => state === 'serving')
      : versions.find(({ version }) => version === number);
  if (found === undefined)
    throw new Failure(
      `there is no version ${number ?? 'that serves'}; fedcar model list shows those that there are`,
    );
  return found;
}

async function show(context: Context, number: number | undefined): Promise<Shown> {
  const versions = await versionsOf(await context.client());
  const version = pick(versions, number);
  const { held_out, probe, certificate } = version;
  const lines = [
    ['version', `${version.version}, ${version.state}`],
    ['made', `${moment(version.created_at)}${version.run === null ? '' : `, run ${version.run}`}`],
    ['trained from', version.parent === null ? '–' : `version ${version.parent}`],
    ['rows', `${version.active_rows} trained of ${version.rows}`],
    [
      'certificate',
      certificate === null
        ? whyUncertified(version, versions)
        : `${certificate.signed} of ${certificate.asked} participants have signed ${signedOf(certificate)}${madeElsewhere(version)}`,
    ],
    ['snapshot', `${bytes(version.bytes)}, sha256 ${version.hash}`],
    [
      'held out',
      held_out === null
        ? 'not measured'
        : `${percent(held_out.accuracy)} of ${Math.round(held_out.units)} questions; before ${percent(held_out.baseline)}, plain search ${percent(held_out.mips)}`,
    ],
    [
      'titles',
      probe === null ? 'not measured' : `${probe.found} of ${probe.titles} found; plain search ${probe.mips}`,
    ],
    ...Object.entries(version.training).map(([name, value]) => [name, JSON.stringify(value)]),
  ];
  return { json: version, text: (width) => table(lines, '', [0, 1], width) };
}

/** What signatures are about. */
function signedOf({ covers }: NonNullable<Version['certificate']>): string {
  return covers === 'content'
    ? 'its rounds and what it learned'
    : 'its rounds (not what it learned: of an earlier release)';
}

/** Whose participants those are, of a version that came in a file. */
function madeElsewhere({ training }: Version): string {
  type Place = { collection: string; version: number };
  const imported = training.imported as (Place & { origin?: Place }) | undefined;
  if (imported === undefined) return '';
  const { collection, version } = imported.origin ?? imported;
  return `, where it was made: ${collection}, version ${version}`;
}

async function activate(context: Context, number: number): Promise<Shown> {
  const client = await context.client();
  return await context.change({ what: `make version ${number} of ${context.collection} serve` }, async () => {
    const version = await client.call('POST /models/{version}/activate', { params: { version: number } });
    return {
      json: version,
      text: `version ${number} serves, everywhere within the collection's freshnessSeconds`,
    };
  });
}

async function rollback(context: Context): Promise<Shown> {
  const serving = pick(await versionsOf(await context.client()), undefined);
  if (serving.parent === null)
    throw new Failure(`version ${serving.version} was trained from no other: there is nothing to go back to`);
  return await activate(context, serving.parent);
}

async function save(context: Context, number: number | undefined, out: string | undefined): Promise<Shown> {
  const client = await context.client();
  const found = pick(await versionsOf(client), number);
  const { version } = found;
  const name = out ?? `${context.collection}-${version}.fcs`;
  return await context.change({ what: `write version ${version} to ${name}` }, async () => {
    const response = await client.response('GET', `${client.path}/models/${version}/snapshot`);
    const content = new Uint8Array(await response.arrayBuffer());
    const hash = createHash('sha256').update(content).digest('hex');
    if (response.headers.get('etag') !== `"${hash}"`) {
      throw new Failure(
        `version ${version}: the ${content.length} bytes received do not have the hash announced`,
      );
    }
    await writeFile(resolve(context.io.cwd, name), content);
    const certificate = await saveCertificate(context, client, found, name);
    const json = { version, file: name, bytes: content.length, sha256: hash, certificate };
    const signed = certificate === null ? '' : `\n${certificate}: fedcar privacy verify checks it`;
    return { json, text: `version ${version}: ${name}, ${bytes(content.length)}\nsha256 ${hash}${signed}` };
  });
}

/** Beside the model, where there is one. @returns the file's name */
async function saveCertificate(
  context: Context,
  client: Client,
  { version, certificate }: Version,
  model: string,
): Promise<string | null> {
  if (certificate === null || certificate.signed === 0) return null;
  const name = certificateOf(model);
  const signed = await client.call('GET /models/{version}/certificate', { params: { version } });
  await writeFile(resolve(context.io.cwd, name), `${JSON.stringify(signed, null, 1)}\n`);
  return name;
}

function certificateOf(model: string): string {
  return `${model.replace(/\.fcs$/, '')}.certificate.json`;
}

/** The certificate that goes with a model's file; null where none was named and none lies beside it. */
async function readCertificate(
  context: Context,
  model: string,
  named: string | undefined,
): Promise<Certificate | null> {
  const name = named ?? certificateOf(model);
  const path = resolve(context.io.cwd, name);
  if (named === undefined && !existsSync(path)) return null;
  const evidence = await readEvidence(name, path);
  if (evidence.kind !== 'certificate') throw new Failure(`${name}: a log of rounds, not a certificate`);
  return evidence.certificate;
}

async function load(context: Context, file: string, options: LoadOptions): Promise<Shown> {
  const content = await readFile(resolve(context.io.cwd, file));
  const hash = createHash('sha256').update(content).digest('hex');
  const { sha256 } = options;
  if (sha256 !== undefined && sha256.toLowerCase() !== hash)
    throw new Failure(`${file}: its sha256 is ${hash}, not ${sha256}`);
  const certificate = await readCertificate(context, file, options.certificate);
  const client = await context.client();
  return await context.change({ what: `import ${file} into ${context.collection}` }, async () => {
    const bar = context.progress('parts', partCount(content.length));
    for (let part = 0; part < partCount(content.length); part++) {
      const piece = new Uint8Array(partOf(content, part));
      await client.response('PUT', `${client.path}/models/imports/${hash}/${part}`, piece);
      bar.update(part + 1);
    }
    bar.end(bytes(content.length));
    const made = await client.call('POST /models/imports/{sha256}', {
      params: { sha256: hash },
      ...(certificate !== null && { body: { certificate } }),
    });
    const serve = `fedcar model activate ${made.version} makes it serve`;
    const lines = [`version ${made.version} is available, ${made.active_rows} trained rows; ${serve}`];
    if (certificate !== null) {
      const { notes } = await examine([{ file: 'certificate', kind: 'certificate', certificate }], {
        model: content,
      });
      lines.push(...notes.map((note) => `note: ${note}`));
    }
    return { json: made, text: lines.join('\n') };
  });
}
