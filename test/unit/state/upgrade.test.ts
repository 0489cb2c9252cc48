/**
 * State that earlier releases stored, made by their own code (test/state): opened by this code in real workerd, it
 * answers as before, ends what was under way, trains, goes back to older versions, and guests take part again. The short
 * form opens the oldest state and the newest; with FEDCAR_FULL=1 all of them.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../../cli/deployment.ts';
import { PROJECT } from '../../../cli/worker-bundle.ts';
import type { Collection } from '../../../shared/protocol/api/collection.ts';
import type { Run } from '../../../shared/protocol/api/run.ts';
import type { Versions } from '../../../shared/protocol/api/version.ts';
import { UPGRADED } from '../../../shared/protocol/run-version.ts';
import { startService } from '../../helpers/service.ts';
import { Api, NO_CENSUS } from '../../state/api.ts';
import { unpack } from '../../state/archive.ts';
import { ITEMS, QUESTION, RECORDS } from '../../state/corpus.ts';
import { type Guest, guestOf } from '../../state/guest.ts';

const FIXTURES = join(PROJECT, 'test', 'state', 'fixtures');
const JUDGED = ['published', 'rejected'];

interface Search {
  model_version: number;
  chunks: { item: { key: string } }[];
  errors: unknown[];
}
const place = mkdtempSync(join(tmpdir(), 'fedcar-upgrade-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const ended = (run: Run) => run.state !== 'running';

const ALL = readdirSync(FIXTURES)
  .filter((file) => file.endsWith('.br'))
  .sort();
const OPENED = process.env.FEDCAR_FULL === '1' ? ALL : [ALL[0]!, ALL.at(-1)!];

describe.each(OPENED)('the state of %s', (file) => {
  const folder = join(place, file);
  let deployment: Deployment;
  let api: Api;
  let collections: string[];
  beforeAll(async () => {
    unpack(readFileSync(join(FIXTURES, file)), folder);
    deployment = await startService({ folder: join(folder, 'deployment') });
    api = new Api(deployment.url);
    const all = await api.call<{ collections: { name: string }[] }>('GET', '/collections');
    collections = all.collections.map(({ name }) => name);
  });
  afterAll(() => deployment.stop());

  /** By the version alone, unless memory is asked, too. */
  const search = (name: string, query: string, memory = false) =>
    api.call<Search>('POST', `/collections/${name}/search`, { query, fedcar: { memory } });
  const models = async (name: string) =>
    (await api.call<Versions>('GET', `/collections/${name}/models`)).versions;
  const train = async (name: string) => {
    const run = await api.until(name, await api.start(name), ended);
    expect(JUDGED, run.error ?? '').toContain(run.state);
    return run;
  };

  /** A census would find too few questions in either. */
  const withoutCensus = (name: string) =>
    api.call('PATCH', `/collections/${name}`, { settings: { privacy: NO_CENSUS } });

  it('answers as before', async () => {
    expect(collections).toContain('kept');
    const versions = (await models('kept')).map(({ version }) => version);
    expect(versions).toContain(1);
    for (const name of collections) {
      const found = await search(name, QUESTION.query);
      expect(found).toMatchObject({ errors: [], chunks: [{ item: { key: QUESTION.item } }, {}, {}, {}] });
    }
  });

  it('ends the run that was under way', async () => {
    await deployment.tick();
    const { runs } = await api.call<{ runs: Run[] }>('GET', '/collections/kept/rounds');
    expect(runs).toHaveLength(2);
    const last = await api.until('kept', runs[0]!.run, ended);
    // That of the newest state may be of the present release, and goes on.
    if (file === ALL.at(-1) && last.state !== 'cancelled')
      expect(JUDGED, last.error ?? '').toContain(last.state);
    else expect(last).toMatchObject({ state: 'cancelled', error: UPGRADED });
    const { rounds } = await api.call<Run>('GET', `/collections/kept/rounds/${runs[0]!.run}`);
    expect(rounds.filter(({ ended_at }) => ended_at === null)).toEqual([]);
  });

  /** How many of the log's questions find their document first; its names for them stand in none of the texts. */
  async function known(version: number): Promise<number> {
    await api.call('POST', `/collections/kept/models/${version}/activate`);
    const first = await Promise.all(
      RECORDS.map(async ({ query }) => {
        const found = await search('kept', query);
        expect(found.chunks).toHaveLength(ITEMS.length);
        return found.chunks[0]!.item.key;
      }),
    );
    return first.filter((key, index) => key === RECORDS[index]!.item).length;
  }

  it('trains, goes back and forth between versions, and keeps what each has learned', async () => {
    const before = await known(1);
    await withoutCensus('kept');
    const run = await train('kept');
    expect(run.version).toBeGreaterThan(1);
    expect(await known(0)).toBeLessThanOrEqual(RECORDS.length / 4);
    expect(await known(1)).toBe(before);
    // The least that one of them ever learned, whose gate refused it.
    expect(before).toBeGreaterThanOrEqual(RECORDS.length / 2);
    const after = await known(run.version!);
    // What is older than the setting has noise, under which so few questions teach nothing.
    const { settings } = await api.call<Collection>('GET', '/collections/kept');
    if (settings.privacy.noise === 'off') expect(after).toBeGreaterThanOrEqual((3 / 4) * RECORDS.length);
  });

  it('remembers the questions that were logged', async () => {
    await api.call('POST', '/collections/kept/models/0/activate');
    const remembered = async () => {
      const found = await Promise.all(RECORDS.map(({ query }) => search('kept', query, true)));
      return found.filter(({ chunks }, at) => chunks[0]!.item.key === RECORDS[at]!.item).length;
    };
    await expect.poll(remembered, { timeout: 60_000, interval: 1000 }).toBe(RECORDS.length);
  });

  it('keeps what noised rounds have cost, and pays for more', async ({ skip }) => {
    if (!collections.includes('noised')) return skip('of a time without noise');
    const spent = async () => {
      const { charges, epsilon } = await api.call<{ charges: { rounds: number }[]; epsilon: number }>(
        'GET',
        '/collections/noised/privacy',
      );
      return { rounds: charges.reduce((sum, { rounds }) => sum + rounds, 0), epsilon };
    };
    const before = await spent();
    // Counts, three steps, the gate.
    expect(before.rounds).toBe(5);
    await withoutCensus('noised');
    await train('noised');
    const after = await spent();
    expect(after.rounds).toBe(10);
    expect(after.epsilon).toBeGreaterThan(before.epsilon);
  });

  /** One guest beside two regions of one operator was never safe from that operator: earlier releases took it. */
  async function secondGuest(): Promise<Guest> {
    const at = join(folder, 'second');
    if (existsSync(at)) return guestOf(PROJECT, deployment.url, at);
    await expect(api.start('joined')).rejects.toThrow(/no_roster.*Invite more participants/);
    const invitation = await api.invite('joined', 'second');
    return guestOf(PROJECT, deployment.url, at, ['--invite', invitation, '--allow-no-noise', '-y']);
  }

  it('lets a guest take part again, from the state that it has', async ({ skip }) => {
    if (!collections.includes('joined')) return skip('of a time without guests');
    const guest = await guestOf(PROJECT, deployment.url, join(folder, 'guest'));
    let second: Guest | null = null;
    try {
      second = await secondGuest();
      const { runs } = await api.call<{ runs: Run[] }>('GET', '/collections/joined/rounds');
      await api.until('joined', runs[0]!.run, ended);
      const { rounds } = await train('joined');
      for (const name of ['guest', 'second']) {
        const present = rounds.map(({ participants }) => participants[name]?.phase);
        expect(present, guest.said() + second.said()).toEqual(rounds.map(() => 'ready'));
      }
    } finally {
      await guest.stop();
      await second?.stop();
    }
  });
});
