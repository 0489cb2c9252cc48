/** What `fedcar ingest` uploads: what a path or an address names, as documents and questions. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { Client } from '../client/client.ts';
import { endingOf } from '../shared/retrieval/file-format.ts';
import { type BeirFolder, openBeir } from './beir.ts';
import { Bucket, type BucketOptions, bucketOf } from './dataset/bucket.ts';
import { DatasetError } from './dataset/dataset-error.ts';
import {
  type DocumentFile,
  documentFiles,
  readable,
  readDocumentFiles,
  readDocumentLines,
} from './dataset/document-files.ts';
import { READ_ENDINGS } from './dataset/file-kinds.ts';
import type { Findings } from './dataset/findings.ts';
import { orCompressed } from './dataset/lines.ts';
import { byHash } from './dataset/placement.ts';
import { readCorpus } from './dataset/records.ts';
import { type Page, Site } from './dataset/site.ts';
import { documentsOf, recordsOf } from './experiment.ts';
import { Failure } from './fedcar/failure.ts';
import type { IngestedDocument, IngestedRecord } from './ingest.ts';

export interface Source {
  documents: AsyncIterable<IngestedDocument>;
  records: AsyncIterable<IngestedRecord> | IngestedRecord[];
  /** Files of kinds that are not read, by their endings. */
  unread: ReadonlyMap<string, readonly string[]>;
}

export interface SourceOptions {
  region?: string;
  /** Whether a BEIR folder's training questions count. */
  questions: boolean;
  findings: Findings;
  /** Variables that say where buckets are and who may read them. */
  env?: Readonly<Record<string, string | undefined>>;
}

/** @param client null: nothing is asked of the service, and regions are not checked */
export async function openSource(
  path: string,
  { region, questions, findings, env = {} }: SourceOptions,
  client: Client | null,
): Promise<Source> {
  const only = region ?? null;
  if (/^(?:r2|s3):/.test(path)) return await objectsOf(bucketOf(path, env), only, findings);
  if (isAddress(path)) {
    const site = new Site(path, findings);
    return fetched(site.pages(), site.unread, only, findings);
  }
  const unread = new Map<string, string[]>();
  if (!existsSync(path)) throw new Failure(`${path}: no such file or folder`);
  const corpus = join(path, 'corpus.jsonl');
  if (existsSync(orCompressed(corpus))) {
    const parts = ['queries.jsonl', join('qrels', 'train.tsv')];
    const judged = parts.every((part) => existsSync(orCompressed(join(path, part))));
    if (!judged) return { documents: corpusOf(corpus, only, findings), records: [], unread };
    const folder = await openBeir(path, { splits: ['train'], findings });
    const placed = await placedIn(folder, path, only, client);
    return { documents: placed.documents, records: questions ? placed.records : [], unread };
  }
  if (['.jsonl', '.ndjson'].includes(extname(path.replace(/\.gz$/, '')))) {
    return { documents: readDocumentLines(path, only, findings), records: [], unread };
  }
  const found = await documentFiles(path);
  for (const { folder, reason } of found.closed)
    findings.leftOut(new DatasetError(folder, null, null, reason));
  if (found.files.length === 0)
    throw new Failure(`${path}: there is no file of ${READ_ENDINGS.join(' ')} in it`);
  return { documents: readDocumentFiles(found.files, only, findings), records: [], unread: found.unread };
}

/** Whether a site is meant, by the address of its sitemap, or a bucket. */
export function isAddress(path: string): boolean {
  return /^(?:https?|r2|s3):\/\//i.test(path);
}

/** Objects of a bucket as files of a folder: their keys below the prefix's last slash. */
async function objectsOf(options: BucketOptions, region: string | null, findings: Findings): Promise<Source> {
  const bucket = new Bucket(options);
  const folder = options.prefix.slice(0, options.prefix.lastIndexOf('/') + 1);
  const all = (await bucket.keys()).map((key) => ({ file: key, key: key.slice(folder.length) }));
  const { files, unread } = readable(all);
  async function* pages(): AsyncGenerator<Page> {
    for (const { file, key } of files) {
      try {
        yield { address: key, bytes: await bucket.object(file), ending: endingOf(key) };
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        findings.leftOut(new DatasetError(key, null, null, error.message));
      }
    }
  }
  return fetched(pages(), unread, region, findings);
}

/** What is fetched lies in a folder of its own meanwhile: what pages repeat is found when all are there. */
function fetched(
  pages: AsyncGenerator<Page>,
  unread: Source['unread'],
  region: string | null,
  findings: Findings,
): Source {
  async function* documents(): AsyncGenerator<IngestedDocument> {
    const folder = await mkdtemp(join(tmpdir(), 'fedcar-fetched-'));
    try {
      const files: DocumentFile[] = [];
      for await (const { address, bytes, ending } of pages) {
        const file = join(folder, `${files.length}${ending}`);
        await writeFile(file, bytes);
        files.push({ file, key: address });
      }
      const addresses = new Map(files.map(({ file, key }) => [file, key]));
      const named = (error: DatasetError) =>
        new DatasetError(addresses.get(error.file) ?? error.file, error.line, null, error.reason);
      yield* readDocumentFiles(files, region, {
        leftOut: (error) => findings.leftOut(named(error)),
        note: (error) => findings.note(named(error)),
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return { documents: documents(), records: [], unread };
}

async function* corpusOf(
  file: string,
  region: string | null,
  findings: Findings,
): AsyncGenerator<IngestedDocument> {
  const seen = new Set<string>();
  for await (const { line, id: key, title, text, ...rest } of readCorpus(file, findings)) {
    if (seen.has(key)) findings.leftOut(new DatasetError(file, line, '_id', `"${key}" occurs twice`));
    else yield { document: { key, title, text, ...rest }, region, place: { file, line } };
    seen.add(key);
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
  const { regions } = await client.call('GET /regions');
  const known = regions.map(({ region }) => region).sort();
  if (!named) {
    return {
      documents: each(documents.map((entry) => ({ ...entry, region: null }))),
      records: records.map((entry) => ({ ...entry, region: byHash(entry.record.id ?? '', known) })),
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
