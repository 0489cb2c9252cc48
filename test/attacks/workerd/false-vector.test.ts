/** One participant sends another vector than its own: what no honest participants add up to must not be learnt from. */
import type { Run } from '../../../shared/protocol/api/run.ts';
import { hubOf, hubStub, start } from '../../workerd/objects.ts';
import { attack } from '../outcome.ts';
import { act, hubFor } from './guests.ts';

attack(
  'a counting round in which a document is asked for fewer times than never',
  /^failed, version null: the sum of round .* is none that honest participants make: document or passage 3 was asked for -/,
  async () => {
    const guests = await hubFor('poisoned', 4);
    guests[1]!.poison = (words) => {
      words[3] = -(2 ** 30);
    };
    const run = await start('poisoned');
    let info: Run | null = null;
    for (let turn = 0; turn < 60 && info?.state !== 'failed'; turn++) {
      for (const guest of guests) await act(hubStub('poisoned'), guest);
      info = await hubOf('poisoned').run(run);
    }
    return `${info?.state}, version ${info?.version}: ${info?.error}`;
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
