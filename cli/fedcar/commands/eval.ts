/** `fedcar eval`: how often the right document comes first, over a BEIR folder's test questions. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RetrievalSummary } from '../../../shared/retrieval/metrics.ts';
import { openBeir } from '../../beir.ts';
import { whole } from '../../bench/accuracy-options.ts';
import { CollectedFindings, findingLines } from '../../dataset/findings.ts';
import { orCompressed } from '../../dataset/lines.ts';
import { askAll, someTestQueries } from '../../evaluation.ts';
import { summarise } from '../../summary.ts';
import { percent, table } from '../../table.ts';
import type { Context, Shown } from '../context.ts';
import { Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';

interface Options {
  modelVersion: number[];
  limit?: number;
  split: string;
}

export const evalCommand: Register = (program, bind) => {
  const command = program
    .command('eval')
    .description('ask the test questions of a BEIR folder and count right answers')
    .argument('<folder>', 'BEIR folder; its documents are in the collection')
    .option(
      '--model-version <n>',
      'a version; may be repeated (default: 0 and what serves)',
      (text: string, all: number[]) => [...all, whole(0)(text)],
      [],
    )
    .option('--split <name>', 'qrels/NAME.tsv', 'test')
    .option('--limit <n>', 'so many questions, spread over the file', whole(1))
    .action(bind((context, folder: string, options: Options) => evaluate(context, folder, options)));
  withExamples(command, [['eval datasets/banking77 --limit 500', 'plain search against what serves']]);
};

async function evaluate(
  context: Context,
  path: string,
  { modelVersion, limit, split: testSplit }: Options,
): Promise<Shown> {
  const findings = new CollectedFindings();
  const judged = join(resolve(context.io.cwd, path), 'qrels', `${testSplit}.tsv`);
  if (!existsSync(orCompressed(judged))) {
    throw new Failure(`${judged}: no such file; --split names another of the folder's splits`);
  }
  const folder = await openBeir(resolve(context.io.cwd, path), { splits: ['test'], testSplit, findings });
  const queries = await someTestQueries(folder, limit);
  for (const line of findingLines(findings.entries, 'left out')) context.say(line);
  const client = await context.client();
  const { versions } = await client.call('GET /models');
  const serving = versions.find(({ state }) => state === 'serving')?.version ?? 0;
  const wanted = modelVersion.length > 0 ? modelVersion : [...new Set([0, serving])];
  const strange = wanted.find((number) => !versions.some(({ version }) => version === number));
  if (strange !== undefined)
    throw new Failure(`there is no version ${strange}; fedcar model list shows those that there are`);
  const results: ({ version: number } & RetrievalSummary)[] = [];
  for (const version of wanted) {
    const bar = context.progress(`version ${version}`, queries.length);
    const summary = summarise(await askAll(client, queries, version, bar));
    bar.end(`${queries.length} questions`);
    if (summary !== null) results.push({ version, ...summary });
  }
  const rows = results.map(({ version, top1, recall, mrr, ndcg }) => [
    version === 0 ? '0 (plain search)' : String(version),
    percent(top1.value),
    `${percent(top1.low)}–${percent(top1.high)}`,
    percent(recall.value),
    mrr.value.toFixed(3),
    ndcg.value.toFixed(3),
  ]);
  const head = ['version', 'top-1', '95 % interval', 'recall@10', 'MRR@10', 'nDCG@10'];
  return {
    json: { questions: queries.length, results, left_out: [...findings.entries.values()] },
    text: (width) => table([head, ...rows], '', [0], width),
  };
}
