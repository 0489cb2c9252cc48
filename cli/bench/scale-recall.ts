/**
 * What share of the ten passages nearest to a question a search finds: the service's answers, and one-bit codes with
 * their candidates ranked exactly (shared/index/codes.ts). Vectors are made again from their numbers, one at a time.
 */
import {
  blankCodes,
  CANDIDATES,
  codeQuery,
  codeSpace,
  encodeRow,
  estimateScores,
  rankCandidates,
} from '../../shared/index/codes.ts';
import { dot } from '../../shared/retrieval/head.ts';
import { best } from '../../shared/retrieval/scores.ts';

const DEPTH = 10;
/** Vectors from which the centre of the codes is taken. */
const SAMPLE = 10_000;

export interface CodesReport {
  bytes_a_passage: number;
  /** Nanoseconds of this process's processor time, a passage and question. */
  ns_a_passage: number;
  /** By candidates that were ranked exactly. */
  recall_at_10: Record<string, number>;
}

export interface Exact {
  /** Numbers of the nearest passages, by question. */
  nearest: ReadonlySet<number>[];
  codes: CodesReport;
}

/**
 * @param numbers of the passages
 * @param vectorOf makes a passage's vector
 * @param questions unit vectors
 */
export function searchExactly(
  numbers: readonly number[],
  vectorOf: (number: number) => Float32Array,
  questions: readonly Float32Array[],
): Exact {
  const width = questions[0]!.length;
  const step = Math.max(1, Math.floor(numbers.length / SAMPLE));
  const sample = numbers.filter((_, index) => index % step === 0);
  const centre = new Float32Array(width);
  for (const number of sample) {
    for (const [i, value] of vectorOf(number).entries()) centre[i]! += value / sample.length;
  }
  const space = codeSpace(centre, 1);
  const codes = blankCodes(numbers.length, width);
  const scores = questions.map(() => new Float32Array(numbers.length));
  for (const [index, number] of numbers.entries()) {
    const vector = vectorOf(number);
    encodeRow(space, codes, index, vector);
    for (const [question, query] of questions.entries()) scores[question]![index] = dot(query, vector);
  }
  const nearest = scores.map((each) => new Set(best(each, DEPTH).map(({ row }) => row)));
  const found: Record<string, number> = { 50: 0, 100: 0, [CANDIDATES]: 0 };
  const estimates = new Float32Array(numbers.length);
  let spentUs = 0;
  for (const [question, query] of questions.entries()) {
    const before = process.cpuUsage().user;
    estimateScores(codes, codeQuery(space, query), estimates);
    spentUs += process.cpuUsage().user - before;
    for (const candidates of Object.keys(found)) {
      const ranked = rankCandidates(estimates, DEPTH, (row) => scores[question]![row]!, Number(candidates));
      found[candidates]! += ranked.filter(({ row }) => nearest[question]!.has(row)).length;
    }
  }
  const of = DEPTH * questions.length;
  return {
    nearest: nearest.map((rows) => new Set(Array.from(rows, (row) => numbers[row]!))),
    codes: {
      bytes_a_passage: width / 8 + 8,
      ns_a_passage: Math.round((1000 * spentUs) / (questions.length * numbers.length)),
      recall_at_10: Object.fromEntries(Object.entries(found).map(([key, hits]) => [key, share(hits, of)])),
    },
  };
}

export function share(hits: number, of: number): number {
  return Math.round((10_000 * hits) / of) / 10_000;
}
