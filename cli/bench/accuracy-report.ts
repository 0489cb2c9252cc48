/** What `bench accuracy` prints: one object for programs, a table for people. */
import type { Estimate, RetrievalSummary } from '../../shared/retrieval/metrics.ts';
import type { BeirFolder } from '../beir.ts';
import type { AnsweredQuery, RetrievalType } from '../evaluation.ts';
import { summarise } from '../summary.ts';
import { percent, table } from '../table.ts';
import { peakWorkerdMemoryMb } from '../workerd-processes.ts';
import type { PlainAnswers, Trained } from './accuracy.ts';
import type { AccuracyOptions } from './accuracy-options.ts';
import { figuresOfAll, roundTenths, runFigures } from './accuracy-run.ts';

export interface Measured {
  folder: BeirFolder;
  plain: PlainAnswers;
  /** How the trained version was asked. */
  retrieval: RetrievalType;
  /** One training of all regions, or one for each. */
  trained: Trained[];
  ingestS: number;
  wallS: number;
}

/**
 * Rates are fractions, times seconds. Version 0 is asked by vectors, by words and by both. `seen_top1` and `unseen_top1`, with `--withhold` only: test queries about documents
 * with training queries, and about the others; null where there is no such query. The figures of the training are those of
 * `runFigures`. With `--local-only` they stand in `local_only`, region by region, with the region's top-1 and, where it
 * could not train, why: version 0 answers there. The rates of the report are then means over the regions, and of the
 * trainings it has what `figuresOfAll` says of them together.
 */
export function accuracyReport({ folder, plain, retrieval, trained, ingestS, wallS }: Measured) {
  const answers = trained.flatMap((one) => one.answers);
  const mips = plain.vector;
  const by = {
    vector: summaryOf(plain.vector),
    keyword: summaryOf(plain.keyword),
    hybrid: summaryOf(plain.hybrid),
  };
  const all = summaryOf(answers);
  const first = trained[0] as Trained;
  const sum = (value: (one: Trained) => number) => trained.reduce((total, one) => total + value(one), 0);
  const groups = folder.withheld.size === 0 ? {} : withheldGroups(folder, mips, answers);
  const alone = first.region !== null;
  return {
    documents: folder.counts.documents,
    training_queries: folder.counts.training,
    test_queries: mips.length,
    regions: folder.regions,
    /** How the trained version was asked; MIPS is version 0 by vectors. */
    retrieval,
    mips_top1: by.vector.top1.value,
    mips_recall_at_10: by.vector.recall.value,
    vector_top1: by.vector.top1.value,
    vector_recall_at_10: by.vector.recall.value,
    keyword_top1: by.keyword.top1.value,
    keyword_recall_at_10: by.keyword.recall.value,
    hybrid_top1: by.hybrid.top1.value,
    hybrid_recall_at_10: by.hybrid.recall.value,
    top1: all.top1.value,
    recall_at_10: all.recall.value,
    mrr_at_10: all.mrr.value,
    ndcg_at_10: all.ndcg.value,
    ...each(groups, (estimate) => estimate?.value ?? null),
    /** 95 % intervals. */
    intervals: {
      mips_top1: interval(by.vector.top1),
      vector_top1: interval(by.vector.top1),
      keyword_top1: interval(by.keyword.top1),
      hybrid_top1: interval(by.hybrid.top1),
      top1: interval(all.top1),
      recall_at_10: interval(all.recall),
      mrr_at_10: interval(all.mrr),
      ndcg_at_10: interval(all.ndcg),
      ...each(groups, (estimate) => (estimate === null ? null : interval(estimate))),
    },
    wall_s: roundTenths(wallS),
    ingest_s: roundTenths(ingestS),
    train_s: roundTenths(sum((one) => one.trainS)),
    ask_s: roundTenths(sum((one) => one.askS)),
    workerd_peak_mb: peakWorkerdMemoryMb(),
    ...(alone ? figuresOfAll(trained) : runFigures(first)),
    local_only: alone ? trained.map(aloneFigures) : null,
  };
}

function summaryOf(answers: AnsweredQuery[]): RetrievalSummary {
  return summarise(answers) as RetrievalSummary;
}

/** A region's training with its own queries. */
function aloneFigures(trained: Trained) {
  const { region, run, answers } = trained;
  const summary = summaryOf(answers);
  // A version that the gate rejected has a reason as well, but is there and answered.
  const outcome = { trained: run.state !== 'failed', reason: run.error };
  return { region, ...outcome, top1: summary.top1.value, ...runFigures(trained) };
}

/** Top-1 for documents whose training queries were left out, and for the others. */
function withheldGroups(folder: BeirFolder, mips: AnsweredQuery[], answers: AnsweredQuery[]) {
  const unseen = (query: AnsweredQuery) => [...query.relevant.keys()].some((id) => folder.withheld.has(id));
  const seen = (query: AnsweredQuery) => !unseen(query);
  const top1Of = (group: AnsweredQuery[]) => summarise(group)?.top1 ?? null;
  return {
    seen_top1: top1Of(answers.filter(seen)),
    unseen_top1: top1Of(answers.filter(unseen)),
    mips_seen_top1: top1Of(mips.filter(seen)),
    mips_unseen_top1: top1Of(mips.filter(unseen)),
  };
}

type Groups = Partial<ReturnType<typeof withheldGroups>>;

function each<V>(groups: Groups, value: (estimate: Estimate | null) => V): { [name in keyof Groups]: V } {
  return Object.fromEntries(Object.entries(groups).map(([name, estimate]) => [name, value(estimate)]));
}

function interval({ low, high }: { low: number; high: number }): [number, number] {
  return [low, high];
}

const ratesOf = (name: string, ...rates: number[]): string[] => [name, ...rates.map(percent)];

export function showReport(report: ReturnType<typeof accuracyReport>, { json }: AccuracyOptions): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const rows = [
    ['', 'vectors', 'words', 'both', `trained, ${report.retrieval}`],
    ratesOf('top-1', report.vector_top1, report.keyword_top1, report.hybrid_top1, report.top1),
    ratesOf(
      'recall@10',
      report.vector_recall_at_10,
      report.keyword_recall_at_10,
      report.hybrid_recall_at_10,
      report.recall_at_10,
    ),
    ['MRR@10', '', '', '', percent(report.mrr_at_10)],
    ['nDCG@10', '', '', '', percent(report.ndcg_at_10)],
  ];
  if (report.seen_top1 !== undefined) {
    const group = (name: string, plain?: number | null, trained?: number | null) =>
      rows.push([name, percent(plain ?? null), '', '', percent(trained ?? null)]);
    group('top-1, documents with queries', report.mips_seen_top1, report.seen_top1);
    group('top-1, documents without', report.mips_unseen_top1, report.unseen_top1);
  }
  const time = `${report.wall_s} s in all, ${report.train_s} s training`;
  if (report.local_only === null) {
    process.stdout.write(`\n${table(rows)}\n\n  ${report.rounds} rounds, ${report.state}; ${time}\n`);
    return;
  }
  const regions = report.local_only.map(({ region, top1, rounds, state, reason }) => [
    region ?? '',
    percent(top1),
    `${rounds}`,
    reason === null ? state : `${state}: ${reason}`,
  ]);
  const head = ['region alone', 'top-1', 'rounds', ''];
  process.stdout.write(`\n${table(rows)}\n\n${table([head, ...regions], '  ', [0, 3])}\n\n  ${time}\n`);
}
