/**
 * Titles that a gate asks are counted in clear, and enough lost ones keep a version from serving: whoever is not asked,
 * or has said its figures before, must not be able to say that they are lost.
 */
import { RoundService } from '../../../durable-objects/coordinator/round-service.ts';
import { BRIEF, collection, fill, finished, hubOf, replaced, start } from '../../workerd/objects.ts';
import { attack } from '../outcome.ts';

const REGIONS = ['weur', 'enam'];
const LOST = { titles: 200, found: 0, mips: 200 };
type Report = RoundService['report'];

/** A run in whose gate somebody else speaks before each region, and each region twice. */
async function judged(name: string): Promise<string> {
  const privacy = { aggregation: 'secure', noise: 'off' };
  const training = { ...BRIEF, activeThreshold: 1 };
  await collection(name, { training, heldOutShare: 0.25, privacy }, REGIONS);
  await fill(name, REGIONS);
  const honest = { titles: 0, found: 0, mips: 0 };
  let forged = 0;
  let seen = '';
  const twice = (original: Report): Report =>
    async function (this: RoundService, message) {
      if (message.type !== 'ready' || message.probe === null) return original.call(this, message);
      for (const of of ['titles', 'found', 'mips'] as const) honest[of] += message.probe[of];
      await original.call(this, { ...message, participant: 'enrolled-and-not-in-the-roster', probe: LOST });
      const ack = await original.call(this, message);
      await original.call(this, { ...message, probe: LOST });
      forged += 2;
      return ack;
    };
  await replaced(RoundService.prototype, 'report', twice, async () => {
    const run = await finished(name, await start(name));
    const version = (await hubOf(name).versions()).find((each) => each.version === run.version);
    const same = JSON.stringify(version?.probe) === JSON.stringify(honest);
    seen = `${forged} false words, ${run.state}; ${same ? 'the regions’ own figures' : JSON.stringify(version?.probe)} count`;
  });
  return seen;
}

attack(
  'a probe by whom the gate does not ask, and one that is said again',
  /^4 false words, (published|rejected); the regions’ own figures count$/,
  () => judged('probed'),
);
