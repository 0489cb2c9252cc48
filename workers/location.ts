/**
 * Which region of a collection a caller belongs to, from where the request entered the network. Regions that bear a
 * location hint's name are places; the nearest one is chosen, by a fixed order for each place.
 */
import { hintOf, type LocationHint } from '../shared/protocol/location-hints.ts';

export interface CallerPlace {
  continent?: string | undefined;
  /** Degrees, as text or number. */
  longitude?: string | number | undefined;
}

const NEAREST: Record<LocationHint, readonly LocationHint[]> = {
  wnam: ['wnam', 'enam', 'sam', 'apac', 'oc', 'weur', 'eeur', 'me', 'afr'],
  enam: ['enam', 'wnam', 'weur', 'sam', 'eeur', 'afr', 'me', 'apac', 'oc'],
  sam: ['sam', 'enam', 'wnam', 'weur', 'afr', 'eeur', 'me', 'oc', 'apac'],
  weur: ['weur', 'eeur', 'enam', 'me', 'afr', 'wnam', 'sam', 'apac', 'oc'],
  eeur: ['eeur', 'weur', 'me', 'afr', 'enam', 'apac', 'wnam', 'sam', 'oc'],
  me: ['me', 'eeur', 'weur', 'afr', 'apac', 'enam', 'oc', 'wnam', 'sam'],
  afr: ['afr', 'weur', 'me', 'eeur', 'sam', 'enam', 'apac', 'wnam', 'oc'],
  apac: ['apac', 'oc', 'me', 'wnam', 'eeur', 'weur', 'enam', 'afr', 'sam'],
  oc: ['oc', 'apac', 'wnam', 'sam', 'me', 'enam', 'weur', 'eeur', 'afr'],
};

/** The location hint of a place; null when it is not known. */
function placeOf({ continent, longitude }: CallerPlace): LocationHint | null {
  const east = Number(longitude ?? 0);
  switch (continent) {
    case 'NA':
      return east < -100 ? 'wnam' : 'enam';
    case 'SA':
      return 'sam';
    case 'EU':
      return east < 16 ? 'weur' : 'eeur';
    case 'AF':
      return 'afr';
    case 'AS':
      return east < 60 ? 'me' : 'apac';
    case 'OC':
      return 'oc';
    default:
      return null;
  }
}

/** The caller's region among `regions`; the first of them when the caller's place or theirs is not known. */
export function regionOfCaller(regions: readonly string[], place: CallerPlace): string {
  const hint = placeOf(place);
  const places = regions.map(hintOf);
  const near = hint === null ? undefined : NEAREST[hint]?.find((name) => places.includes(name));
  return regions[near === undefined ? 0 : places.indexOf(near)]!;
}
