/** `fedcar feedback`: which document answered a question, from a log. */
import { resolve } from 'node:path';
import { readFeedbackLines } from '../../dataset/document-files.ts';
import { counted, leftOutLines, uploadRecords } from '../../ingest.ts';
import type { Context, Shown } from '../context.ts';
import { withExamples } from '../help.ts';
import { openJournal } from '../journal.ts';
import type { Register } from '../program.ts';

interface Options {
  region?: string;
}

export const feedbackCommands: Register = (program, bind) => {
  const feedback = program.command('feedback').description('what the retriever learns from');
  const command = feedback
    .command('import')
    .description('upload a log of questions with the documents that answered them')
    .argument('<file>', 'JSON lines: query, item, and if you like relevant, id, contributor, region')
    .option('--region <name>', 'region of the records (default: as the line says, else the nearest)')
    .action(bind((context, file: string, options: Options) => load(context, file, options)));
  withExamples(command, [
    ['feedback import log.jsonl', '{"query": "no signal", "item": "faq/reset"} a line'],
    ['feedback import --region weur log.jsonl', 'all records into one region'],
  ]);
};

async function load(context: Context, name: string, { region }: Options): Promise<Shown> {
  const file = resolve(context.io.cwd, name);
  const records = () => readFeedbackLines(file, region ?? null);
  if (context.flags.dryRun) {
    let count = 0;
    for await (const _ of records()) count += 1;
    return { json: { dry_run: true, records: count }, text: `would upload ${count} records` };
  }
  const client = await context.client();
  const journal = await openJournal(
    context.io.cwd,
    `feedback ${client.url}${client.path} ${file} ${region}`,
    (line) => context.say(line),
  );
  const bar = context.progress('records', 0);
  const sent = await uploadRecords(client, records(), bar, journal);
  const before = sent.resumed > 0 ? `, ${sent.resumed} sent before` : '';
  const text = `${counted(sent.accepted, 'new record')}, ${sent.duplicates} known${before}`;
  bar.end();
  await journal.finish();
  return { json: sent, text: [text, ...leftOutLines(sent)].join('\n') };
}
