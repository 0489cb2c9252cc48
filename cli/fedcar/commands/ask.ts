/** `fedcar ask`: an answer in words, with the documents that it rests on. */
import type { ChatCompletion } from '../../../shared/protocol/api/chat.ts';
import { pc } from '../../colours.ts';
import { visible } from '../../terminal-text.ts';
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
  return { json: answer, text: shown(answer) };
}

/** The answer, then what was found, numbered as the answer cites it; the passages that it cites are marked. */
function shown({ choices, chunks, citations }: ChatCompletion): string {
  const lines = (choices[0]?.message.content ?? '').split('\n');
  const text = lines.map(visible).join('\n');
  if (chunks.length === 0) return text;
  const cited = new Set(citations);
  const sources = chunks.map(({ id, score, item }, index) => {
    const isCited = cited.has(id);
    const line = `${isCited ? '*' : ' '} [${index + 1}] ${visible(item.title)}  ${visible(id)}  ${score.toFixed(2)}`;
    return isCited ? line : pc.dim(line);
  });
  const legend = cited.size > 0 ? 'sources (* cited):' : 'found, and not cited:';
  return [text, '', legend, ...sources].join('\n');
}
