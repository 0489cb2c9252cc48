import { expect, it } from 'vitest';
import { OWN_CHANGE_MS, OwnChanges } from '../../../workers/own-changes.ts';

it('remembers the regions that were changed, for a while', () => {
  let time = 0;
  const changes = new OwnChanges(() => time);
  changes.note('shop', ['weur']);
  expect(changes.has('shop', 'weur')).toBe(true);
  expect(changes.has('shop', 'apac')).toBe(false);
  expect(changes.has('other', 'weur')).toBe(false);
  time = OWN_CHANGE_MS - 1;
  changes.note('shop', ['apac']);
  time = OWN_CHANGE_MS;
  expect(changes.has('shop', 'weur')).toBe(false);
  expect(changes.has('shop', 'apac')).toBe(true);
});

it('forgets the one that was changed longest ago when there are many', () => {
  const changes = new OwnChanges(() => 0);
  for (let collection = 0; collection <= 1024; collection++) changes.note(`c${collection}`, ['weur']);
  expect(changes.has('c0', 'weur')).toBe(false);
  expect(changes.has('c1', 'weur')).toBe(true);
  expect(changes.has('c1024', 'weur')).toBe(true);
});
