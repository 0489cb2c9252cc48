import { describe, expect, it } from 'vitest';
import {
  decodeParameters,
  encodeParameters,
  joinParts,
  partCount,
  partOf,
} from '../../../../shared/protocol/parameters.ts';
import { decodeSnapshot, type Snapshot } from '../../../../shared/protocol/snapshot.ts';
import { quantiseRow } from '../../../../shared/retrieval/head.ts';
import { best, scoreRows } from '../../../../shared/retrieval/scores.ts';
import { encodeSnapshot } from '../../../helpers/snapshots.ts';

const WIDTH = 12;

function sample(count: number): { snapshot: Snapshot; vectors: Float32Array[] } {
  const vectors = Array.from({ length: count }, (_, r) =>
    Float32Array.from({ length: WIDTH }, (_, i) => Math.sin(7 * r + 3 * i + 1)),
  );
  const rows = new Int8Array(count * WIDTH);
  const scales = Float32Array.from(vectors, (v, r) =>
    quantiseRow(v, rows.subarray(r * WIDTH, (r + 1) * WIDTH)),
  );
  const snapshot: Snapshot = {
    header: {
      format: 'fedcar-snapshot/1',
      collection: 'default',
      version: 3,
      revision: 1,
      model: { name: 'tiny', sha256: '0'.repeat(64) },
      width: WIDTH,
      rows: count,
      adapter: { kind: 'low-rank', rank: 2 },
      regions: ['weur', 'apac'],
      watermarks: { weur: 4, apac: 9 },
      temperature: 20,
      inactiveOffset: 0.25,
      serving: { words: 1, offset: 0.25, memory: 0.5 },
      keyBytes: 0,
      training: { noise: 'off' },
    },
    adapter: Float32Array.from({ length: 2 * 2 * WIDTH }, (_, i) => i / 7),
    scales,
    active: Uint8Array.from({ length: count }, (_, i) => i % 2),
    regions: Uint8Array.from({ length: count }, (_, i) => i % 2),
    ordinals: Uint32Array.from({ length: count }, (_, i) => i),
    rows,
    items: Array.from({ length: count }, (_, i) => `Schlüssel/${i}`),
  };
  return { snapshot, vectors };
}

describe('snapshots', () => {
  it.each([0, 1, 5])('read what was written, %i rows', (count) => {
    const { snapshot } = sample(count);
    const bytes = encodeSnapshot(snapshot);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    for (const input of [bytes, shifted.subarray(3)]) {
      const read = decodeSnapshot(input);
      expect(read.items).toEqual(snapshot.items);
      expect({ ...read.header, keyBytes: 0 }).toEqual(snapshot.header);
      for (const part of ['adapter', 'scales', 'active', 'regions', 'ordinals', 'rows'] as const) {
        expect(Array.from(read[part])).toEqual(Array.from(snapshot[part]));
      }
    }
  });

  it('are refused when cut, longer, or something else', () => {
    const bytes = encodeSnapshot(sample(3).snapshot);
    expect(() => decodeSnapshot(bytes.subarray(0, bytes.length - 1))).toThrow(
      /bytes where the header asks for/,
    );
    expect(() => decodeSnapshot(new Uint8Array([...bytes, 0]))).toThrow(TypeError);
    expect(() => decodeSnapshot(new Uint8Array(32))).toThrow(/magic/);
    expect(() => decodeSnapshot(new Uint8Array(3))).toThrow(/too few/);
    const { snapshot } = sample(3);
    const items = snapshot.items.map((key, i) => (i === 1 ? `${key}\0` : key));
    expect(() => decodeSnapshot(encodeSnapshot({ ...snapshot, items }))).toThrow(/4 keys where .* 3/);
  });

  it('score rows by cosine, with the offset for rows that never learned', () => {
    const { snapshot, vectors } = sample(5);
    const query = Float32Array.from({ length: WIDTH }, (_, i) => Math.cos(i));
    const norm = Math.hypot(...query);
    query.forEach((value, i) => {
      query[i] = value / norm;
    });
    const scores = scoreRows(snapshot, query);
    vectors.forEach((vector, r) => {
      const cosine = vector.reduce((sum, v, i) => sum + v * query[i]!, 0) / Math.hypot(...vector);
      // Eight bits a coordinate: within a hundredth.
      expect(scores[r]).toBeCloseTo(cosine + (r % 2 ? 0 : 0.25), 1.7);
    });
    expect(() => scoreRows(snapshot, new Float32Array(3))).toThrow(/3 floats where the width is 12/);
  });

  it('pick the best, equal scores in order of rows', () => {
    const scores = Float32Array.of(0.1, 0.9, 0.5, 0.9, 0.2, 0.5);
    expect(best(scores, 4).map((hit) => hit.row)).toEqual([1, 3, 2, 5]);
    expect(best(scores, 99)).toHaveLength(6);
    expect(best(scores, 0)).toEqual([]);
    const random = Float32Array.from({ length: 500 }, (_, i) => Math.sin(i * i));
    const expected = Array.from(random.keys()).sort((x, y) => random[y]! - random[x]! || x - y);
    expect(best(random, 20).map((hit) => hit.row)).toEqual(expected.slice(0, 20));
  });
});

describe('parameters', () => {
  it('travel in parts', () => {
    const parameters = {
      activeRows: Uint32Array.of(3, 9),
      adapter: Float32Array.from({ length: 4 }, (_, i) => i + 0.5),
      head: Float32Array.from({ length: 2 * WIDTH }, (_, i) => -i),
    };
    const bytes = encodeParameters(parameters);
    const big = new Uint8Array(3 * (1 << 20) + 5).map((_, i) => i);
    const parts = Array.from({ length: partCount(big.length) }, (_, i) => partOf(big, i));
    expect(parts).toHaveLength(4);
    expect(Buffer.compare(joinParts(parts, big.length), big)).toBe(0);
    expect(() => joinParts(parts, big.length + 1)).toThrow(RangeError);
    expect(() => joinParts(parts, big.length - 1)).toThrow(RangeError);
    const read = decodeParameters(bytes, 2, 4, WIDTH);
    expect(read).toEqual(parameters);
    expect(() => decodeParameters(bytes, 3, 4, WIDTH)).toThrow(/bytes where/);
  });
});

it.each([{ rows: 2 ** 30 }, { rows: 2 ** 53 - 1 }, { width: 2 ** 40 }, { keyBytes: 2 ** 53 - 1 }])(
  'a header that asks for more than there is, %j, is refused by its length',
  (more) => {
    const { header } = decodeSnapshot(encodeSnapshot(sample(2).snapshot));
    const json = new TextEncoder().encode(JSON.stringify({ ...header, ...more }));
    // As long as what is left of its length where 32 bits of it count.
    for (let length = 8 + json.length; length < 2048; length++) {
      const bytes = new Uint8Array(length);
      bytes.set(encodeSnapshot(sample(0).snapshot).subarray(0, 4));
      new DataView(bytes.buffer).setUint32(4, json.length, true);
      bytes.set(json, 8);
      expect(() => decodeSnapshot(bytes)).toThrow(/bytes where the header asks for \d{10,}$/);
    }
  },
);
