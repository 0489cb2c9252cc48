import { describe, expect, it } from 'vitest';
import { hrefOf, placeOf, VIEWS } from '../../../../workers/dashboard/place.ts';

const at = (path: string) => placeOf(new URL(path, 'https://fedcar.example'));

describe('an address of the dashboard', () => {
  it('is read as it was written, whatever is open in it', () => {
    for (const view of VIEWS) {
      for (const collection of ['default', 'shop']) {
        const item = view === 'documents' ? '__proto__/a&b#c?d=é🦊' : null;
        const compare = view === 'training' ? ([0, 12] as const) : null;
        const place = { view, collection, item, compare };
        expect(at(hrefOf(place))).toEqual(place);
      }
    }
    expect(hrefOf({ view: 'search' })).toBe('/dashboard');
    expect(at('/dashboard/')?.view).toBe('search');
  });

  it('names nothing that is not there', () => {
    expect(at('/dashboard/constructor')).toBeNull();
    expect(at('/dashboard/search/more')).toBeNull();
    expect(at('/docs')).toBeNull();
    expect(at('/dashboard/training?compare=1-x')?.compare).toBeNull();
    expect(at('/dashboard/training?item=a')?.item).toBeNull();
    expect(at('/dashboard?collection=')?.collection).toBe('default');
  });
});
