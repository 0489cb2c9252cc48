/**
 * The index of collections in the isolate's memory: the segments of all regions, as the manifest that was read last lists
 * them. Segments are immutable and named by their hash; a changed manifest brings the new ones behind an answer, and what
 * came meanwhile is asked of its region until then. Invariant: a view is of one manifest, whole. A collection whose
 * segments do not fit beside the others that are in use has no view: its regions search for themselves.
 */
import { EDGE_BYTES, IDLE_MS, openBytes } from '../shared/index/open-bytes.ts';
import { Postings } from '../shared/index/postings.ts';
import { readRows, SEGMENT_PARTS, SegmentIds } from '../shared/index/segment.ts';
import { IndexView, type ViewSegment } from '../shared/index/view.ts';
import { type DeadMarks, wordSegment } from '../shared/index/word-search.ts';
import { errorText, logLine } from '../shared/log.ts';
import type { IndexState, Manifest, SegmentEntry, SegmentParts } from '../shared/protocol/manifest.ts';
import { segmentDigest } from './segment-digest.ts';
import type { Flight, SingleFlight } from './single-flight.ts';

/** After a load that failed. */
const RETRY_MS = 5_000;

/** Where a collection's segments come from. */
export interface IndexSource {
  /** Names the collection and its encoder. */
  key: string;
  manifest(): Promise<Manifest>;
  /** The first of these segments of a region; null of one that is no more. */
  segments(region: string, hashes: string[]): Promise<(SegmentParts | null)[]>;
}

interface Loaded {
  revision: number;
  view: IndexView;
  bytes: number;
  usedAt: number;
}

type Opened = Pick<ViewSegment, 'ids' | 'rows' | 'postings'>;

export class SegmentCache {
  /** By the source's key. */
  readonly #views = new Map<string, Loaded>();
  readonly #failedAt = new Map<string, number>();
  readonly #flights: SingleFlight;
  readonly #now: () => number;

  constructor(options: { flights: SingleFlight; now: () => number }) {
    this.#flights = options.flights;
    this.#now = options.now;
  }

  /**
   * What of the index is here, which may be a little behind; null where nothing is, or the collection does not fit.
   * What is missing is loaded through `later`.
   */
  view(source: IndexSource, state: IndexState, later: (work: Promise<unknown>) => void): IndexView | null {
    const { key } = source;
    const now = this.#now();
    const loaded = this.#views.get(key);
    if (state.bytes === null || !this.#hasRoom(key, state.bytes)) {
      this.#let(key);
      return null;
    }
    if (loaded !== undefined) loaded.usedAt = now;
    const isDue = loaded === undefined || loaded.revision < state.revision;
    const flight = `${key}/index`;
    if (
      isDue &&
      now - (this.#failedAt.get(key) ?? Number.NEGATIVE_INFINITY) >= RETRY_MS &&
      !this.#flights.busy(flight)
    ) {
      const work = this.#flights.run(
        flight,
        () => undefined,
        (on) => this.#load(source, on),
      );
      later(
        work.catch((error) => {
          this.#failedAt.set(key, this.#now());
          openBytes.takeEdge(this.bytes);
          logLine('index_load_failed', { level: 'warn', error: errorText(error) });
        }),
      );
    }
    return loaded?.view ?? null;
  }

  /** Forgets a collection that is gone. */
  forget(collection: string): void {
    for (const key of this.#views.keys()) if (key.split('@', 1)[0] === collection) this.#let(key);
  }

  #let(key: string): void {
    if (this.#views.delete(key)) openBytes.takeEdge(this.bytes);
  }

  /** Bytes of all segments held. */
  get bytes(): number {
    return [...this.#views.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Whether so many bytes fit; collections that nobody asks for give way. */
  #hasRoom(key: string, bytes: number): boolean {
    if (bytes > EDGE_BYTES) return false;
    const others = [...this.#views].filter(([other]) => other !== key);
    let taken = others.reduce((sum, [, each]) => sum + each.bytes, 0);
    for (const [other, each] of others.sort(([, a], [, b]) => a.usedAt - b.usedAt)) {
      if (taken + bytes <= EDGE_BYTES) break;
      if (this.#now() - each.usedAt < IDLE_MS) return false;
      this.#let(other);
      taken -= each.bytes;
    }
    return taken + bytes <= EDGE_BYTES;
  }

  async #load(source: IndexSource, flight: Flight): Promise<void> {
    const { revision, regions } = await source.manifest();
    flight.touch();
    const held = this.#views.get(source.key)?.view.segments ?? [];
    const before = new Map<string, Opened>(held.map((segment) => [segment.hash, segment]));
    const segments: ViewSegment[] = [];
    let bytes = 0;
    // Objects of this isolate give way to what comes as it comes: both at once are more than there is room for.
    let coming = 0;
    const took = (parts: SegmentParts) => {
      coming += SEGMENT_PARTS.reduce((sum, part) => sum + parts[part].length, 0);
      openBytes.takeEdge(this.bytes + coming);
    };
    for (const { region, segments: entries } of regions) {
      const missing = entries.filter(({ hash }) => !before.has(hash));
      const fetched = await fetchSegments(source, region, missing, flight, took);
      for (const entry of entries) {
        const opened = before.get(entry.hash) ?? fetched.get(entry.hash)!;
        segments.push({
          ...opened,
          ...wordSegment(opened.ids, opened.postings, marksOf(entry)),
          region,
          hash: entry.hash,
        });
        bytes += entry.bytes;
      }
    }
    const watermarks = new Map(regions.map(({ region, watermark }) => [region, watermark]));
    const view = new IndexView(segments, watermarks);
    this.#views.set(source.key, { revision, view, bytes, usedAt: this.#now() });
    openBytes.takeEdge(this.bytes);
  }
}

function marksOf({ passages, dead }: SegmentEntry): DeadMarks {
  if (dead.length === 0) return null;
  const marks = new Uint8Array(passages);
  for (const at of dead) marks[at] = 1;
  return marks;
}

/** @throws where one is no more: the manifest has changed meanwhile */
async function fetchSegments(
  source: IndexSource,
  region: string,
  entries: readonly SegmentEntry[],
  flight: Flight,
  took: (parts: SegmentParts) => void,
): Promise<Map<string, Opened>> {
  const found = new Map<string, Opened>();
  for (let at = 0; at < entries.length; ) {
    const answer = await source.segments(
      region,
      entries.slice(at).map(({ hash }) => hash),
    );
    flight.touch();
    if (answer.length === 0) throw new Error(`region ${region} answers with no segment`);
    for (const parts of answer) {
      const { hash, passages } = entries[at]!;
      if (parts === null) throw new Error(`segment ${hash} of region ${region} is gone`);
      if ((await segmentDigest(parts)) !== hash)
        throw new Error(`segment ${hash} of region ${region} has other bytes`);
      took(parts);
      const ids = new SegmentIds(parts.ids);
      const width = passages === 0 ? 0 : parts.rows.length / passages - 4;
      found.set(hash, {
        ids,
        rows: readRows(parts.rows, passages, width),
        postings: new Postings(parts.words),
      });
      at += 1;
    }
  }
  return found;
}
