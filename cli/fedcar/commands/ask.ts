/** `fedcar ask`: an answer in words, with the documents that it rests on. */
import { pc } from '../../colours.ts';
import type { Context, Shown } from '../context.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';

export const askCommand: Register = (program, bind) => {
  const command = program
    .command('ask')
    .description('an answer in words, with its sources')
    .argument('<question...>', 'the question')
    .action(bind((context, words: string[]) => ask(context, words.join(' '))));
  withExamples(command, [['ask how do I return a jacket', 'an answer from the documents alone']]);
};

async function ask(context: Context, question: string): Promise<Shown> {
  const answer = await (await context.client()).call('POST /chat/completions', {
    body: {
      query: question,
      fedcar: { fresh: true },
    },
  });
  for (const error of answer.errors) context.say(error.detail);
  const sources = answer.chunks.map(({ id, score, item }) =>
    pc.dim(`  ${id}  ${item.title}  ${score.toFixed(2)}`),
  );
  const text = answer.choices[0]?.message.content ?? '';
  return { json: answer, text: [text, ...(sources.length > 0 ? ['', ...sources] : [])].join('\n') };
}
