/**
 * Rosters as large as the settings allow, through the real Directory and Coordinator: everybody is from outside and
 * answers by the code that participants run. A round that is charged must also be stored and released. The short form
 * has thirty members on the complete graph; with FEDCAR_FULL=1 there are a hundred, and three hundred on the sparse one.
 */
import { describe, it } from 'vitest';
import { SecureSum } from '../../../durable-objects/coordinator/secure-sum.ts';
import { addInto } from '../../../shared/crypto/ring.ts';
import { hubOf, replaced, start } from '../../workerd/objects.ts';
import { attack } from '../outcome.ts';
import { hubFor, played } from './guests.ts';

/** Counting rounds without queries end in a run that has too few of them, released and charged all the same. */
async function outcomeOf(name: string, members: number, completeUpTo: number): Promise<string> {
  const guests = await hubFor(name, members, { completeUpTo });
  const hub = hubOf(name);
  let seen = 'nothing was released';
  const sum = (original: SecureSum['sum']) =>
    function (this: SecureSum, ...[round, dimension]: Parameters<SecureSum['sum']>) {
      const released = original.call(this, round, dimension);
      const { parameters, survivors } = this.state(round)!;
      const plain = new Uint32Array(dimension);
      for (const { vector } of guests) addInto(plain, vector);
      const exact = plain.every((word, i) => word === released[i]);
      seen = `${exact ? 'the plain sum' : 'another sum'} of ${survivors.length}, ${parameters.graph.kind}`;
      return released;
    };
  await replaced(SecureSum.prototype, 'sum', sum, async () => {
    const { error } = await played(name, await start(name), guests);
    const { charges } = await hub.privacy();
    seen += `; charged ${charges.map(({ rounds }) => rounds).join()}; ${error?.split(':')[0]}`;
  });
  return seen;
}

describe('a large roster', () => {
  const full = process.env.FEDCAR_FULL === '1';
  const complete = (members: number) =>
    attack(
      `a complete graph of ${members} members`,
      `the plain sum of ${members}, complete; charged 1; too few training queries`,
      () => outcomeOf('complete', members, members),
    );
  complete(full ? 100 : 30);
  const sparse = 'a sparse graph of 300 members';
  if (full) {
    attack(sparse, 'the plain sum of 300, k-regular; charged 1; too few training queries', () =>
      outcomeOf('threehundred', 300, 100),
    );
  } else it.skip(`${sparse}: with FEDCAR_FULL=1`, () => {});
});
