/** Metadata filters: every operator, types, reserved fields, and what the schema refuses. */
import { describe, expect, it } from 'vitest';
import { Filters } from '../../../../shared/protocol/filters.ts';
import { folderOf, matchesFilters } from '../../../../shared/retrieval/filters.ts';

const item = {
  key: 'weur/billing/vat.md',
  timestamp: 1_750_000_000_000,
  metadata: { topic: 'billing', year: 2024, open: true, 'file name': 'vat.md' },
};

describe('filters', () => {
  it.each([
    [{}, true],
    [{ topic: 'billing' }, true],
    [{ topic: 'Billing' }, false],
    [{ open: true }, true],
    [{ year: '2024' }, false],
    [{ missing: 'x' }, false],
    [{ topic: { $eq: 'billing' } }, true],
    [{ topic: { $ne: 'billing' } }, false],
    [{ missing: { $ne: 'x' } }, true],
    [{ year: { $in: [2023, 2024] } }, true],
    [{ year: { $in: ['2024'] } }, false],
    [{ missing: { $in: ['x'] } }, false],
    [{ year: { $nin: [2023] } }, true],
    [{ year: { $nin: [2024] } }, false],
    [{ missing: { $nin: ['x'] } }, true],
    [{ year: { $lt: 2024 } }, false],
    [{ year: { $lte: 2024 } }, true],
    [{ year: { $gt: 2023.5 } }, true],
    [{ year: { $gte: 2025 } }, false],
    [{ year: { $gt: 2020, $lt: 2030 } }, true],
    [{ year: { $gt: 2020, $lt: 2022 } }, false],
    [{ year: { $gt: '2020' } }, false],
    [{ open: { $gt: 0 } }, false],
    [{ missing: { $lt: 5 } }, false],
    [{ topic: { $gte: 'b', $lt: 'c' } }, true],
    [{ topic: 'billing', year: 2023 }, false],
    [{ folder: 'weur/billing/' }, true],
    [{ filename: 'weur/billing/vat.md' }, true],
    [{ filename: 'other' }, false],
    [{ folder: { $gte: 'weur/', $lt: 'weur0' } }, true],
    [{ folder: { $gte: 'wnam/', $lt: 'wnam0' } }, false],
    [{ key: 'weur/billing/vat.md' }, true],
    [{ timestamp: { $gte: 1_700_000_000_000 } }, true],
    [{ timestamp: { $lt: 1_700_000_000_000 } }, false],
    [{ 'file name': 'vat.md' }, true],
    [{ constructor: { $ne: 'x' } }, true],
    [{ toString: 'x' }, false],
  ])('%j is %s', (filters, expected) => {
    expect(matchesFilters(Filters.parse(filters), item)).toBe(expected);
  });

  it.each([
    [{ $or: [{ topic: 'x' }] }],
    [{ topic: { $regex: 'x' } }],
    [{ topic: {} }],
    [{ topic: { $in: [] } }],
    [{ topic: { $in: 'x' } }],
    [{ topic: ['x'] }],
    [{ topic: null }],
    [{ year: { $gt: true } }],
    [{ topic: { $eq: { a: 1 } } }],
    [Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`f${i}`, 1]))],
    ['topic'],
  ])('refuses %j', (filters) => {
    expect(Filters.safeParse(filters).success).toBe(false);
  });

  it('takes an item’s own file name before its key', () => {
    const named = { ...item, metadata: { filename: 'a.pdf' } };
    expect(matchesFilters({ filename: 'a.pdf' }, named)).toBe(true);
    expect(matchesFilters({ filename: item.key }, named)).toBe(false);
  });

  it('knows folders', () => {
    expect(folderOf('a/b/c')).toBe('a/b/');
    expect(folderOf('c')).toBe('');
  });
});
