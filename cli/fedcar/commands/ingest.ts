/** `fedcar ingest`: BEIR folders, folders of Markdown, HTML and text, and JSON lines into a collection. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import type { Regions } from '../../../shared/protocol/api/region.ts';
import { type BeirFolder, openBeir } from '../../beir.ts';
import type { Client } from '../../client.ts';
import { documentFiles, readDocumentFiles, readDocumentLines } from '../../dataset/document-files.ts';
import { readCorpus } from '../../dataset/records.ts';
import { documentsOf, recordsOf } from '../../experiment.ts';
import {
  blankLine,
  type IngestedDocument,
  type IngestedRecord,
  leftOutLine,
  type UploadedDocuments,
  uploadDocuments,
  uploadRecords,
  withoutBlank,
} from '../../ingest.ts';
import type { Context, Shown } from '../context.ts';
import { Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import { openJournal } from '../journal.ts';
import type { Register } from '../program.ts';

interface Options {
  region?: string;
  questions: boolean;
}

interface Source {
  documents: AsyncIterable<IngestedDocument>;
  records: AsyncIterable<IngestedRecord> | IngestedRecord[];
}

export const ingestCommand: Register = (program, bind) => {
  const command = program
    .command('ingest')
    .description('upload documents; when it is repeated, only what is new or changed counts')
    .argument('<path...>', 'BEIR folder, folder or file of .md .html .txt, or .jsonl')
    .option('--region <name>', 'region of the documents (default: as the data says, else by key)')
    .option('--no-questions', "leave out a BEIR folder's training questions")
    .action(bind((context, paths: string[], options: Options) => ingest(context, paths, options)));
  withExamples(command, [
    ['ingest docs/', 'a folder of Markdown, HTML and text'],
    ['ingest --region weur faq.jsonl', 'one JSON object a line: key, title, text'],
    ['ingest -c bank datasets/banking77', 'a BEIR folder with its training questions'],
  ]);
};

async function ingest(context: Context, paths: string[], options: Options): Promise<Shown> {
  const client = await context.client();
  const folders = paths.map((path) => resolve(context.io.cwd, path));
  if (context.flags.dryRun) return await counted(folders, options);
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
    const source = await open(folder, options, client);
    const bar = context.progress('documents', 0);
    const {
      regions: _,
      blank: leftOut,
      ...sent
    } = await uploadDocuments(client, source.documents, bar, journal);
    bar.end(documentsLine(sent) + blankLine(leftOut));
    add(documents, sent);
    blank.push(...leftOut);
    const log = context.progress('questions', 0);
    const { unknown: strange, ...logged } = await uploadRecords(client, source.records, log, journal);
    const left = leftOutLine({ ...logged, unknown: strange });
    if (sumOf(logged) > 0) log.end(`${logged.accepted} new, ${logged.duplicates} known${left}`);
    else log.end(`none${left}`);
    add(records, logged);
    unknown.push(...strange);
  }
  await journal.finish();
  const said = sumOf(records) + unknown.length > 0;
  const left = leftOutLine({ ...records, unknown });
  const questions = `; ${records.accepted} questions, ${records.duplicates} known${left}`;
  return {
    json: { documents: { ...documents, blank }, records: { ...records, unknown } },
    text: documentsLine(documents) + (said ? questions : '') + blankLine(blank),
  };
}

/** What would be sent; the whole source is read and checked. */
async function counted(folders: string[], options: Options): Promise<Shown> {
  let documents = 0;
  let records = 0;
  const blank: string[] = [];
  for (const folder of folders) {
    const source = await open(folder, options, null);
    for await (const _ of withoutBlank(source.documents, blank)) documents += 1;
    for await (const _ of source.records) records += 1;
  }
  const text = `would upload ${documents} documents and ${records} questions${blankLine(blank)}`;
  return { json: { dry_run: true, documents, records, blank }, text };
}

/** @param client null: nothing is asked of the service, and regions are not checked */
async function open(path: string, { region, questions }: Options, client: Client | null): Promise<Source> {
  const only = region ?? null;
  if (!existsSync(path)) throw new Failure(`${path}: no such file or folder`);
  const judged = ['train', 'test'].every((split) => existsSync(join(path, 'qrels', `${split}.tsv`)));
  if (existsSync(join(path, 'corpus.jsonl'))) {
    if (!judged) return { documents: corpusOf(join(path, 'corpus.jsonl'), only), records: [] };
    const folder = await openBeir(path);
    const placed = await placedIn(folder, path, only, client);
    return { documents: placed.documents, records: questions ? placed.records : [] };
  }
  if (extname(path) === '.jsonl') return { documents: readDocumentLines(path, only), records: [] };
  const files = await documentFiles(path);
  if (files.length === 0) throw new Failure(`${path}: there is no .md, .html or .txt file in it`);
  return { documents: readDocumentFiles(files, only), records: [] };
}

async function* corpusOf(file: string, region: string | null): AsyncGenerator<IngestedDocument> {
  for await (const { line: _, id: key, title, text, ...rest } of readCorpus(file)) {
    yield { document: { key, title, text, ...rest }, region };
  }
}

/** A folder's own regions where it names some; else the collection spreads documents, and questions go by their hash. */
async function placedIn(folder: BeirFolder, path: string, only: string | null, client: Client | null) {
  const documents = await documentsOf(folder, only ?? undefined);
  const records = await recordsOf(folder);
  if (only !== null) {
    return { documents: each(documents), records: records.map((entry) => ({ ...entry, region: only })) };
  }
  const named = ['regions.tsv', 'documents.tsv'].some((table) => existsSync(join(path, table)));
  if (client === null) return { documents: each(documents), records };
  const { regions } = await client.get<Regions>('/regions');
  const known = regions.map(({ region }) => region).sort();
  if (!named) {
    const spread = (id: string) => known[hashOf(id) % known.length]!;
    return {
      documents: each(documents.map((entry) => ({ ...entry, region: null }))),
      records: records.map((entry) => ({ ...entry, region: spread(entry.record.id ?? '') })),
    };
  }
  const strange = folder.regions.find((name) => !known.includes(name));
  if (strange !== undefined) {
    const wanted = folder.regions.join(',');
    throw new Failure(
      `${path} names the region ${strange}, and the collection has ${known.join(', ')}: ` +
        `create one with --regions ${wanted}, or give --region`,
    );
  }
  return { documents: each(documents), records };
}

async function* each<T>(entries: readonly T[]): AsyncGenerator<T> {
  yield* entries;
}

function hashOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}

function documentsLine(sent: Omit<UploadedDocuments, 'regions' | 'blank'>): string {
  const { created, updated, unchanged, resumed } = sent;
  const all = created + updated + unchanged + resumed;
  const before = resumed > 0 ? `, ${resumed} sent before` : '';
  return `${all} documents: ${created} new, ${updated} changed, ${unchanged} as they were${before}`;
}

function sumOf(figures: object): number {
  return Object.values(figures).reduce((sum: number, n: number) => sum + n, 0);
}

function add<T extends object>(to: T, from: T): void {
  for (const key of Object.keys(to) as (keyof T)[]) (to[key] as number) += from[key] as number;
}
