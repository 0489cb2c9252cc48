/** What a participant keeps over its lives: keys, query log, ledger; and how its loop ends. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readData } from '../../../../cli/participant/data.ts';
import { LedgerFile } from '../../../../cli/participant/ledger-file.ts';
import { openQueryLog } from '../../../../cli/participant/query-log.ts';
import { serve } from '../../../../cli/participant/service.ts';
import { ParticipantState } from '../../../../cli/participant/state.ts';
import { toHex, utf8 } from '../../../../shared/crypto/bytes.ts';
import { hashBytes, hashJson } from '../../../../shared/crypto/hash.ts';
import { ConnectionError, HubError } from '../../../../shared/participant/http-port.ts';
import type { Job } from '../../../../shared/participant/shard-store.ts';
import { MOST_RECORDS } from '../../../../shared/privacy/clipping.ts';
import { type LedgerEntry, mainOrder, spent } from '../../../../shared/privacy/ledger.ts';
import { samplingRate } from '../../../../shared/privacy/rational.ts';
import { isHeldOut } from '../../../../shared/privacy/units.ts';
import type { FeedbackInput } from '../../../../shared/protocol/api/feedback.ts';
import { CollectionSettings } from '../../../../shared/protocol/settings.ts';
import { planNoise, policyOf } from '../../../../shared/round/noise-plan.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-join-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const settings = CollectionSettings.parse({ heldOutShare: 0.5 });
const { adapter, privacy, heldOutShare, retentionDays } = settings;
const terms = { adapter, privacy, heldOutShare, retentionDays };
const record = (query: string, more: Partial<FeedbackInput> = {}): FeedbackInput => ({
  query,
  item: 'a',
  relevant: true,
  ...more,
});

describe('the query log', () => {
  const key = new Uint8Array(32).fill(1);
  const open = (records: FeedbackInput[], now: number, more: object = {}) =>
    openQueryLog(folder, records, {
      terms,
      key,
      tokenize: (text) => new Int32Array(text.length),
      now,
      ...more,
    });

  it('takes no more records than the sensitivity of a sum holds for, and regions keep fewer', () => {
    const many = new Array<FeedbackInput>(MOST_RECORDS + 1).fill(record('one', { id: 'x' }));
    expect(() => open(many, 100)).toThrow('records: at most 1000000 in one log, got 1000001');
    const kept = (recordsPerRegion: number) =>
      CollectionSettings.safeParse({ feedback: { recordsPerRegion } });
    expect(kept(MOST_RECORDS).success).toBe(false);
    expect(kept(MOST_RECORDS / 2).success).toBe(true);
  });

  it('gives a record its number and its moment once', () => {
    const first = open([record('one'), record('two', { id: 'x' })], 100);
    expect(first.map(({ n, at, length }) => [n, at, length])).toEqual([
      [0, 100, 3],
      [1, 100, 3],
    ]);
    const later = open([record('zero'), record('two', { id: 'x' }), record('one')], 200);
    expect(later.map(({ n, at }) => [n, at])).toEqual([
      [2, 200],
      [1, 100],
      [0, 100],
    ]);
    // Another text under the same id is another record, however young.
    expect(open([record('2', { id: 'x' })], 300)).toMatchObject([{ n: 3, at: 300 }]);
    appendFileSync(join(folder, 'records.jsonl'), '{"n":4,"id"');
    expect(open([record('one'), record('new')], 400).map(({ n }) => n)).toEqual([0, 4]);
    expect(open([record('new')], 500)).toMatchObject([{ n: 4, at: 400 }]);
  });

  it('keeps the age of an event whose first line is gone, which it has paid for', () => {
    const [first, second] = [record('one', { id: 'x' }), record('two', { id: 'x' })];
    expect(open([first], 100)).toMatchObject([{ at: 100, arrived: 100 }]);
    expect(open([first, second], 200).map(({ arrived }) => arrived)).toEqual([100, 100]);
    expect(open([second], 300)).toMatchObject([{ at: 200, arrived: 100 }]);
    // A line of an earlier release tells its event when it is next read.
    const lines = readFileSync(join(folder, 'records.jsonl'), 'utf8').split('\n').slice(0, -1);
    const earlier = lines.map((line) => {
      const { event: _, ...rest } = JSON.parse(line) as Record<string, unknown>;
      return `${JSON.stringify(rest)}\n`;
    });
    writeFileSync(join(folder, 'records.jsonl'), earlier.join(''));
    expect(open([first, second], 400).map(({ n, arrived }) => [n, arrived])).toEqual([
      [0, 100],
      [1, 100],
    ]);
    expect(open([second], 500)).toMatchObject([{ n: 1, arrived: 100 }]);
    // Of a contributor's own the last word counts, and nothing else is there.
    const whole = { terms: { ...terms, privacy: { ...privacy, unit: 'contributor' } } };
    const said = (query: string) => record(query, { id: 'y', contributor: 'ann' });
    open([said('three')], 600, whole);
    expect(open([said('four')], 700, whole)).toMatchObject([{ at: 700, arrived: 700 }]);
  });

  it('takes a repeat without a name for an event of its own, also when it is read again', () => {
    const lines = [record('one'), record('one'), record('two', { id: 'x' }), record('two', { id: 'x' })];
    const log = open(lines, 100);
    expect(log.map(({ n }) => n)).toEqual([0, 1, 2]);
    expect(new Set(log.map(({ event }) => event)).size).toBe(3);
    const again = open([record('zero'), ...lines, record('one')], 200);
    expect(again.map(({ n, at }) => [n, at])).toEqual([
      [3, 200],
      [0, 100],
      [1, 100],
      [2, 100],
      [4, 200],
    ]);
  });

  it('keeps two people apart who ask the same', () => {
    const whole = { terms: { ...terms, privacy: { ...privacy, unit: 'contributor' } } };
    const both = [record('same', { contributor: 'ann' }), record('same', { contributor: 'bob' })];
    expect(open(both, 100, whole).map(({ contributor }) => contributor)).toEqual(['ann', 'bob']);
    expect(open([...both, both[0]!], 100, whole)).toHaveLength(2);
  });

  it('keeps number, age and side of what an earlier version read', () => {
    const lines = Array.from({ length: 40 }, (_, i) =>
      record(`old ${i}`, i % 2 === 0 ? {} : { id: `id ${i}` }),
    );
    const share = samplingRate(heldOutShare);
    const before = lines.map((line, n) => {
      const id = line.id ?? toHex(hashBytes('fedcar record', utf8(`a\0${line.query}`)));
      const content = hashJson('fedcar record content', ['a', line.query, true, null]);
      return { n, id, content: toHex(content).slice(0, 32), at: 50, held: isHeldOut(id, share, key) };
    });
    const written = before.map(({ held: _, ...line }) => `${JSON.stringify(line)}\n`);
    writeFileSync(join(folder, 'records.jsonl'), written.join(''));
    const log = open([...lines, lines[0]!], 100);
    expect(log.slice(0, 40).map(({ n, at, held }) => [n, at, held])).toEqual(
      before.map(({ n, held }) => [n, 50, held]),
    );
    expect(log[40]).toMatchObject({ n: 40, at: 100 });
    expect(open([...lines, lines[0]!], 200).map(({ n, at, held }) => [n, at, held])).toEqual(
      log.map(({ n, at, held }) => [n, at, held]),
    );
  });

  it('divides units by the key alone, a contributor as a whole where it is the unit', () => {
    const many = Array.from({ length: 200 }, (_, i) => record(`query ${i}`, { contributor: `c${i % 10}` }));
    const held = open(many, 1).map((one) => one.held);
    expect(held.filter(Boolean).length).toBeGreaterThan(60);
    expect(held.filter(Boolean).length).toBeLessThan(140);
    rmSync(join(folder, 'records.jsonl'));
    expect(open(many, 9).map((one) => one.held)).toEqual(held);
    expect(open(many, 9, { key: new Uint8Array(32).fill(2) }).map((one) => one.held)).not.toEqual(held);
    const whole = { terms: { ...terms, privacy: { ...privacy, unit: 'contributor' } } };
    const byUnit = new Map<string, Set<boolean>>();
    for (const { contributor = '', held } of open(many, 9, whole)) {
      byUnit.set(contributor, (byUnit.get(contributor) ?? new Set()).add(held));
    }
    expect([...byUnit.values()].every((kinds) => kinds.size === 1)).toBe(true);
  });
});

describe('the ledger', () => {
  const policy = policyOf(privacy, retentionDays);
  const noiseMultiplier = planNoise(privacy, retentionDays).counts;
  const count = (round: number, task = 'a'): LedgerEntry => ({
    ...{ round, kind: 'counts', atMs: 1000 * round, samplingRate: 1, noiseMultiplier, steps: 1, task },
  });
  const open = (epsilon = privacy.epsilon) =>
    new LedgerFile(join(folder, 'ledger.jsonl'), { ...policy, epsilon });

  it('charges a round once, before and after a restart, and one task under its serial', () => {
    const ledger = open();
    expect(ledger.charge(count(1))).toBeNull();
    expect(ledger.charge(count(1))).toBeNull();
    expect(open().charge(count(1))).toBeNull();
    expect(open().entries()).toHaveLength(1);
    expect(open().refuses(count(1, 'b'))).toBe('privacy_charge_conflict');
    expect(open().charge(count(1, 'b'))).toBe('privacy_charge_conflict');
    expect(open().charge({ ...count(1), atMs: 1001 })).toBe('privacy_charge_conflict');
    expect(open().charge(count(2, 'b'))).toBeNull();
    expect(
      open()
        .entries()
        .map(({ round, task }) => [round, task]),
    ).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
    expect([open().lastRound(), open().spent(3000) > 0]).toEqual([2, true]);
  });

  it('reads the lines of earlier versions, which name rounds and no tasks', () => {
    const { task: _, ...before } = count(1);
    appendFileSync(join(folder, 'ledger.jsonl'), `${JSON.stringify({ ...before, id: 'r.0' })}\n`);
    expect(open().charge(count(1))).toBeNull();
    expect(open().entries()).toEqual([before]);
    // What they promised goes by the orders alone, and still does: the exact filter asks for less.
    expect(policy.order).toBe('gaussian');
    const promised = { ...policy, order: mainOrder(policy.epsilon, policy.delta) };
    expect(open().spent(1000)).toBe(spent(promised, [before], 1000).epsilon);
    expect(open().spent(1000)).toBeGreaterThan(spent(policy, [before], 1000).epsilon);
  });

  it('goes by the filter that it began with, also when its terms would choose another', () => {
    open().charge(count(1));
    const sampled = { ...policy, order: mainOrder(policy.epsilon, policy.delta) };
    const again = new LedgerFile(join(folder, 'ledger.jsonl'), sampled);
    expect(again.spent(1000)).toBe(spent(policy, [count(1)], 1000).epsilon);
  });

  it('charges nothing past its own budget, and survives a torn line', () => {
    expect(open(0.05).charge(count(1))).toContain('privacy_budget_exceeded');
    expect(open(0.05).entries()).toEqual([]);
    open().charge(count(1));
    appendFileSync(join(folder, 'ledger.jsonl'), '{"round":2,');
    expect(open().charge(count(3))).toBeNull();
    expect(open().entries()).toHaveLength(2);
    expect(readFileSync(join(folder, 'ledger.jsonl'), 'utf8').split('\n')).toHaveLength(3);
  });
});

describe('the state folder', () => {
  it('makes its key once, for its owner alone, and lets one process in', async () => {
    const state = new ParticipantState(join(folder, 'state'));
    const { signer, splitKey } = await state.identity();
    const again = await new ParticipantState(state.folder).identity();
    expect([again.signer.key, again.splitKey]).toEqual([signer.key, splitKey]);
    if (process.platform !== 'win32') {
      expect(statSync(join(state.folder, 'identity.json')).mode & 0o077).toBe(0);
    }
    await state.lock();
    writeFileSync(join(state.folder, 'lock'), String(process.ppid));
    await expect(state.lock()).rejects.toThrow(`process ${process.ppid} takes part from here already`);
    // A number that no process has.
    writeFileSync(join(state.folder, 'lock'), String(2 ** 22 + 1));
    await state.lock();
    state.release();
  });
});

describe('the data', () => {
  it('is a BEIR folder, or documents with a log', async () => {
    const beir = join(folder, 'beir');
    mkdirSync(join(beir, 'qrels'), { recursive: true });
    writeFileSync(join(beir, 'corpus.jsonl'), '{"_id":"a","title":"A","text":"text"}\n');
    writeFileSync(join(beir, 'queries.jsonl'), '{"_id":"1","text":"one"}\n{"_id":"2","text":"two"}\n');
    writeFileSync(join(beir, 'qrels', 'train.tsv'), 'query-id\tcorpus-id\tscore\n1\ta\t1\n2\ta\t1\n');
    writeFileSync(join(beir, 'regions.tsv'), 'query-id\tregion\n1\teast\n2\twest\n');
    const all = await readData(beir, {});
    expect(all.records.map(({ id, query, item }) => [id, query, item])).toEqual([
      ['1/a', 'one', 'a'],
      ['2/a', 'two', 'a'],
    ]);
    expect((await readData(beir, { only: 'west' })).records.map(({ query }) => query)).toEqual(['two']);
    const docs = join(folder, 'docs');
    mkdirSync(docs);
    writeFileSync(join(docs, 'help.md'), '# Help\n\nCall us.\n');
    await expect(readData(docs, {})).rejects.toThrow(
      'queries.jsonl: no such file: name the query log with --log',
    );
    writeFileSync(join(docs, 'queries.jsonl'), '{"query":"hi","item":"help.md"}\n');
    const own = await readData(docs, {});
    expect(own.records).toMatchObject([{ query: 'hi', item: 'help.md', relevant: true }]);
    expect(own.documents).toMatchObject([{ document: { key: 'help.md', title: 'Help' } }]);
    writeFileSync(join(docs, 'bad.jsonl'), '{"query":"hi"}\n');
    await expect(readData(docs, { log: join(docs, 'bad.jsonl') })).rejects.toThrow(
      'bad.jsonl:1: field "item"',
    );
  });
});

describe('the loop', () => {
  const JOB = { spec: { id: 'r.0', kind: 'count' } } as Job;
  /** Steps as told; a job stands after `true`. */
  async function run(steps: (number | null | Error)[], jobs: boolean[], more: object = {}) {
    const waits: number[] = [];
    const trouble: string[] = [];
    const followed: number[] = [];
    let at = 0;
    const shard = { job: () => (jobs[at - 1] ? JOB : null), rounds: 0 };
    const ended = await serve({
      participant: {
        async step() {
          const step = steps[at++];
          if (step instanceof Error) throw step;
          shard.rounds += jobs[at - 2] && !jobs[at - 1] ? 1 : 0;
          return step ?? null;
        },
      },
      shard,
      follow: async () => void followed.push(at),
      now: () => 0,
      once: false,
      idleMs: 7,
      pause: async (ms) => void waits.push(ms),
      stopping: () => at >= steps.length,
      onTrouble: (message) => trouble.push(message),
      ...more,
    });
    return { ended, waits, trouble, at, followed };
  }

  it('waits as it is told, and between questions while idle', async () => {
    expect(await run([null, 0, 50], [false, true, true])).toMatchObject({ ended: 'stopped', waits: [7, 50] });
  });

  it('follows the rosters before its first step and every ten minutes, also when the service is away at first', async () => {
    let now = 0;
    const followed: number[] = [];
    const result = await run([0, 0, 0, 0], [], {
      now: () => {
        now += 100_000;
        return now;
      },
      follow: async () => {
        followed.push(now);
        if (followed.length === 1) throw new ConnectionError('away');
      },
    });
    expect(result.trouble).toEqual(['away']);
    expect(followed).toEqual([100_000, 200_000]);
  });

  it('ends with the run, or after so many rounds', async () => {
    const once = await run([null, 0, 0, null, null], [false, true, true, false, false], { once: true });
    expect(once).toMatchObject({ ended: 'run over', at: 4 });
    const two = await run([0, 0, 0, 0, 0], [true, false, true, false, true], { rounds: 2 });
    expect(two).toMatchObject({ ended: 'rounds', at: 4 });
  });

  it('waits ever longer for a connection, and not for what will not change', async () => {
    const lost = new ConnectionError('lost');
    const result = await run([lost, lost, new HubError(503, 'unavailable', 'x'), 0, lost], [], {});
    expect(result.waits).toEqual([1000, 2000, 4000, 1000]);
    expect(result.trouble[0]).toBe('lost');
    await expect(run([new HubError(403, 'not_a_participant', 'x'), 0], [])).rejects.toThrow(
      'not_a_participant',
    );
    await expect(run([new Error('a bug'), 0], [])).rejects.toThrow('a bug');
  });
});
