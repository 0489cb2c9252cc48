/**
 * Alarms are at least once, late, or fail and come again: whatever happens to them, a round with participants from
 * outside goes on, nobody who answers is counted as away, and it is charged once.
 */
import { Coordinator } from '../../../durable-objects/coordinator/coordinator.ts';
import { hubOf, replaced, start } from '../../workerd/objects.ts';
import { attack } from '../outcome.ts';
import { hubFor, played } from './guests.ts';

type Ring = Coordinator['alarm'];

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What becomes of one alarm after another, over and over. */
const FATES: ((ring: () => Promise<void>) => Promise<unknown>)[] = [
  (ring) => Promise.all([ring(), ring()]),
  (ring) => later(200).then(ring),
  (ring) => ring().then(() => later(200)),
];

attack(
  'alarms that come twice at once, late, last long, or fail once',
  'released; ready, ready, ready, ready, ready; charged 1',
  async () => {
    const guests = await hubFor('alarms', 5);
    let seen = '';
    let turn = 0;
    const disordered = (original: Ring) =>
      async function (this: Coordinator, ...args: Parameters<Ring>) {
        if (++turn === 4) throw new Error('this alarm fails, and comes again');
        await FATES[turn % FATES.length]!(() => original.apply(this, args));
      };
    await replaced(Coordinator.prototype, 'alarm', disordered as (original: Ring) => Ring, async () => {
      const { rounds } = await played('alarms', await start('alarms'), guests);
      const { charges } = await hubOf('alarms').privacy();
      const ended = rounds.map(({ error, participants }) =>
        [
          error ?? 'released',
          Object.values(participants)
            .map(({ phase }) => phase)
            .join(', '),
        ].join('; '),
      );
      seen = `${ended}; charged ${charges.map((charge) => charge.rounds)}`;
    });
    return seen;
  },
);
