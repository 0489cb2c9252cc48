/** `fedcar query`: the passages that answer a question. */
import type { SearchResponse } from '../../../shared/protocol/api/search.ts';
import { whole } from '../../bench/accuracy-options.ts';
import { pc } from '../../colours.ts';
import { visible } from '../../terminal-text.ts';
import type { Context, Shown } from '../context.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';

/** Characters of a passage. */
const SHOWN = 240;

interface Options {
  limit: number;
  threshold?: number;
  modelVersion?: number;
  region?: string;
  explain: boolean;
}

export const queryCommand: Register = (program, bind) => {
  const command = program
    .command('query')
    .description('search: the passages that answer a question')
    .argument('<question...>', 'the question')
    .option('-n, --limit <n>', 'results', whole(1, 50), 5)
    .option('--threshold <score>', 'leave out what scores lower, 0 to 1', Number)
    .option('--model-version <n>', 'a version; 0 is plain search (default: what serves)', whole(0))
    .option('--region <name>', "one region's documents only")
    .option('--explain', "each passage's score in plain search too", false)
    .action(bind((context, words: string[], options: Options) => query(context, words.join(' '), options)));
  withExamples(command, [
    ['query nobody rang my bell', 'the five best passages'],
    ['query -n 1 --json "where is my parcel?"', 'for a program'],
  ]);
};

async function query(context: Context, text: string, options: Options): Promise<Shown> {
  const { limit, threshold, modelVersion, region, explain } = options;
  const retrieval = {
    max_num_results: limit,
    ...(threshold === undefined ? {} : { match_threshold: threshold }),
  };
  const found = await (await context.client()).call('POST /search', {
    body: {
      query: text,
      ai_search_options: { retrieval },
      fedcar: {
        fresh: true,
        explain,
        ...(modelVersion === undefined ? {} : { model_version: modelVersion }),
        ...(region === undefined ? {} : { region }),
      },
    },
  });
  for (const error of found.errors) context.say(`region ${error.region} is missing: ${error.detail}`);
  return { json: found, text: shown(found, explain) };
}

function shown({ chunks, model_version, stale_seconds }: SearchResponse, explain: boolean): string {
  if (chunks.length === 0) return 'nothing was found; fedcar ingest adds documents';
  const entries = chunks.map(({ id, score, text, item, scoring_details }) => {
    const { base_score, head_score, words = [] } = scoring_details;
    const cosine = head_score === null ? '' : `, cosine ${head_score.toFixed(3)}`;
    const plain = base_score === null ? '' : `, plain ${base_score.toFixed(3)}`;
    const having = words.map(({ word, score: added }) => `${word} ${added.toFixed(3)}`).join(' ');
    const explained = explain ? `${cosine}${plain}${having === '' ? '' : `, words ${having}`}` : '';
    const title = item.title === '' ? '' : `${pc.bold(visible(item.title))}  `;
    const head = `${score.toFixed(2)}  ${title}${pc.dim(`${visible(id)}, ${item.region}${explained}`)}`;
    return `${head}\n      ${visible(beginning(text))}`;
  });
  return `${entries.join('\n')}\n${pc.dim(`model version ${model_version}${asOf(stale_seconds)}`)}`;
}

/** Of a passage as much as shows what it is, in whole words. */
function beginning(text: string): string {
  const plain = text.replace(/\s+/g, ' ');
  if (plain.length <= SHOWN) return plain;
  const end = plain.lastIndexOf(' ', SHOWN);
  return `${plain.slice(0, end > 0 ? end : SHOWN)} …`;
}

/** What to say of a version that could not be looked up in time. */
function asOf(staleSeconds: number | undefined): string {
  return staleSeconds === undefined ? '' : `, as of ${staleSeconds} s ago: the coordinator did not answer`;
}
