/**
 * A small map of the world in dots, and where Cloudflare's location hints lie on it. Approximate on purpose: a hint is
 * best effort, and what matters is which part of the world a region is in. Pure.
 */
import { hintOf, type LocationHint } from '../../../shared/protocol/location-hints.ts';

/** Land, 5 degrees a column from 180° west on, 6 degrees a row from 78° north on. */
export const LAND = [
  '                        ########                          ###           ',
  '      #########  ####   ########         #     ##  ##################   ',
  '   ##################    #####          ### ########################### ',
  '   ### #############      ##          #### ############################ ',
  '        ##########  ##              #  ## #################### #   #    ',
  '           ########## #             ## ########################  ##     ',
  '           ###########             ##########################    #      ',
  '            ########               ####  ## ################ # #        ',
  '            #######                 ##     ################  ##         ',
  '             #### #               ######## ################             ',
  '              ##                 ########### ###  ###  ####             ',
  '               ### ##            ############ ##   ##  ###              ',
  '                 ##              ###########       #   ## ##            ',
  '                    ####          ###########         #  #              ',
  '                   #######           #######           ## ##            ',
  '                   ########          ######             ## # ##         ',
  '                   ########           #####                  #          ',
  '                    #######           ##### #             ## ##         ',
  '                     #####            #### #            ########        ',
  '                     ####              ###             ##########       ',
  '                     ###               ##               ########        ',
  '                     ##                                  #   ###      # ',
  '                     ##                                       #      #  ',
  '                     #                                               #  ',
  '                     #                                                  ',
] as const;

export const MAP_COLUMNS = 72;
export const MAP_ROWS = LAND.length;

/** Degrees east and north. */
const COORDINATES: Record<LocationHint, readonly [number, number]> = {
  wnam: [-119, 41],
  enam: [-78, 39],
  sam: [-52, -15],
  weur: [4, 48],
  eeur: [24, 50],
  apac: [110, 22],
  oc: [146, -30],
  afr: [22, -8],
  me: [48, 27],
};

/** Column and row on the map; null of a region whose name is no place. */
export function placeOnMap(region: string): readonly [column: number, row: number] | null {
  const hint = hintOf(region);
  if (hint === null) return null;
  const [east, north] = COORDINATES[hint];
  return [(east + 180) / 5, (78 - north) / 6];
}
