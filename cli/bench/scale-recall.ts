/**
 * What share of the ten passages nearest to a question a search finds: the service's answers, and one-bit codes with
 * their candidates ranked exactly (shared/index/codes.ts). Vectors are made again from their numbers, one at a time.
 */
import { BestItems, takeCandidates } from '../../shared/index/candidates.ts';
import {
  blankCodes,
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
/** Candidates that are compared with what searches choose. */
const FIXED = [50, 100, 200, 400, 800];

export interface CodesReport {
  bytes_a_passage: number;
  /** Nanoseconds of this process's processor time, a passage and question. */
  ns_a_passage: number;
  /** By candidates that were ranked exactly. */
  recall_at_10: Record<string, number>;
  /** As searches choose how many. */
  chosen: { recall_at_10: number; candidates: number; most: number };
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
  const found: Record<string, number> = Object.fromEntries(FIXED.map((candidates) => [candidates, 0]));
  const chosen = { hits: 0, candidates: 0, most: 0 };
  const estimates = new Float32Array(numbers.length);
  let spentUs = 0;
  for (const [question, query] of questions.entries()) {
    const before = process.cpuUsage().user;
    const coded = codeQuery(space, query);
    estimateScores(codes, coded, estimates);
    spentUs += process.cpuUsage().user - before;
    const deviations = codes.scales.map((scale) => scale * coded.deviation);
    const looked = lookedAt(estimates, deviations, scores[question]!);
    chosen.hits += looked.filter((row) => nearest[question]!.has(row)).length;
    chosen.candidates += looked.length;
    chosen.most = Math.max(chosen.most, looked.length);
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
      chosen: {
        recall_at_10: share(chosen.hits, of),
        candidates: Math.round(chosen.candidates / questions.length),
        most: chosen.most,
      },
    },
  };
}

/** Rows that a search would look at. */
function lookedAt(estimates: Float32Array, deviations: Float32Array, exact: Float32Array): number[] {
  const rows: number[] = [];
  const best = new BestItems(DEPTH);
  takeCandidates(estimates, deviations, (row) => {
    rows.push(row);
    best.add(String(row), exact[row]!);
    return best.floor;
  });
  return rows;
}

export function share(hits: number, of: number): number {
  return Math.round((10_000 * hits) / of) / 10_000;
}
