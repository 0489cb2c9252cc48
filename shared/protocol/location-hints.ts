/** Location hints of Durable Objects, and which of them a region's name says. For the pages, too: it needs no library. */

/** The regions a deployment can use without configuration. */
export const LOCATION_HINTS = ['wnam', 'enam', 'sam', 'weur', 'eeur', 'apac', 'oc', 'afr', 'me'] as const;

export type LocationHint = (typeof LOCATION_HINTS)[number];

/** Where a region should lie: `weur`, and `weur-berlin` too, lie in western Europe; null where the name is no place. */
export function hintOf(region: string): LocationHint | null {
  const place = region.split('-')[0];
  return LOCATION_HINTS.find((hint) => hint === place) ?? null;
}
