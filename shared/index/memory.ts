/**
 * What a region's own log knows of a question: logged questions near to it lift the documents that answered them. Of the
 * nearest, each event counts once for a document, and where events have to agree, the second nearest says how near they
 * are: no lift tells how near a single one was. Nearness comes in few steps, so that who asks near copies of a question
 * learns an order and not distances. Why so, and how much: docs/decisions/0022-memory.md.
 */
import type { Lift } from '../protocol/passages.ts';
import type { MemoryUse } from '../protocol/settings.ts';

/** Logged questions that are looked at. */
export const NEIGHBOURS = 10;
/** Steps of nearness between 0 and 1. */
const STEPS = 8;
/** What rounding may take of a cosine: the same question asked again is at the highest step. */
const ROUNDING = 0.01;

/** A logged question near to the one that is asked. */
export interface Neighbour {
  /** Key of the document that it is about. */
  item: string;
  /** Whose word it is: an event's, or a contributor's where those are the units; null is nobody's. */
  voice: string | null;
  /** False: the document does not answer it. */
  relevant: boolean;
  /** Whether it was opened only, and nobody said that it answers. */
  click: boolean;
  /** With the question that is asked, in the base encoder. */
  cosine: number;
}

/**
 * The documents that the nearest logged questions lift, the most first.
 * @param neighbours the nearest first; `NEIGHBOURS` of them count, and as many clicks
 */
export function liftsOf(neighbours: readonly Neighbour[], use: MemoryUse): Lift[] {
  if (use === 'off') return [];
  const counted = [true, false].flatMap((click) =>
    neighbours.filter((each) => each.click === click).slice(0, NEIGHBOURS),
  );
  const items = new Set(counted.map(({ item }) => item));
  const least = use === 'shared' ? 2 : 1;
  const lifts: Lift[] = [];
  for (const item of items) {
    const about = counted.filter((neighbour) => neighbour.item === item);
    const cosine = stillSaid(about, use)[least - 1] ?? agreed(about, use);
    const near = Math.floor(STEPS * (cosine + ROUNDING)) / STEPS;
    if (near > 0) lifts.push({ item, near });
  }
  return lifts.sort((a, b) => b.near - a.near || (a.item < b.item ? -1 : 1));
}

/** How near one word and a click are that agree, where two have to: clicks agree with somebody, and never say anything alone. */
function agreed(about: readonly Neighbour[], use: MemoryUse): number {
  const [said] = use === 'shared' ? stillSaid(about, use) : [];
  const clicks = about.filter(({ click, voice }) => click && voice !== null).map(({ cosine }) => cosine);
  return said === undefined || clicks.length === 0 ? 0 : Math.min(said, Math.max(...clicks));
}

/** Cosines of the events that say yes, the nearest first. Each "no" takes away one that is no nearer than itself. */
function stillSaid(about: readonly Neighbour[], use: MemoryUse): number[] {
  const words = about.filter(({ click }) => !click);
  const said = [...nearestOfEach(words).values()];
  if (use === 'all') {
    for (const { voice, relevant, cosine } of words) if (relevant && voice === null) said.push(cosine);
  }
  said.sort((a, b) => b - a);
  for (const { relevant, cosine } of words) {
    const at = relevant ? -1 : said.findIndex((yes) => yes <= cosine);
    if (at >= 0) said.splice(at, 1);
  }
  return said;
}

/** Cosine of the nearest "yes" of each voice. */
function nearestOfEach(about: readonly Neighbour[]): Map<string, number> {
  const nearest = new Map<string, number>();
  for (const { voice, relevant, cosine } of about) {
    if (relevant && voice !== null) nearest.set(voice, Math.max(cosine, nearest.get(voice) ?? cosine));
  }
  return nearest;
}

/**
 * A document's score with what memory says of it.
 * @param cosine its own; a lift never lowers it
 * @param weight part of the way that it goes towards that of the questions which it answered
 */
export function lifted(cosine: number, near: number, weight: number): number {
  return cosine + weight * Math.max(0, near - cosine);
}
