/** The index of all passages as an isolate has it, made of a small snapshot's rows, for tests of serving. */

import { Postings } from '../../shared/index/postings.ts';
import { buildSegment, readRows, SegmentIds, segmentHash } from '../../shared/index/segment.ts';
import { IndexView } from '../../shared/index/view.ts';
import { wordSegment } from '../../shared/index/word-search.ts';
import { countWords } from '../../shared/index/words.ts';
import type { Snapshot } from '../../shared/protocol/snapshot.ts';

/** A segment of each region. @param texts of items; others have none */
export function viewOf(snapshot: Snapshot, texts: Readonly<Record<string, string>> = {}): IndexView {
  const { header, items, ordinals, regions, rows, scales } = snapshot;
  const { width } = header;
  const segments = header.regions.map((region, place) => {
    const passages = items.flatMap((item, row) => {
      if (regions[row] !== place) return [];
      const embedding = Float32Array.from({ length: width }, (_, i) => scales[row]! * rows[row * width + i]!);
      const name = { item, ordinal: ordinals[row]!, hash: row.toString(16).padStart(32, '0'), seq: 0 };
      return [{ ...name, embedding, words: countWords(texts[item] ?? '') }];
    });
    const parts = buildSegment(width, passages);
    const ids = new SegmentIds(parts.ids);
    const words = wordSegment(ids, new Postings(parts.words), null);
    return { ...words, region, hash: segmentHash(parts), rows: readRows(parts.rows, ids.passages, width) };
  });
  return new IndexView(segments, new Map(header.regions.map((region) => [region, 0])));
}
