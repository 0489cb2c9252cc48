/** `fedcar train`: runs of training, to start, to watch, to cancel, to look back on and forward to. */

import type { Client } from '../../../client/client.ts';
import type { Run } from '../../../shared/protocol/api/run.ts';
import type { Schedule } from '../../../shared/protocol/api/schedule.ts';
import { whole } from '../../bench/accuracy-options.ts';
import { table } from '../../table.ts';
import { startRun, watchRun } from '../../training.ts';
import type { Context, Shown } from '../context.ts';
import { Failure } from '../failure.ts';
import { moment } from '../format.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';

export const trainCommands: Register = (program, bind) => {
  const train = program.command('train').description('training runs');
  const start = train
    .command('start')
    .description('start a run now, outside the schedule; with noise it shows what that spends, and asks')
    .option('-w, --watch', 'stay until it has ended', false)
    .action(bind((context, options: { watch: boolean }) => begin(context, options.watch)));
  withExamples(start, [
    ['train start --watch -y', 'without being asked; exit status 1 unless it ended well'],
  ]);
  const standing = train
    .command('status')
    .description('what is under way, when the next run comes, and on which questions')
    .action(bind((context) => status(context)));
  withExamples(standing, [['train status', 'the date of the next run, and how many questions there are']]);
  const following = train
    .command('watch')
    .description('follow a run to its end')
    .argument('[run]', 'its id (default: the newest)')
    .action(bind((context, id: string | undefined) => watch(context, id)));
  withExamples(following, [['train watch', 'the newest run; its end is the exit status']]);
  const listing = train
    .command('list')
    .description('runs, newest first, and when the next is due')
    .option('-n, --limit <n>', 'so many', whole(1, 100), 10)
    .action(bind((context, options: { limit: number }) => list(context, options.limit)));
  withExamples(listing, [['train list -n 3', 'and when the next is due, or what it waits for']]);
  const stopping = train
    .command('cancel')
    .description('stop a run; what serves goes on serving')
    .argument('[run]', 'its id (default: the newest)')
    .action(bind((context, id: string | undefined) => cancel(context, id)));
  withExamples(stopping, [['train cancel', 'the newest run; nothing of it is released']]);
};

async function begin(context: Context, stay: boolean): Promise<Shown> {
  return await context.change({ what: `start a training run of ${context.collection}` }, async () => {
    const client = await context.client();
    const { noise, next_run, lost, budget, epsilon } = await client.call('GET /privacy');
    if (noise === 'on') {
      const cost = `ε of a question that it reads goes to at most ${next_run.epsilon.toFixed(2)} of ${budget}`;
      context.say(`${cost} (the most that one has spent now: ${epsilon.toFixed(2)})`);
      if (lost.runs > 0)
        context.say(
          `runs that published no version: ${lost.runs}; they have spent ε ${lost.epsilon.toFixed(2)}`,
        );
      await context.confirm(`start a training run of ${context.collection}`);
    }
    const run = await startRun(client);
    if (stay) return await follow(context, client, run.run);
    return { json: run, text: `run ${run.run} is under way; fedcar train watch follows it` };
  });
}

async function status(context: Context): Promise<Shown> {
  const { runs, schedule } = await (await context.client()).call('GET /rounds', { query: { limit: 1 } });
  const [last] = runs;
  const before = last === undefined ? 'no run yet' : `${outcome(last)}, begun ${moment(last.started_at)}`;
  return { json: { last: last ?? null, schedule }, text: [before, ...due(schedule)].join('\n') };
}

async function watch(context: Context, id: string | undefined): Promise<Shown> {
  const client = await context.client();
  return await follow(context, client, id ?? (await newest(client)));
}

async function follow(context: Context, client: Client, id: string): Promise<Shown> {
  const bar = context.progress('training', 1);
  const report = await watchRun(client, id, bar);
  bar.end(`${report.finished} rounds, ${report.state}`);
  const good = ['published', 'rejected', 'postponed'].includes(report.state);
  return { json: report, text: outcome(report), exit: good ? 0 : 1 };
}

function outcome({ run, state, version, error }: Run): string {
  if (state === 'published') return `run ${run}: version ${version} serves`;
  if (state === 'rejected')
    return `run ${run}: the gate did not publish version ${version}; what served goes on serving`;
  if (state === 'running') return `run ${run} is under way`;
  return `run ${run} ${state}: ${error ?? 'no reason was given'}`;
}

async function list(context: Context, limit: number): Promise<Shown> {
  const answer = await (await context.client()).call('GET /rounds', { query: { limit } });
  const rows = answer.runs.map((run) => [
    run.run,
    run.state,
    moment(run.started_at),
    `${run.finished}/${run.planned ?? '?'}`,
    run.version === null ? '–' : String(run.version),
    run.error ?? run.reason,
  ]);
  const head = ['run', 'state', 'started', 'rounds', 'version', 'why'];
  const runs = (width: number) =>
    rows.length === 0 ? 'no run yet' : table([head, ...rows], '', [0, 1, 2, 5], width);
  return { json: answer, text: (width) => [runs(width), ...due(answer.schedule)].join('\n') };
}

/** When the schedule starts the next run, what it reads, and what keeps it from starting. */
function due({ next_at, waiting, uses, reads_from, census }: Schedule): string[] {
  const lines = [''];
  if (waiting !== null) lines.push(`the schedule waits: ${waiting.detail}`);
  if (next_at !== null) lines.push(`the next run is due ${moment(next_at)}`);
  else if (waiting === null) lines.push('the schedule is off');
  if (uses !== null && reads_from !== null) {
    lines.push(`it reads what arrived since ${moment(reads_from)}; ${uses} runs may read a question`);
  }
  if (census !== null) {
    const { at, questions, deviation, needed } = census;
    lines.push(
      `about ${questions} (± ${deviation}) questions at ${moment(at)}; a run helps from about ${needed} on`,
    );
  }
  return lines;
}

async function cancel(context: Context, given: string | undefined): Promise<Shown> {
  const client = await context.client();
  const id = given ?? (await newest(client));
  return await context.change({ what: `cancel the run ${id}` }, async () => {
    const run = await client.call('POST /rounds/{run}/cancel', { params: { run: id } });
    const text = run.state === 'cancelled' ? `run ${id} is cancelled` : `run ${id} had ended: ${run.state}`;
    return { json: run, text };
  });
}

async function newest(client: Client): Promise<string> {
  const { runs } = await client.call('GET /rounds', { query: { limit: 1 } });
  const [run] = runs;
  if (run === undefined) throw new Failure('there is no run yet; fedcar train start begins one');
  return run.run;
}
