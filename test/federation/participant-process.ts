/**
 * A participant in a process of its own: what `fedcar join` runs, with a line on standard output for every request it
 * makes, and a SIGKILL to itself before or after one of them.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readData } from '../../cli/participant/data.ts';
import { becomeMember, type Connection, openParticipant } from '../../cli/participant/join.ts';
import { serve } from '../../cli/participant/service.ts';
import { ParticipantState } from '../../cli/participant/state.ts';

export interface ParticipantConfig {
  url: string;
  invitation: string;
  data: string;
  state: string;
  model: string;
  /** What to die at, once: `before masked`, `after advertise`, … */
  killAt: string | null;
}

const config = JSON.parse(process.argv[2] ?? '') as ParticipantConfig;
const died = join(config.state, 'died');

/** What a request is about, in a word or two. */
function nameOf(url: string, init: RequestInit): string {
  const path = new URL(url).pathname.split('/fl/')[1] ?? '';
  if (path === 'reports') {
    const report = JSON.parse(new TextDecoder().decode(init.body as Uint8Array)) as {
      type: string;
      message?: { kind: string };
    };
    return report.message?.kind ?? report.type;
  }
  return path.split('/').at(-1) ?? path;
}

function mark(moment: string): void {
  process.stdout.write(`${moment}\n`);
  const before = existsSync(died) ? readFileSync(died, 'utf8') : null;
  if (moment !== config.killAt || moment === before) return;
  writeFileSync(died, moment);
  process.kill(process.pid, 'SIGKILL');
}

const connection: Connection = {
  async fetch(url, init) {
    const name = nameOf(url, init);
    mark(`before ${name}`);
    const response = await fetch(url, init);
    mark(`after ${name}`);
    return response;
  },
  now: () => Date.now(),
  pause: async (ms) => void (await sleep(Math.min(ms, 500))),
  waitS: 5,
};

const state = new ParticipantState(config.state);
await state.lock();
const { signer } = await state.identity();
const data = await readData(config.data, {});
const membership = await becomeMember(
  state,
  signer,
  {
    url: config.url,
    invitation: config.invitation,
    allowed: { noNoise: true, maxEpsilon: 20, minColluders: 0 },
    agree: () => {},
  },
  connection,
);
const { participant, shard, follow } = await openParticipant({
  state,
  membership,
  data,
  model: config.model,
  connection,
});
process.stdout.write('ready\n');
await serve({
  participant,
  shard,
  follow,
  now: connection.now,
  once: false,
  idleMs: 300,
  pause: connection.pause,
  stopping: () => false,
  onTrouble: (message) => process.stderr.write(`${message}\n`),
});
