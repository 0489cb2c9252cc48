/** What `bench accuracy --stream` prints: a line for every block, then what it amounts to. */
import type { Run } from '../../shared/protocol/api/run.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import type { BeirFolder } from '../beir.ts';
import { percent, table } from '../table.ts';
import type { AccuracyOptions } from './accuracy-options.ts';

export interface Figures {
  /** The version that serves. */
  version: number;
  /** Shares of the test questions, without memory and with it. */
  top1: number;
  top1_memory: number;
  /** ε that the question which paid most has spent. */
  epsilon: number;
  /** When the next run is planned, milliseconds since 1970; null: never. */
  next_at: number | null;
}

export interface BlockReport extends Figures {
  /** From 1 on. */
  block: number;
  questions: number;
  /** Runs of the block, postponed ones too. */
  runs: Run[];
}

export interface Played {
  folder: BeirFolder;
  settings: CollectionSettings;
  /** Test questions after each block. */
  asked: number;
  /** Plain search, on those. */
  plain: number;
  blocks: BlockReport[];
  /** On all test questions at the end. */
  all: Figures & { plain: number };
}

export function streamReport({ folder, settings, asked, plain, blocks, all }: Played) {
  const mean = (of: (block: BlockReport) => number) =>
    blocks.reduce((sum, block) => sum + of(block), 0) / blocks.length;
  return {
    documents: folder.counts.documents,
    training_queries: folder.counts.training,
    test_queries: folder.counts.test,
    asked,
    regions: folder.regions,
    plain_top1: plain,
    blocks: blocks.map(({ runs, ...block }) => ({
      ...block,
      runs: runs.map(({ run, state, version, error }) => ({ run, state, version, error })),
    })),
    mean_top1: mean(({ top1 }) => top1),
    mean_top1_memory: mean(({ top1_memory }) => top1_memory),
    least_top1: Math.min(...blocks.map(({ top1 }) => top1)),
    without_date: blocks.filter(({ next_at }) => next_at === null).length,
    all: { ...all, test_queries: folder.counts.test },
    settings,
  };
}

type StreamReport = ReturnType<typeof streamReport> & { wall_s: number };

export function showStream(report: StreamReport, { json }: Pick<AccuracyOptions, 'json'>): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const rows = report.blocks.map(({ block, questions, top1, top1_memory, epsilon, runs, next_at }) => [
    String(block),
    String(questions),
    percent(top1),
    percent(top1_memory),
    epsilon.toFixed(2),
    runs.map(({ state }) => state).join(', '),
    next_at === null ? 'never' : new Date(next_at).toISOString().slice(0, 10),
  ]);
  const head = ['block', 'questions', 'top-1', 'with memory', 'ε', 'runs', 'next'];
  const mean = ['mean', '', percent(report.mean_top1), percent(report.mean_top1_memory), '', '', ''];
  const plain = `  plain search ${percent(report.plain_top1)} of ${report.asked} test questions`;
  const { all } = report;
  const end = `  all ${all.test_queries}: ${percent(all.plain)} → ${percent(all.top1)}, with memory ${percent(all.top1_memory)}`;
  process.stdout.write(`\n${table([head, ...rows, mean])}\n\n${plain}\n${end}\n`);
}
