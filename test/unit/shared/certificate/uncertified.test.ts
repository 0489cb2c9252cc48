/** A version without a certificate of its own says why, and where what it learned and what was charged is signed. */
import { describe, expect, it } from 'vitest';
import { whyUncertified } from '../../../../shared/certificate/uncertified.ts';

const SIGNED = { signed: 2, asked: 2, covers: 'rounds' as const };
const first = { version: 0, run: null, parent: null, certificate: null, training: {} };
const version = (number: number, run: string, parent: number, certificate: typeof SIGNED | null = null) => ({
  ...{ version: number, run, parent, certificate, training: {} },
});

describe('why a version has no certificate', () => {
  it('refers from weights alone to what was learned and to what was charged', () => {
    const all = [first, version(1, 'a', 0, SIGNED), version(2, 'b', 1, SIGNED), version(3, 'b', 1)];
    const why = whyUncertified(all[3]!, all);
    expect(why).toMatch(/^version 3 has no certificate of its own: its run found what else to weigh/);
    expect(why).toContain('It learned what version 1 did');
    expect(why).toContain('the certificate of its candidate, version 2');
    // Weighed anew once more.
    const again = [...all, version(4, 'c', 3, SIGNED), version(5, 'c', 3)];
    expect(whyUncertified(again[5]!, again)).toContain('It learned what version 1 did; what the run charged');
    const atOnce = [first, version(1, 'a', 0, SIGNED), version(2, 'a', 0)];
    expect(whyUncertified(atOnce[2]!, atOnce)).toContain('It learned nothing; what the run charged');
  });

  it.each([
    ['plain search', first, 'it is plain search'],
    ['plain sums', version(1, 'a', 0), 'sums of its run were plain'],
    [
      'an import',
      { ...version(1, 'import-0', 0), parent: null, training: { imported: {} } },
      'imported from came without one',
    ],
  ])('of %s', (_, one, expected) => {
    const weights = { ...version(2, 'a', 0) };
    expect(whyUncertified(one, [first, one, weights])).toContain(expected);
  });
});
