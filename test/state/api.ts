/** The few calls by which fixtures are made and tried: the same in every release. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Run } from '../../shared/protocol/api/run.ts';
import { ITEMS, RECORDS } from './corpus.ts';

const REGIONS = ['east', 'west'];
const KINDS = ['local', 'step'] as const;
const SETTINGS = {
  regions: REGIONS,
  adapter: { kind: 'low-rank', rank: 1 },
  schedule: { everyHours: 0 },
  heldOutShare: 0.25,
  // So few questions prove nothing: what counts here is that a version comes of them.
  gate: { margin: -1, probeTolerance: 1 },
  training: {
    seed: 7,
    activeThreshold: 1,
    phases: KINDS.map((rounds) => ({
      train: rounds === 'local' ? 'head' : 'adapter-and-head',
      rounds,
      passes: 1,
      optimiser: { kind: 'momentum', momentum: 0, headRate: 1, decay: 'constant', warmup: 0 },
    })),
  },
};
/** Few questions are enough for runs of the fixtures. */
export const NO_CENSUS = { censusEpsilon: 0 };
/** Settings of privacy with noise; those before it are the older ones. */
export const NOISED = {
  ...{ noise: 'on', epsilon: 90, runEpsilon: 40, training: { steps: 3, countsShare: 0.5 } },
  ...NO_CENSUS,
};

export class Api {
  readonly #base: string;
  constructor(url: string) {
    this.#base = `${url}/v1`;
  }
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const init: RequestInit = { method, headers: { 'content-type': 'application/json' } };
    if (body !== undefined) init.body = JSON.stringify(body);
    // A server may close a connection that was idle just as it is used again.
    const send = () => fetch(this.#base + path, init);
    const response = await send().catch(send);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
    return (text === '' ? null : JSON.parse(text)) as T;
  }
  /** A collection with settings as far as this code has them: those of privacy are younger than the rest. */
  async collection(name: string, privacies: (object | null)[]): Promise<boolean> {
    let last: unknown;
    for (const privacy of privacies) {
      const settings = privacy === null ? SETTINGS : { ...SETTINGS, privacy };
      try {
        await this.call('POST', '/collections', { name, settings });
        return true;
      } catch (error) {
        last = error;
      }
    }
    process.stderr.write(`${name}: ${last}\n`);
    return false;
  }
  async fill(name: string, records = RECORDS): Promise<void> {
    const at = `/collections/${name}`;
    await this.call('POST', `${at}/items`, { items: ITEMS.slice(0, 2), region: 'east' });
    await this.call('POST', `${at}/items`, { items: ITEMS.slice(2), region: 'west' });
    const half = Math.ceil(records.length / 2);
    await this.call('POST', `${at}/feedback`, { region: 'east', records: records.slice(0, half) });
    await this.call('POST', `${at}/feedback`, { region: 'west', records: records.slice(half) });
  }
  /** An invitation for `fedcar join`. */
  async invite(name: string, participant: string): Promise<string> {
    const at = `/collections/${name}/participants/invitations`;
    return (await this.call<{ invitation: string }>('POST', at, { name: participant })).invitation;
  }
  async start(name: string): Promise<string> {
    return (await this.call<Run>('POST', `/collections/${name}/rounds`)).run;
  }
  async until(name: string, run: string, done: (run: Run) => boolean): Promise<Run> {
    for (let i = 0; ; i++) {
      const seen = await this.call<Run>('GET', `/collections/${name}/rounds/${run}`);
      if (done(seen)) return seen;
      if (i > 3000) throw new Error(`${name}: ${JSON.stringify(seen).slice(0, 1000)}`);
      await sleep(100);
    }
  }
}
