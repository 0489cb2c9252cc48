/**
 * A participant's part of the gate: its held-out queries are answered by the candidate, by the version that serves and
 * by plain search, as they are and with the settings that the gate tries, one snapshot at a time (several would not fit
 * beside the engine). Only sums leave. Beside them stands a probe that costs no privacy: the titles of documents that
 * never learned, as queries, by vectors alone.
 */
import { bytesOf } from '../crypto/bytes.ts';
import { questionTerms } from '../index/words.ts';
import type { Lift } from '../protocol/passages.ts';
import { type GateRound, PROBE_TITLES } from '../protocol/rounds.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import { addToGate, addTried, gateDimension } from '../round/gate-figures.ts';
import { type BeganRows, beganRows } from './began-rows.ts';
import { GateQuestion, type Searched } from './gate-scores.ts';
import { GateWays, type Way } from './gate-ways.ts';
import { JUDGED, JudgedVersions } from './judged-versions.ts';
import type { SliceResult } from './participant.ts';
import { namedAdapter, queryEmbeddings } from './query-embeddings.ts';
import type { Job, ProbeTitle, Recalled, ShardStore } from './shard-store.ts';
import { keptSelection, takeSlice, type WorkContext } from './train-work.ts';
import { type Selection, someOf } from './unit-selection.ts';

/** Null stands for a record that was deleted while the gate ran: nobody finds it. Titles have no number, and no words. */
type Query = { id: number | null; ids: Int32Array; item: string; text: string | null } | null;

/** Which questions a gate is about, in their order: those held out, titles, and those that train where they count. */
interface Questions {
  held: Selection;
  titles: readonly ProbeTitle[];
  training: Selection;
}

/** Read from the store at once. */
const RECORDS_AT_ONCE = 256;

/** Questions that train, of all participants together, tell settings apart as well as all: each has to be embedded. */
const ENOUGH = 4096;

const NOBODY: Selection = { ids: new Uint32Array(0), weights: new Float32Array(0) };

/** Results are kept as one byte a way and question: 1 where its document was found. */
export async function runGate(job: Job, spec: GateRound, context: WorkContext): Promise<SliceResult> {
  const { store, states } = context;
  const ways = new GateWays(spec);
  const passes = ways.passes();
  const questions = await questionsOf(spec, ways, context);
  const words = spec.words === null ? null : await states.words(spec.words);
  const judging = questions.held.ids.length + questions.titles.length;
  const total = judging + questions.training.ids.length;
  const results = store.blob('results') ?? new Uint8Array(ways.all.length * total);
  const began = beganRows(store.blob('began'));
  const recalled = recalledOf(store.blob('recalled'));
  const judged = new JudgedVersions(store.blob(JUDGED));
  const blobs = () => ({
    ...kept(questions),
    [JUDGED]: judged.bytes(),
    results,
    began: began.bytes(),
    recalled: encodeRecalled(recalled),
  });
  // Whom only held-out questions are about is not asked by those that train.
  const sizes = passes.map(({ ways: own }) => (own.some((way) => ways.all[way]!.everyone) ? total : judging));
  const work = sizes.reduce((sum, size) => sum + size, 0);
  if (work === 0) {
    // Who has nothing to ask fetches what the others fetch, and says as much.
    for (const { ref } of passes) judged.saw(ref, await states.snapshot(ref));
    const probe = { titles: 0, found: 0, mips: 0 };
    return { job: { ...job, probe }, blobs: blobs(), sum: new Float64Array(gateDimension(spec)) };
  }

  let at = job.cursor;
  let pass = 0;
  while (at >= sizes[pass]!) at -= sizes[pass++]!;
  const { ref, ways: own } = passes[pass]!;
  const queries = take(questions, at, context);
  const snapshot = await states.snapshot(ref);
  judged.saw(ref, snapshot);
  if (ref.hash === spec.baseline.hash && ways.all.some(({ unasked }) => unasked)) {
    const items = queries.flatMap((query) => (query === null || query.id === null ? [] : [query.item]));
    began.keep(snapshot, items);
  }
  const asked = own.filter((way) => at < judging || ways.all[way]!.everyone);
  const chosen = asked.map((way) => ways.all[way]!);
  const remembers =
    ref.hash === spec.baseline.hash && ways.all.some(({ parameters }) => parameters.memory > 0);
  const found = await answer({ snapshot, words, products: context.products }, chosen, {
    queries,
    began,
    recalled,
    remembers,
    context,
  });
  for (const [index, hits] of found.entries())
    for (const [place, way] of asked.entries()) results[way * total + at + index] = hits[place] ? 1 : 0;
  const next: Job = { ...job, units: work, cursor: job.cursor + queries.length };
  if (next.cursor < work) return { job: next, blobs: blobs(), sum: null };
  // A pass in which nobody is asked was not taken.
  for (const { ref: unseen } of passes.filter((each) => !judged.has(each.ref)))
    judged.saw(unseen, await states.snapshot(unseen));
  const said = (question: number) => (way: number) => results[way * total + question]!;
  return {
    job: { ...next, probe: probe(ways, questions, said) },
    blobs: blobs(),
    sum: tally(spec, ways, questions, said),
  };
}

async function questionsOf(
  spec: GateRound,
  ways: GateWays,
  { store, states }: WorkContext,
): Promise<Questions> {
  const [held, titles, training] = [
    keptSelection(store),
    store.blob('titles'),
    keptSelection(store, 'training/'),
  ];
  if (held !== null && titles !== null && training !== null)
    return { held, titles: JSON.parse(new TextDecoder().decode(titles)) as ProbeTitle[], training };
  const learned = activeItems(await states.snapshot(spec.candidate));
  const everyone = ways.everyone ? store.training(spec) : NOBODY;
  return {
    held: store.heldOut(spec),
    titles: store.probeTitles(learned, PROBE_TITLES),
    training: ways.untrained
      ? aboutOthers(store, everyone, learned)
      : someOf(everyone, Math.ceil(ENOUGH / spec.cohort.members)),
  };
}

/** Those of a selection that are about no document of these. */
function aboutOthers(store: ShardStore, { ids, weights }: Selection, items: ReadonlySet<string>): Selection {
  const places: number[] = [];
  for (let from = 0; from < ids.length; from += RECORDS_AT_ONCE) {
    const records = store.records(ids.subarray(from, from + RECORDS_AT_ONCE));
    for (const [index, record] of records.entries())
      if (record !== null && !items.has(record.item)) places.push(from + index);
  }
  return {
    ids: Uint32Array.from(places, (place) => ids[place]!),
    weights: Float32Array.from(places, (place) => weights[place]!),
  };
}

function kept({ held, titles, training }: Questions) {
  return {
    units: bytesOf(held.ids),
    weights: bytesOf(held.weights),
    titles: new TextEncoder().encode(JSON.stringify(titles)),
    'training/units': bytesOf(training.ids),
    'training/weights': bytesOf(training.weights),
  };
}

function take({ held, titles, training }: Questions, at: number, context: WorkContext): Query[] {
  const { store, engine, sliceTokens } = context;
  const judging = held.ids.length + titles.length;
  if (at < held.ids.length || at >= judging) {
    const [selection, from] = at < held.ids.length ? [held, at] : [training, at - judging];
    return takeSlice(store, selection, from, sliceTokens).records.map(
      (record) => record && { id: record.id, ids: record.ids, item: record.item, text: record.query },
    );
  }
  return titles
    .slice(at - held.ids.length, at - held.ids.length + 64)
    .map(({ item, title }) => ({ id: null, ids: engine.tokenize(title, 'query'), item, text: null }));
}

/** What a slice of questions is answered with. */
interface Asking {
  queries: readonly Query[];
  began: BeganRows;
  /** By record: filled in the pass of plain search. */
  recalled: Map<number, Recalled>;
  /** Whether this is that pass, and memory is to be asked. */
  remembers: boolean;
  context: WorkContext;
}

function recalledOf(bytes: Uint8Array | null): Map<number, Recalled> {
  return new Map(bytes === null ? [] : JSON.parse(new TextDecoder().decode(bytes)));
}

function encodeRecalled(recalled: ReadonlyMap<number, Recalled>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify([...recalled]));
}

const byItem = (lifts: readonly Lift[]): Map<string, number> =>
  new Map(lifts.map(({ item, near }) => [item, near]));

/** Of each query and each way whether the query's document is found first. */
async function answer(
  searched: Searched,
  ways: readonly Way[],
  { queries, began, recalled, remembers, context }: Asking,
): Promise<boolean[][]> {
  const embeddings = await embed(searched.snapshot, queries, context);
  const { width } = searched.snapshot.header;
  // In the pass of plain search embeddings are those that memory knows.
  const remembered = (record: number, embedding: Float32Array): Recalled | null => {
    const known = remembers ? context.store.recalled(record, embedding) : null;
    if (known !== null && known.asked.length + known.unasked.length > 0) recalled.set(record, known);
    return recalled.get(record) ?? null;
  };
  let index = -1;
  return queries.map((query) => {
    if (query === null) return ways.map(() => false);
    index += 1;
    const embedding = embeddings.subarray(index * width, (index + 1) * width);
    const terms = query.text === null ? [] : [...questionTerms(query.text).keys()];
    const question = new GateQuestion(searched, embedding, terms);
    const said = query.id === null ? null : remembered(query.id, embedding);
    return ways.map(({ parameters, unasked }) => {
      const rows = unasked ? began.cosines(query.item, embedding) : null;
      const lifts = parameters.memory > 0 && said !== null ? said[unasked ? 'unasked' : 'asked'] : null;
      return question.first(parameters, rows, lifts && byItem(lifts)) === query.item;
    });
  });
}

/** Embeddings of the queries that still stand, one after another. */
async function embed(
  { header, adapter: flat }: Snapshot,
  queries: readonly Query[],
  { engine, store }: WorkContext,
): Promise<Float32Array> {
  const named = await namedAdapter(engine.info, header.adapter, flat);
  const standing = queries.filter((query) => query !== null);
  const records = standing.filter((query) => query.id !== null) as { id: number; ids: Int32Array }[];
  if (records.length === standing.length) return await queryEmbeddings({ store, engine }, records, named);
  return await engine.embed(
    standing.map(({ ids }) => ids),
    named.adapter,
    { priority: 'background' },
  );
}

function activeItems(snapshot: Snapshot): ReadonlySet<string> {
  const items = new Set<string>();
  for (let row = 0; row < snapshot.header.rows; row++) {
    if (snapshot.active[row]) items.add(snapshot.items[row]!);
  }
  return items;
}

type Said = (question: number) => (way: number) => number;

function tally(
  spec: GateRound,
  ways: GateWays,
  { held, titles, training }: Questions,
  said: Said,
): Float64Array {
  const sum = new Float64Array(gateDimension(spec));
  for (const [question, weight] of held.weights.entries())
    addToGate(sum, weight, ways.answers(said(question)));
  for (const [at, weight] of training.weights.entries())
    addTried(sum, weight, ways.trainingAnswers(said(held.ids.length + titles.length + at)));
  return sum;
}

function probe(ways: GateWays, { held, titles }: Questions, said: Said): Job['probe'] {
  const probe = { titles: titles.length, found: 0, mips: 0 };
  titles.forEach((_, at) => {
    const { found, mips } = ways.titles(said(held.ids.length + at));
    probe.found += found;
    probe.mips += mips;
  });
  return probe;
}
