/** A version 0 whose rows nobody learned, for benches that score without a service. */
import { START_PARAMETERS } from '../../shared/protocol/serving-parameters.ts';
import type { Snapshot } from '../../shared/protocol/snapshot.ts';

/** @param rows none where an index has all passages */
export function madeUpSnapshot(rows: number, width: number): Snapshot {
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
