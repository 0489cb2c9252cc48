/** The check that CI puts after the accuracy bench lets nothing pass that it should not. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const script = join(import.meta.dirname, '../../../checks/accuracy-bench.ts');
const check = (report: object) =>
  spawnSync(process.execPath, ['--import', 'tsx', script], {
    input: `a line before\n${JSON.stringify(report)}\n`,
    encoding: 'utf8',
  });

const rates = {
  ...{
    mips_top1: 0.6,
    vector_top1: 0.6,
    keyword_top1: 0.5,
    hybrid_top1: 0.6,
    top1: 0.8,
    recall_at_10: 0.9,
    mrr_at_10: 0.85,
    ndcg_at_10: 0.87,
  },
  ...{ seen_top1: 0.9, unseen_top1: 0.7 },
};
const intervals = Object.fromEntries(Object.keys(rates).map((name) => [name, [0.5, 0.95]]));
const curve = [{ round: 1, loss: 0.5, top1: 0.6 }];
const good = {
  ...{ ...rates, intervals, rounds: 1, wall_s: 9, critical_path_s: 3, epsilon: null, curve },
};

it('passes on and accepts a training that helped', () => {
  const ran = check(good);
  expect([ran.stderr, ran.status]).toEqual(['', 0]);
  expect(ran.stdout).toBe(`a line before\n${JSON.stringify(good)}\n`);
});

it.each([
  ['a figure that is missing', { ...good, unseen_top1: undefined }, 'unseen_top1'],
  ['an interval that is missing', { ...good, intervals: { ...intervals, seen_top1: null } }, 'seen_top1'],
  ['a curve of other rounds', { ...good, rounds: 3 }, 'a point for every round'],
  ['a training that did not help', { ...good, top1: 0.6 }, 'training beats plain search'],
])('fails at %s', (_, report, why) => {
  const ran = check(report);
  expect(ran.status).toBe(1);
  expect(ran.stderr).toContain(why);
});
