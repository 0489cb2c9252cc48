/** One participant sends another vector than its own: what no honest participants add up to must not be learnt from. */
import { hubStub, start } from '../../workerd/objects.ts';
import { attack } from '../outcome.ts';
import { hubFor, played } from './guests.ts';

attack(
  'a counting round in which a document is asked for fewer times than never',
  /^failed, version null: the sum of round .* is none that honest participants make: document or passage 3 was asked for -/,
  async () => {
    const guests = await hubFor('poisoned', 4);
    guests[1]!.poison = (words) => {
      words[3] = -(2 ** 30);
    };
    const { state, version, error } = await played('poisoned', await start('poisoned'), guests);
    return `${state}, version ${version}: ${error}`;
  },
);

attack('probe counts beyond all titles', /^refused, /, async () => {
  await hubFor('probes', 4);
  const probe = { titles: 2 ** 53 - 1, found: 0, mips: 2 ** 53 - 1 };
  const report = { type: 'ready', participant: 'guest-001', round: 'r.0', probe };
  return hubStub('probes')
    .report(report)
    .then(
      () => 'accepted',
      (error: Error) => `refused, ${error.message.slice(0, 60)}`,
    );
});
