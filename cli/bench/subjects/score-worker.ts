/** The subject of `bench serve` that scores rows alone, so often that its time can be taken from outside. */

import { workerProducts } from '../../../models/scoring/worker-products.ts';
import type { Snapshot } from '../../../shared/protocol/snapshot.ts';
import { plainProducts, scoreRows } from '../../../shared/retrieval/scores.ts';
import { Ranking, snapshotRanks } from '../../../workers/ranking.ts';
import { madeUpSnapshot } from '../made-up-snapshot.ts';

export interface ScoreCommand {
  /** The kernel's scores, those in plain JavaScript, or the kernel's with the choice of fifteen items. */
  do: 'kernel' | 'plain' | 'rank';
  rows: number;
  width: number;
  times: number;
}

let snapshot: Snapshot | null = null;

export default {
  async fetch(request) {
    const { do: what, rows, width, times } = (await request.json()) as ScoreCommand;
    if (snapshot?.header.rows !== rows) snapshot = madeUpSnapshot(rows, width);
    let sum = 0;
    for (let time = 0; time < times; time++) {
      const query = Float32Array.from({ length: width }, (_, i) => Math.sin(i + time) / Math.sqrt(width / 2));
      if (what === 'rank')
        sum += new Ranking(snapshotRanks(snapshot, query, null, workerProducts)).take(15).size;
      else sum += scoreRows(snapshot, query, what === 'kernel' ? workerProducts : plainProducts)[0] ?? 0;
    }
    return Response.json({ sum });
  },
} satisfies ExportedHandler;
