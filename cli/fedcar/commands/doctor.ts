/** `fedcar doctor`: looks at the configuration and the service, and says what is wrong. */
import { pc } from '../../colours.ts';
import { table } from '../../table.ts';
import type { Context, Shown } from '../context.ts';
import type { Finding } from '../diagnosis.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';

export const doctorCommand: Register = (program, bind) => {
  const command = program
    .command('doctor')
    .description('check configuration, secret, versions, clocks, sizes, model and languages')
    .action(bind((context) => examine(context)));
  withExamples(command, [['doctor --env production', 'exit status 1 when something is wrong']]);
};

async function examine(context: Context): Promise<Shown> {
  const { examineConfig, examineService } = await import('../diagnosis.ts');
  const { findings: configured, encoder } = await examineConfig(context.config, context.flags.env);
  const served = await examineService(await context.client(), context.io.now, encoder);
  const findings = [...configured, ...served];
  const bad = findings.some(({ state }) => state === 'wrong');
  return {
    json: { healthy: !bad, findings },
    text: (width) => table(findings.map(rowOf), '', [0, 1, 2], width),
    exit: bad ? 1 : 0,
  };
}

const MARKS = { ok: pc.green('ok'), warning: pc.yellow('warning'), wrong: pc.red('wrong') };

function rowOf({ name, state, detail }: Finding): string[] {
  return [MARKS[state], name, detail];
}
