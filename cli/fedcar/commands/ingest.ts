/** `fedcar ingest`: BEIR folders, folders of documents, JSON lines and sites into a collection. */
import { resolve } from 'node:path';
import type { Client } from '../../../client/client.ts';
import { DatasetError } from '../../dataset/dataset-error.ts';
import { CollectedFindings, type Findings, findingLines } from '../../dataset/findings.ts';
import {
  blankLines,
  counted as countOf,
  type IngestedDocument,
  leftOutLines,
  type UploadedDocuments,
  uploadDocuments,
  uploadRecords,
  withoutBlank,
} from '../../ingest.ts';
import { isAddress, openSource } from '../../ingest-source.ts';
import { deleteVanished, vanished } from '../../sync.ts';
import { visible } from '../../terminal-text.ts';
import type { Context, Shown } from '../context.ts';
import { withExamples } from '../help.ts';
import { openJournal } from '../journal.ts';
import type { Register } from '../program.ts';

interface Options {
  region?: string;
  questions: boolean;
  sync?: boolean;
}

export const ingestCommand: Register = (program, bind) => {
  const command = program
    .command('ingest')
    .description('upload documents; when it is repeated, only what is new or changed counts')
    .argument(
      '<path...>',
      'BEIR folder; folder or file of Markdown, HTML, text, reST, AsciiDoc, PDF, Word; .jsonl; sitemap; r2://bucket/prefix',
    )
    .option('--region <name>', 'region of the documents (default: as the data says, else by key)')
    .option('--sync', 'delete documents of the collection that are in none of the paths')
    .option('--no-questions', "leave out a BEIR folder's training questions")
    .action(bind((context, paths: string[], options: Options) => ingest(context, paths, options)));
  withExamples(command, [
    ['ingest docs/', 'a folder of Markdown, HTML, PDF …'],
    ['ingest docs/ --sync', 'and delete what is no longer there'],
    ['ingest https://example.org/sitemap.xml', 'the pages of a site'],
    ['ingest r2://handbook/en/', 'files in a bucket; AWS_ACCESS_KEY_ID and so on say whose'],
    ['ingest --region weur faq.jsonl', 'one JSON object a line: key, title, text'],
    ['ingest -c bank datasets/banking77', 'a BEIR folder with its training questions'],
  ]);
};

async function ingest(context: Context, paths: string[], options: Options): Promise<Shown> {
  const client = await context.client();
  const folders = paths.map((path) => (isAddress(path) ? path : resolve(context.io.cwd, path)));
  const findings = new CollectedFindings();
  const seen = new Seen();
  if (context.flags.dryRun) return await counted(context, folders, options, client);
  const journal = await openJournal(
    context.io.cwd,
    `ingest ${client.url}${client.path} ${folders.join(' ')} ${options.region ?? ''} ${options.questions}`,
    (line) => context.say(line),
  );
  const documents = { created: 0, updated: 0, unchanged: 0, resumed: 0 };
  const blank: string[] = [];
  const records = { accepted: 0, duplicates: 0, refused: 0, resumed: 0 };
  const unknown: string[] = [];
  for (const folder of folders) {
    const source = await openSource(folder, { ...options, findings, env: context.io.env }, client);
    const bar = context.progress('documents', 0);
    const {
      regions: _,
      blank: leftOut,
      ...sent
    } = await uploadDocuments(client, seen.watch(source.documents, findings), bar, journal, findings);
    bar.end();
    // Of a site it is known when its pages were read.
    seen.unread(source.unread);
    add(documents, sent);
    blank.push(...leftOut);
    // What programs read in the answer, people read here.
    if (context.flags.json) for (const line of blankLines(leftOut)) context.say(line);
    const log = context.progress('questions', 0);
    const { unknown: strange, ...logged } = await uploadRecords(client, source.records, log, journal);
    log.end(sumOf(logged) > 0 ? undefined : 'none');
    add(records, logged);
    unknown.push(...strange);
  }
  await journal.finish();
  const deleted = options.sync === true ? await synced(context, client, seen, findings, options) : null;
  const lines = [
    documentsLine(documents),
    ...blankLines(blank),
    ...(sumOf(records) > 0
      ? [`${countOf(records.accepted, 'question')} new, ${records.duplicates} known`]
      : []),
    ...leftOutLines({ ...records, unknown }),
    ...(deleted === null ? [] : [`${countOf(deleted.length, 'document')} deleted`]),
  ];
  return {
    json: {
      documents: { ...documents, blank, ...(deleted === null ? {} : { deleted }) },
      records: { ...records, unknown },
      ...foundJson(findings, seen),
    },
    text: lines.join('\n'),
    exit: told(context, findings, seen),
  };
}

/** What went by on its way to the service: of several paths each key once. */
class Seen {
  /** Where documents come from, by their keys. */
  readonly keys = new Map<string, string>();
  readonly endings = new Map<string, string[]>();

  async *watch(
    documents: AsyncIterable<IngestedDocument>,
    findings: Findings,
  ): AsyncGenerator<IngestedDocument> {
    for await (const entry of documents) {
      const { key } = entry.document;
      const { file, line } = entry.place ?? { file: key, line: null };
      const other = this.keys.get(key);
      if (other === undefined) {
        this.keys.set(key, file);
        yield entry;
      } else findings.leftOut(new DatasetError(file, line, null, `its key ${key} is that of ${other}`));
    }
  }

  unread(files: ReadonlyMap<string, readonly string[]>): void {
    for (const [ending, names] of files)
      this.endings.set(ending, [...(this.endings.get(ending) ?? []), ...names]);
  }
}

/** What was left out, for people; the exit status. */
function told(context: Context, findings: CollectedFindings, { endings }: Seen): 0 | 1 {
  const NAMED = 3;
  for (const [ending, names] of endings) {
    const more = names.length > NAMED ? ', …' : '';
    context.say(
      `not read: ${ending.startsWith('.') ? `${names.length} of ${ending}` : `${names.length}, ${ending}`} (${names.slice(0, NAMED).map(visible).join(', ')}${more})`,
    );
  }
  for (const line of findingLines(findings.notes, 'note')) context.say(line);
  for (const line of findingLines(findings.entries, 'left out')) context.say(line);
  return findings.entries.size > 0 ? 1 : 0;
}

function foundJson(findings: CollectedFindings, { endings }: Seen) {
  return {
    left_out: [...findings.entries.values()],
    notes: [...findings.notes.values()],
    not_read: Object.fromEntries(endings),
  };
}

/** Documents that were left out now are still there: what was uploaded of them before stays. */
async function synced(
  context: Context,
  client: Client,
  { keys }: Seen,
  findings: CollectedFindings,
  { region }: Options,
): Promise<string[]> {
  if (findings.entries.size > 0) {
    context.say('nothing is deleted: some documents could not be read, and may be there');
    return [];
  }
  const bar = context.progress('deleting', 0);
  const gone = await vanished(client, keys, region ?? null);
  await deleteVanished(client, gone, bar);
  bar.end(`${gone.length} documents that are gone`);
  return gone;
}

/** What would be sent; the whole source is read and checked. */
async function counted(
  context: Context,
  folders: string[],
  options: Options,
  client: Client,
): Promise<Shown> {
  let documents = 0;
  let records = 0;
  const blank: string[] = [];
  const findings = new CollectedFindings();
  const seen = new Seen();
  for (const folder of folders) {
    const source = await openSource(folder, { ...options, findings, env: context.io.env }, null);
    for await (const _ of withoutBlank(seen.watch(source.documents, findings), blank)) documents += 1;
    seen.unread(source.unread);
    for await (const _ of source.records) records += 1;
  }
  const sync = options.sync === true && findings.entries.size === 0;
  const gone = sync ? await vanished(client, seen.keys, options.region ?? null) : null;
  const deleting = gone === null ? '' : `, and delete ${gone.length}`;
  const would = `would upload ${countOf(documents, 'document')} and ${countOf(records, 'question')}${deleting}`;
  const text = [would, ...blankLines(blank)].join('\n');
  const json = { dry_run: true, documents, records, blank, ...(gone === null ? {} : { deleted: gone }) };
  return { json: { ...json, ...foundJson(findings, seen) }, text, exit: told(context, findings, seen) };
}

function documentsLine(sent: Omit<UploadedDocuments, 'regions' | 'blank'>): string {
  const { created, updated, unchanged, resumed } = sent;
  const all = created + updated + unchanged + resumed;
  const before = resumed > 0 ? `, ${resumed} sent before` : '';
  return `${countOf(all, 'document')}: ${created} new, ${updated} changed, ${unchanged} as they were${before}`;
}

function sumOf(figures: object): number {
  return Object.values(figures).reduce((sum: number, n: number) => sum + n, 0);
}

function add<T extends object>(to: T, from: T): void {
  for (const key of Object.keys(to) as (keyof T)[]) (to[key] as number) += from[key] as number;
}
