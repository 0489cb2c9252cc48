/**
 * A coordinator and four participants (t = 3) as processes of their own on loopback, killed without warning. The
 * short form kills one of each once; with FEDCAR_FULL=1 each dies in every phase.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processIo } from '../../../cli/fedcar/io.ts';
import { main } from '../../../cli/fedcar/main.ts';
import type { Run } from '../../../shared/protocol/api/run.ts';
import { Federation } from '../../federation/federation.ts';
import { type Member, prepareSite, removeSite, type Site } from '../../federation/processes.ts';
import { workerModules } from '../../helpers/service.ts';

const FULL = process.env.FEDCAR_FULL === '1';
const MINUTES = 60_000;
let site: Site;

beforeAll(async () => {
  site = await prepareSite(await mkdtemp(join(tmpdir(), 'fedcar-federation-')), await workerModules());
}, 5 * MINUTES);
afterAll(() => removeSite(site));

/** Rounds that came to a sum. A round that failed released nothing, and another took its place. */
const released = (run: Run) => run.rounds.filter(({ error }) => error === null);

/** Kills the coordinator at each of these moments in the life of its participants, once. */
function killHubAt(federation: Federation, moments: readonly string[]): Set<string> {
  const left = new Set(moments);
  for (const member of federation.members) {
    member.onEvent((event) => {
      if (federation.hub.alive && left.delete(event)) void federation.hub.kill();
    });
  }
  return left;
}

/** Every round was charged once, at the hub and at every member, and no other. */
async function expectChargedOnce(federation: Federation): Promise<void> {
  expect(await federation.charges()).toEqual({ counts: 1, train: 2, gate: 1 });
  for (const member of federation.members) {
    const ledger = await federation.ledgerOf(member);
    expect(ledger.map(({ kind }) => kind)).toEqual(['counts', 'train', 'train', 'gate']);
    expect(new Set(ledger.map(({ round }) => round)).size).toBe(4);
  }
}

describe('with noise', () => {
  const federation = () => one;
  let one: Federation;
  beforeAll(async () => {
    one = new Federation(site, 'noised');
    await one.begin('on');
  }, 10 * MINUTES);
  afterAll(() => one.end());

  it(
    'a participant and the coordinator die: the run ends, every round is charged once',
    async () => {
      const [north] = federation().members;
      await north?.kill();
      await north?.start('before masked');
      const moments = FULL
        ? [
            'after ready',
            'before share',
            'after frames',
            'before consistency',
            'before unmask',
            'after unmask',
          ]
        : ['after consistency'];
      const left = killHubAt(federation(), moments);
      const run = await federation().run();
      expect(left).toEqual(new Set());
      expect(['published', 'rejected'], run.error ?? '').toContain(run.state);
      expect(released(run).map(({ kind }) => kind)).toEqual(['count', 'train', 'train', 'gate']);
      await expectChargedOnce(federation());
    },
    10 * MINUTES,
  );

  it('a participant leaves by the command, and the next roster goes without it', async () => {
    const west = one.members[3];
    await west?.kill();
    const said: string[] = [];
    const io = { ...processIo(), stdout: { write: (text: string) => said.push(text) } };
    const args = ['join', one.hub.url, '--state', west?.state ?? '', '--leave', '--yes', '--json'];
    expect(await main(args, io)).toBe(0);
    expect(JSON.parse(said.join(''))).toEqual({ collection: 'noised', participant: 'west', left: true });
    expect(await one.states()).toEqual({ east: 'member', north: 'member', south: 'member' });
  });
});

describe.runIf(FULL)('a participant that is removed while a run is on', () => {
  it(
    'is in the sums before and in none after, and the others go on under another roster',
    async () => {
      const federation = new Federation(site, 'shrinking');
      let west: Member | undefined;
      try {
        // A round under way goes on without the one that is removed: three of four are enough.
        await federation.begin('off', 0, 0);
        const patch = { settings: { schedule: { minParticipants: 2 } } };
        await federation.hub.call('PATCH', '/v1/collections/shrinking', patch);
        let removal: Promise<unknown> | null = null;
        federation.members[0]?.onEvent((event) => {
          if (event === 'after unmask') removal ??= federation.call('DELETE', '/participants/west');
        });
        // It ends by itself and is not started again.
        west = federation.members.pop();
        const rounds = released(await federation.run());
        await removal;
        expect(rounds[0]).toMatchObject({ kind: 'count', contributors: 4 });
        expect(rounds.at(-1)).toMatchObject({ kind: 'gate', contributors: 3 });
        expect(Object.keys(rounds.at(-1)?.participants ?? {})).toEqual(['east', 'north', 'south']);
        expect(await federation.states()).toEqual({ east: 'member', north: 'member', south: 'member' });
        await west?.process?.exited();
        expect(west?.process?.stderr).toContain('not_a_participant');
      } finally {
        await west?.kill();
        await federation.end();
      }
    },
    15 * MINUTES,
  );
});

describe.runIf(FULL)('a Worker of another account', () => {
  it(
    'joins by configuration, is killed and comes back, and is in every sum',
    async () => {
      const federation = new Federation(site, 'mixed');
      try {
        await federation.begin('off', 1);
        const [guest] = federation.guests;
        let killed = false;
        // Its neighbour masks: it is in the middle of the round too.
        federation.members[0]?.onEvent((event) => {
          if (killed || event !== 'before masked') return;
          killed = true;
          void guest?.kill();
        });
        const run = await federation.run();
        expect(killed).toBe(true);
        expect(released(run).map(({ kind, contributors }) => [kind, contributors])).toEqual([
          ['count', 4],
          ['count', 4],
          ['train', 4],
          ['train', 4],
          ['gate', 4],
        ]);
      } finally {
        await federation.end();
      }
    },
    15 * MINUTES,
  );
});

describe.runIf(FULL)('without noise', () => {
  let federation: Federation;
  let calm: Run;
  let heldOut: Awaited<ReturnType<Federation['heldOut']>>;

  beforeAll(async () => {
    federation = new Federation(site, 'exact');
    await federation.begin('off');
    calm = await federation.run();
    heldOut = await federation.heldOut(calm.version ?? 0);
  }, 15 * MINUTES);
  afterAll(() => federation.end());

  /** The same sums as in the calm run: everybody was in each of them, once. */
  async function expectSameSums(run: Run): Promise<void> {
    const rounds = released(run);
    expect(rounds.map(({ kind, contributors }) => [kind, contributors])).toEqual(
      calm.rounds.map(({ kind }) => [kind, 4]),
    );
    for (const [index, { loss }] of rounds.entries()) {
      const expected = calm.rounds[index]?.loss ?? null;
      // Dithers differ from run to run.
      if (expected !== null) expect(loss).toBeCloseTo(expected, 3);
    }
    const { units, ...shares } = (await federation.heldOut(run.version ?? 0)) ?? {};
    expect(units).toBe(heldOut?.units);
    // One unit is 0.03 of them; dithers are less than 0.001.
    for (const [name, share] of Object.entries(shares))
      expect(share).toBeCloseTo(Reflect.get(heldOut ?? {}, name), 2);
  }

  it('a calm run has everybody in every sum', () => {
    expect(calm.rounds.map(({ kind, contributors }) => [kind, contributors])).toEqual([
      ['count', 4],
      ['count', 4],
      ['train', 4],
      ['train', 4],
      ['gate', 4],
    ]);
  });

  it.each([
    [['after instruction', 'before ready', 'after ready', 'before advertise']],
    [['after advertise', 'before share', 'after share', 'before masked']],
    [['after masked', 'before frames', 'after frames', 'before consistency']],
    [['after consistency', 'before unmask', 'after unmask', 'before instruction']],
  ])(
    'participants die at %j: the sums are the same',
    async (moments) => {
      // Runs start from the same version, so that they can be compared.
      await federation.call('POST', '/models/0/activate');
      for (const [index, member] of federation.members.entries()) {
        await member.kill();
        await member.start(moments[index] ?? null);
      }
      await expectSameSums(await federation.run());
      for (const { process } of federation.members) expect(process?.alive).toBe(true);
    },
    10 * MINUTES,
  );

  it(
    'the coordinator dies in every phase: the sums are the same',
    async () => {
      await federation.call('POST', '/models/0/activate');
      const left = killHubAt(federation, [
        'after instruction',
        'before ready',
        'after ready',
        'after advertise',
        'after share',
        'after masked',
        'after frames',
        'after consistency',
        'before unmask',
      ]);
      await expectSameSums(await federation.run());
      expect(left).toEqual(new Set());
    },
    10 * MINUTES,
  );
});
