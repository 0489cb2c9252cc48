/** Passages numbered over all segments that are searched as one index, dead ones too. Pure. */
import type { SegmentIds } from './segment.ts';

export class Numbering {
  /** The number of each segment's first passage. */
  readonly from: readonly number[];
  readonly size: number;

  constructor(segments: readonly { ids: SegmentIds }[]) {
    const from: number[] = [];
    let size = 0;
    for (const { ids } of segments) {
      from.push(size);
      size += ids.passages;
    }
    this.from = from;
    this.size = size;
  }

  /** The segment, by its place, that has the passage of this number. */
  segmentOf(number: number): number {
    let segment = this.from.length - 1;
    while (number < this.from[segment]!) segment -= 1;
    return segment;
  }
}
