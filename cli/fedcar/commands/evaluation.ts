/** `fedcar evaluation`: questions that no participant touches, by which the hub judges versions. */
import { resolve } from 'node:path';
import { type EvaluationInfo, MOST_QUESTIONS } from '../../../shared/protocol/api/evaluation.ts';
import { openBeir } from '../../beir.ts';
import { whole } from '../../bench/accuracy-options.ts';
import { evaluationSetOf, someTestQueries } from '../../evaluation.ts';
import type { Context, Shown } from '../context.ts';
import { moment } from '../format.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';

export const evaluationCommands: Register = (program, bind) => {
  const evaluation = program
    .command('evaluation')
    .description('questions of the operator that judge versions and train nothing');
  const showing = evaluation
    .command('show')
    .description('whether there are any')
    .action(bind(async (context) => shown(await (await context.client()).call('GET /evaluation'))));
  const putting = evaluation
    .command('put')
    .description('judge by the test questions of a BEIR folder')
    .argument('<folder>', 'BEIR folder; its documents are in the collection')
    .option(
      '--limit <n>',
      'so many questions, spread over the file',
      whole(1, MOST_QUESTIONS),
      MOST_QUESTIONS,
    )
    .action(bind((context, folder: string, o: { limit: number }) => put(context, folder, o.limit)));
  const removing = evaluation
    .command('delete')
    .description('judge by them no more')
    .action(bind((context) => remove(context)));
  withExamples(showing, [['evaluation show -c faq', 'how many questions, and since when']]);
  withExamples(putting, [
    ['evaluation put datasets/faq', 'its test questions keep worse versions from serving'],
  ]);
  withExamples(removing, [['evaluation delete', 'only participants judge']]);
};

function shown(info: EvaluationInfo): Shown {
  const since = info.uploaded_at === null ? '' : `, since ${moment(info.uploaded_at)}`;
  const text =
    info.questions === 0
      ? 'no questions: only participants judge versions'
      : `${info.questions} questions${since}`;
  return { json: info, text };
}

async function put(context: Context, folder: string, limit: number): Promise<Shown> {
  const queries = await someTestQueries(
    await openBeir(resolve(context.io.cwd, folder), { splits: ['test'] }),
    limit,
  );
  const set = evaluationSetOf(queries);
  const client = await context.client();
  const what = `judge versions of ${context.collection} by ${set.queries.length} questions`;
  return await context.change({ what }, async () =>
    shown(await client.call('PUT /evaluation', { body: set })),
  );
}

async function remove(context: Context): Promise<Shown> {
  const client = await context.client();
  return await context.change(
    { what: `delete the questions that judge ${context.collection}`, confirm: true },
    async () => shown(await client.call('DELETE /evaluation')),
  );
}
