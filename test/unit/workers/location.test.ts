import { expect, it } from 'vitest';
import { regionOfCaller } from '../../../workers/location.ts';

const ALL = ['wnam', 'enam', 'sam', 'weur', 'eeur', 'apac', 'oc', 'afr', 'me'];

it.each([
  ['NA', -120, 'wnam'],
  ['NA', -75, 'enam'],
  ['EU', 2, 'weur'],
  ['EU', 25, 'eeur'],
  ['AS', 45, 'me'],
  ['AS', 139, 'apac'],
  ['SA', -46, 'sam'],
  ['AF', 20, 'afr'],
  ['OC', 151, 'oc'],
])('a caller in %s at %d° belongs to %s', (continent, longitude, region) => {
  expect(regionOfCaller(ALL, { continent, longitude: String(longitude) })).toBe(region);
});

it('takes the nearest region that the collection has', () => {
  expect(regionOfCaller(['wnam', 'weur', 'apac', 'sam'], { continent: 'AF', longitude: 20 })).toBe('weur');
  expect(regionOfCaller(['wnam', 'weur', 'apac', 'sam'], { continent: 'OC' })).toBe('apac');
});

it('knows a place before a dash', () => {
  expect(
    regionOfCaller(['wnam-oregon', 'weur-berlin', 'weur-paris'], { continent: 'EU', longitude: 2 }),
  ).toBe('weur-berlin');
  expect(regionOfCaller(['north', 'weurope', 'apac-1'], { continent: 'EU', longitude: 2 })).toBe('apac-1');
});

it('takes the first region when the place is unknown or the regions are no places', () => {
  expect(regionOfCaller(['north', 'south'], { continent: 'EU' })).toBe('north');
  expect(regionOfCaller(ALL, {})).toBe('wnam');
});
