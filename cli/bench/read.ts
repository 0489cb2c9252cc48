/** `bench read`: what reading a folder of documents and splitting them into passages costs, without embedding them. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { ModelManifest } from '../../models/manifest.ts';
import { openTokenizer } from '../../models/tokenizer/tokenizer.ts';
import { splitDocument } from '../../shared/retrieval/chunking.ts';
import { documentFiles, readDocumentFiles } from '../dataset/document-files.ts';
import { PROJECT } from '../worker-bundle.ts';
import { whole } from './accuracy-options.ts';
import { madeUpPage, PAGE_ENDINGS } from './made-up-pages.ts';
import { optionsOf } from './options-of.ts';

interface Options {
  pages: number;
  bytes: number;
  json: boolean;
}

interface Figures {
  pages: number;
  passages: number;
  /** Processor time: of the whole process, so that a busy machine counts little. */
  read_ms: number;
  split_ms: number;
}

/** With `--json` the last line of standard output is one JSON object, with the same figures by format. */
export async function benchRead(args: string[]): Promise<void> {
  const { pages, bytes, json } = optionsOf<Options>(
    new Command('bench read')
      .description(
        `Reading made-up pages (${PAGE_ENDINGS.join(', ')}, as many of each) as \`fedcar ingest\` does, and ` +
          'splitting them into passages that fit the encoder as a region does: processor seconds.',
      )
      .option('--pages <n>', 'pages in all', whole(PAGE_ENDINGS.length), 10_000)
      .option('--bytes <n>', 'bytes of a page, at least', whole(100), 5000),
    args,
  );
  const folder = await mkdtemp(join(tmpdir(), 'fedcar-bench-read-'));
  try {
    const countTokens = await tokenCounter();
    const words = await sampleWords();
    const formats: Record<string, Figures> = {};
    for (const ending of PAGE_ENDINGS) {
      const of = join(folder, ending);
      await writePages(of, ending, { pages: Math.ceil(pages / PAGE_ENDINGS.length), bytes, words });
      formats[ending] = await measure(of, countTokens);
      if (!json) console.log(`${ending}: ${shown(formats[ending])}`);
    }
    const all = Object.values(formats).reduce(sum);
    if (!json) console.log(`all: ${shown(all)}`);
    else console.log(JSON.stringify({ ...all, total_s: totalS(all), bytes, formats }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const totalS = ({ read_ms, split_ms }: Figures): number => Math.round(read_ms + split_ms) / 1000;

function shown(figures: Figures): string {
  const { pages, passages, read_ms, split_ms } = figures;
  const each = (ms: number) => `${(ms / pages).toFixed(2)} ms`;
  return `${pages} pages, ${passages} passages: ${totalS(figures)} s (a page: read in ${each(read_ms)}, split in ${each(split_ms)})`;
}

function sum(a: Figures, b: Figures): Figures {
  return {
    pages: a.pages + b.pages,
    passages: a.passages + b.passages,
    read_ms: a.read_ms + b.read_ms,
    split_ms: a.split_ms + b.split_ms,
  };
}

interface Countable {
  countTokens(text: string): number;
  maxTokens: number;
}

/** As the shipped encoder counts. */
async function tokenCounter(): Promise<Countable> {
  const folder = join(PROJECT, 'models', 'minilm');
  const manifest = ModelManifest.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
  const { maxTokens, prompts } = manifest;
  const tokenizer = openTokenizer(await readFile(join(folder, 'tokenizer.json')), { maxTokens, prompts });
  return { countTokens: (text) => tokenizer.encode(text, 'passage').length, maxTokens };
}

/** Words of the sample help centre, the most frequent first. */
async function sampleWords(): Promise<string[]> {
  const text = await readFile(join(PROJECT, 'samples', 'corpus.jsonl'), 'utf8');
  const counts = new Map<string, number>();
  for (const [word] of text.toLowerCase().matchAll(/[a-z]{2,}/g))
    counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)!);
}

async function writePages(
  folder: string,
  ending: string,
  { pages, bytes, words }: { pages: number; bytes: number; words: readonly string[] },
): Promise<void> {
  await mkdir(folder);
  for (let page = 0; page < pages; page++) {
    await writeFile(join(folder, `${page}.${ending}`), madeUpPage(page, ending, bytes, words));
  }
}

async function measure(folder: string, countable: Countable): Promise<Figures> {
  const { files } = await documentFiles(folder);
  const figures: Figures = { pages: 0, passages: 0, read_ms: 0, split_ms: 0 };
  let last = processorMs();
  const lap = (): number => {
    const now = processorMs();
    const ms = now - last;
    last = now;
    return ms;
  };
  for await (const { document } of readDocumentFiles(files, null)) {
    figures.read_ms += lap();
    figures.pages += 1;
    figures.passages += splitDocument({ format: 'text', ...document }, countable).length;
    figures.split_ms += lap();
  }
  figures.read_ms += lap();
  return figures;
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
