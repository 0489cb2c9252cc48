/** Names of places in sentences and by themselves. */
import { expect, it } from 'vitest';
import { placeLabel, placeName } from '../../../../workers/ask/texts.ts';

it.each([
  ['wnam', 'western North America', 'Western North America'],
  ['me', 'the Middle East', 'Middle East'],
  ['apac', 'Asia-Pacific', 'Asia-Pacific'],
  ['weur-2', 'Western Europe', null],
  // Other names are names, whatever they are called.
  ['hamburg', 'hamburg', null],
  ['constructor', 'constructor', null],
])('%s', (region, inSentence, label) => {
  expect(placeName(region)).toBe(inSentence);
  expect(placeLabel(region)).toBe(label);
});
