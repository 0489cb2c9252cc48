/**
 * Makes a fixture of stored state with the code of the folder that it is called in: a deployment with two collections,
 * one that trained and trains again when the process ends, and one with guests that joined by `fedcar join`, where
 * that code has it. `npm run fixture:state` calls it for the present code or for an earlier commit; see README.md.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Run } from '../../shared/protocol/api/run.ts';
import { Api, NOISED } from './api.ts';
import { pack } from './archive.ts';
import { RECORDS } from './corpus.ts';
import { type Guest, guestOf } from './guest.ts';

/** Two of another operator: one beside the deployment's own regions has nobody to hide among. */
const GUESTS = ['guest', 'second'];

interface Deployment {
  url: string;
  tick(): Promise<void>;
  stop(): Promise<void>;
}
async function make(root: string, folder: string): Promise<void> {
  const { startDeployment } = (await import(pathToFileURL(join(root, 'cli', 'deployment.ts')).href)) as {
    startDeployment(options: object): Promise<Deployment>;
  };
  const deployment = await startDeployment({ folder: join(folder, 'deployment') });
  try {
    const api = new Api(deployment.url);
    await api.collection('kept', [{ noise: 'off' }, null]);
    await api.fill('kept');
    const ended = (run: Run) => run.state !== 'running';
    const first = await api.until('kept', await api.start('kept'), ended);
    process.stderr.write(`kept: ${first.state} ${first.version} ${first.error ?? ''}\n`);
    if (await api.collection('noised', [NOISED])) {
      await api.fill('noised', RECORDS.slice(0, 12));
      const noised = await api.until('noised', await api.start('noised'), ended);
      process.stderr.write(`noised: ${noised.state} ${noised.version} ${noised.error ?? ''}\n`);
    }
    if (existsSync(join(root, 'cli', 'participant', 'join-command.ts'))) {
      await api.collection('joined', [{ noise: 'off' }]);
      await api.fill('joined', RECORDS.slice(0, 8));
      const guests: Guest[] = [];
      for (const name of GUESTS) {
        const invitation = await api.invite('joined', name);
        // Earlier releases take terms without noise unasked, and do not know the option.
        const asks = ['cli', 'shared'].some((part) =>
          existsSync(join(root, part, 'participant/weak-terms.ts')),
        );
        const options = ['--invite', invitation, '-y', ...(asks ? ['--allow-no-noise'] : [])];
        guests.push(await guestOf(root, deployment.url, join(folder, name), options));
      }
      const joined = await api.until('joined', await api.start('joined'), ended);
      process.stderr.write(`joined: ${joined.state} ${joined.version} ${joined.error ?? ''}\n`);
      // The guests go in the middle of the next one.
      const next = await api.start('joined');
      await api.until('joined', next, ({ rounds }) => rounds.some(({ kind }) => kind === 'train'));
      for (const guest of guests) await guest.stop();
    }
    const next = await api.start('kept');
    await api.until('kept', next, ({ rounds }) => rounds.some(({ kind }) => kind === 'train'));
  } finally {
    await deployment.stop();
  }
}

const [, , root = process.cwd(), file = 'state.br'] = process.argv;
const folder = join(tmpdir(), `fedcar-state-${process.pid}`);
try {
  await make(root, folder);
  const bytes = pack(folder, (path) => /(\/(objects|do)\/.*\.sqlite|^(guest|second)\/state\/.*)$/.test(path));
  writeFileSync(file, bytes);
  process.stderr.write(`${file}: ${bytes.length} bytes\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
