/**
 * A participant's part of the gate: its held-out queries are answered by the candidate, by the version that serves
 * and by plain embedding search, one snapshot at a time (several would not fit beside the engine). Only sums leave.
 * Beside them stands a probe that costs no privacy: the titles of documents that never learned, as queries.
 */
import { type GateRound, PROBE_TITLES, type StateRef } from '../protocol/rounds.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import { topRows } from '../retrieval/scores.ts';
import { addToGate } from '../round/gate-figures.ts';
import { GATE_DIMENSION } from '../round/unit-norms.ts';
import type { SliceResult } from './participant.ts';
import { bareKey, queryEmbeddings } from './query-embeddings.ts';
import type { Job, ProbeTitle } from './shard-store.ts';
import { adapterOf, bytesOf, keptSelection, takeSlice, type WorkContext } from './train-work.ts';
import type { Selection } from './unit-selection.ts';

/** Null stands for a record that was deleted while the gate ran: nobody finds it. Titles have no number. */
type Query = { id: number | null; ids: Int32Array; item: string } | null;

/** A snapshot that queries are put to, and the bits that its hits set. */
interface Pass {
  ref: StateRef;
  bits: number;
}

/** Candidate, serving version and plain search: what is the same is asked once. */
function passesOf({ candidate, serving, baseline }: GateRound): Pass[] {
  const passes: Pass[] = [];
  for (const [index, ref] of [candidate, serving, baseline].entries()) {
    const same = passes.find((pass) => pass.ref.hash === ref.hash);
    if (same !== undefined) same.bits |= 1 << index;
    else passes.push({ ref, bits: 1 << index });
  }
  return passes;
}

/** Results are kept as one byte a query: bit p set when pass p found the item. */
export async function runGate(job: Job, spec: GateRound, context: WorkContext): Promise<SliceResult> {
  const { store, states, engine } = context;
  const passes = passesOf(spec);
  const selection = keptSelection(store) ?? store.heldOut(spec);
  const units = selection.ids;
  const keptTitles = store.blob('titles');
  const titles: ProbeTitle[] =
    keptTitles === null
      ? store.probeTitles(activeItems(await states.snapshot(spec.candidate)), PROBE_TITLES)
      : JSON.parse(new TextDecoder().decode(keptTitles));
  const total = units.length + titles.length;
  const results = store.blob('results') ?? new Uint8Array(total);
  const blobs = {
    units: bytesOf(units),
    weights: bytesOf(selection.weights),
    titles: new TextEncoder().encode(JSON.stringify(titles)),
    results,
  };
  if (total === 0) {
    // Who has nothing to ask fetches what the others fetch, and says as much.
    for (const { ref } of passes) await states.snapshot(ref);
    return { job: { ...job, probe: probe(results) }, blobs, sum: new Float64Array(GATE_DIMENSION) };
  }

  const pass = Math.floor(job.cursor / total);
  const at = job.cursor % total;
  const queries = take(selection, titles, at, context);
  const { ref, bits } = passes[pass] as Pass;
  const snapshot = await states.snapshot(ref);
  const found = await answer(snapshot, queries, context, engine.info.width);
  found.forEach((hit, index) => {
    if (hit) results[at + index] = (results[at + index] as number) | bits;
  });
  const work = passes.length * total;
  const next: Job = { ...job, units: work, cursor: job.cursor + queries.length };
  if (next.cursor < work) return { job: next, blobs, sum: null };
  return {
    job: { ...next, probe: probe(results.subarray(units.length)) },
    blobs,
    sum: tally(results, selection.weights),
  };
}

function take(selection: Selection, titles: ProbeTitle[], at: number, context: WorkContext): Query[] {
  const { store, engine, sliceTokens } = context;
  const units = selection.ids;
  if (at < units.length) {
    return takeSlice(store, selection, at, sliceTokens).records.map(
      (record) => record && { id: record.id, ids: record.ids, item: record.item },
    );
  }
  return titles
    .slice(at - units.length, at - units.length + 64)
    .map((title) => ({ id: null, ids: engine.tokenize(title.title, 'query'), item: title.item }));
}

async function answer(
  snapshot: Snapshot,
  queries: Query[],
  { engine, store }: WorkContext,
  width: number,
): Promise<boolean[]> {
  const adapter = adapterOf(snapshot.header.adapter, snapshot.adapter, width);
  const standing = queries.filter((query) => query !== null);
  const records = standing.filter((query) => query.id !== null) as { id: number; ids: Int32Array }[];
  // Without an adapter embeddings are the same in all passes, and in the next run.
  const embeddings =
    adapter.kind === 'none' && records.length === standing.length
      ? await queryEmbeddings({ store, engine }, records, adapter, bareKey(engine.info.sha256))
      : await engine.embed(
          standing.map(({ ids }) => ids),
          adapter,
          { priority: 'background' },
        );
  let index = -1;
  return queries.map((query) => {
    if (query === null) return false;
    index += 1;
    const top = topRows(snapshot, embeddings.subarray(index * width, (index + 1) * width), 1)[0];
    return top !== undefined && snapshot.items[top.row] === query.item;
  });
}

function activeItems(snapshot: Snapshot): ReadonlySet<string> {
  const items = new Set<string>();
  for (let row = 0; row < snapshot.header.rows; row++) {
    if (snapshot.active[row]) items.add(snapshot.items[row] as string);
  }
  return items;
}

function tally(results: Uint8Array, weights: Float32Array): Float64Array {
  const sum = new Float64Array(GATE_DIMENSION);
  for (const [i, weight] of weights.entries()) {
    const bits = results[i] as number;
    const [candidate, serving, mips] = [0, 1, 2].map((pass) => ((bits >> pass) & 1) === 1) as [
      boolean,
      boolean,
      boolean,
    ];
    addToGate(sum, weight, { candidate, serving, mips });
  }
  return sum;
}

function probe(results: Uint8Array): Job['probe'] {
  let found = 0;
  let mips = 0;
  for (const bits of results) {
    found += bits & 1;
    mips += (bits >> 2) & 1;
  }
  return { titles: results.length, found, mips };
}
