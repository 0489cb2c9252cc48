/** The subject of `bench serve` that scores rows alone, so often that its time can be taken from outside. */
import { START_PARAMETERS } from '../../../shared/protocol/serving-parameters.ts';
import type { Snapshot } from '../../../shared/protocol/snapshot.ts';
import { plainProducts, scoreRows } from '../../../shared/retrieval/scores.ts';
import { Ranking, snapshotRanks } from '../../../workers/ranking.ts';
import { simdProducts } from '../../../workers/scoring/row-products.ts';
import { rowProductsWasm } from '../../../workers/scoring/row-products-wasm.ts';

export interface ScoreCommand {
  /** The kernel's scores, those in plain JavaScript, or the kernel's with the choice of fifteen items. */
  do: 'kernel' | 'plain' | 'rank';
  rows: number;
  width: number;
  times: number;
}

const products = simdProducts(rowProductsWasm);
let snapshot: Snapshot | null = null;

function snapshotOf(rows: number, width: number): Snapshot {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >> 24;
  };
  return {
    header: {
      format: 'fedcar-snapshot/1',
      collection: 'bench',
      version: 0,
      revision: 0,
      model: { name: 'bench', sha256: '0'.repeat(64) },
      width,
      rows,
      adapter: { kind: 'none' },
      regions: ['weur'],
      watermarks: {},
      temperature: 20,
      inactiveOffset: 0,
      serving: START_PARAMETERS,
      keyBytes: 0,
      training: {},
    },
    adapter: new Float32Array(0),
    scales: new Float32Array(rows).fill(1 / (73 * Math.sqrt(width))),
    active: new Uint8Array(rows),
    regions: new Uint8Array(rows),
    ordinals: new Uint32Array(rows),
    rows: Int8Array.from({ length: rows * width }, next),
    items: Array.from({ length: rows }, (_, row) => `item ${row}`),
  };
}

export default {
  async fetch(request) {
    const { do: what, rows, width, times } = (await request.json()) as ScoreCommand;
    if (snapshot?.header.rows !== rows) snapshot = snapshotOf(rows, width);
    let sum = 0;
    for (let time = 0; time < times; time++) {
      const query = Float32Array.from({ length: width }, (_, i) => Math.sin(i + time) / Math.sqrt(width / 2));
      if (what === 'rank') sum += new Ranking(snapshotRanks(snapshot, query, null, products)).take(15).size;
      else sum += scoreRows(snapshot, query, what === 'kernel' ? products : plainProducts)[0] ?? 0;
    }
    return Response.json({ sum });
  },
} satisfies ExportedHandler;
