/**
 * `bench accuracy --withhold … --json | tsx test/checks/accuracy-bench.ts`: passes on what the bench printed, and fails
 * where its last line lacks a figure, or where training did not put the right document first more often than plain
 * search does.
 */
import { text } from 'node:stream/consumers';
import { z } from 'zod';

const rate = z.number().min(0).max(1);
const interval = z.tuple([rate, rate]);
const plain = { mips_top1: rate, vector_top1: rate, keyword_top1: rate, hybrid_top1: rate };
const rates = { top1: rate, recall_at_10: rate, mrr_at_10: rate, ndcg_at_10: rate, ...plain };
const withheld = { seen_top1: rate, unseen_top1: rate };
const intervals = Object.keys({ ...rates, ...withheld }).map((name) => [name, interval]);

const Report = z
  .looseObject({
    ...rates,
    ...withheld,
    intervals: z.looseObject(Object.fromEntries(intervals)),
    rounds: z.int().positive(),
    wall_s: z.number().positive(),
    critical_path_s: z.number().positive(),
    epsilon: z.number().nullable(),
    curve: z.array(z.looseObject({ round: z.int(), loss: z.number(), top1: z.number() })),
  })
  .refine(({ curve, rounds }) => curve.length === rounds, 'the curve has a point for every round')
  .refine((report) => report.top1 > report.hybrid_top1, 'training beats plain search');

const printed = await text(process.stdin);
process.stdout.write(printed);
const report = Report.safeParse(JSON.parse(printed.trim().split('\n').at(-1) || 'null'));
if (!report.success) {
  console.error(`FAILED:\n${z.prettifyError(report.error)}`);
  process.exitCode = 1;
}
