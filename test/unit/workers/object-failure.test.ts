/** What an edge makes of an object that fails, and of one whose runtime does not say why. */
import { describe, expect, it } from 'vitest';
import type { Collection } from '../../../shared/protocol/api/collection.ts';
import { ObjectFailure, withNamedObjects } from '../../../workers/object-failure.ts';
import type { Services } from '../../../workers/services.ts';

const FULL = 'database or disk is full: SQLITE_FULL';
const HIDDEN = 'internal error; reference = 0123456789abcdef';
const collection = { name: 'faq' } as Collection;

/** The failure of an upload, and how often the region was asked about its storage, each time by a stub of its own. */
async function uploadFails(message: string, probe: () => Promise<void>) {
  let stubs = 0;
  const probed: number[] = [];
  const region = () => {
    const stub = ++stubs;
    return {
      putItems: () => Promise.reject(new Error(message)),
      probeStorage: () => {
        probed.push(stub);
        return probe();
      },
    };
  };
  const services = withNamedObjects({ region } as unknown as Services);
  const failure = await services
    .region(collection, 'weur')
    .putItems([])
    .then(
      () => null,
      (error: unknown) => error,
    );
  if (!(failure instanceof ObjectFailure)) throw new Error(`${failure}`);
  return { full: failure.full, title: failure.of.title, probed };
}

describe('an object that fails', () => {
  it('says itself that its storage is full', async () => {
    const found = await uploadFails(FULL, () => Promise.resolve());
    expect(found).toEqual({ full: true, title: 'region weur', probed: [] });
  });

  it('is asked by a new stub, for one whose call failed fails for ever, where the runtime hides the cause', async () => {
    const found = await uploadFails(HIDDEN, () => Promise.reject(new Error(FULL)));
    expect(found).toEqual({ full: true, title: 'region weur', probed: [2] });
  });

  it.each([
    ['has room', () => Promise.resolve()],
    ['fails in another way', () => Promise.reject(new Error(HIDDEN))],
  ])('counts as failed where its storage %s', async (_, probe) => {
    expect(await uploadFails(HIDDEN, probe)).toMatchObject({ full: false, probed: [2] });
  });

  it('is not asked about an error of its own', async () => {
    expect(await uploadFails('x is not a function', () => Promise.resolve())).toMatchObject({
      full: false,
      probed: [],
    });
  });
});
