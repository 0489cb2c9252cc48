import { expect, it } from 'vitest';
import { LOCATION_HINTS } from '../../../../shared/protocol/location-hints.ts';
import { LAND, MAP_COLUMNS, MAP_ROWS, placeOnMap } from '../../../../workers/dashboard/client/map.ts';

it('has a place for every location hint, on or beside land, and none for other names', () => {
  expect(new Set(LAND.map((row) => row.length))).toEqual(new Set([MAP_COLUMNS]));
  for (const hint of LOCATION_HINTS) {
    const [column, row] = placeOnMap(`${hint}-2`)!;
    expect([column >= 0 && column < MAP_COLUMNS, row >= 0 && row < MAP_ROWS]).toEqual([true, true]);
    const near = [-1, 0, 1].flatMap((y) =>
      [-1, 0, 1].map((x) => LAND[Math.floor(row) + y]?.[Math.floor(column) + x]),
    );
    expect(near, hint).toContain('#');
  }
  expect(placeOnMap('clinic')).toBeNull();
  expect(placeOnMap('__proto__')).toBeNull();
});
