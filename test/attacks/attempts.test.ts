/**
 * A coordinator that tries one round twice, and members that it tells different things: what was signed in one attempt, or
 * over one pair of lists, must be worth nothing in another.
 */
import { describe } from 'vitest';
import { roundGrid } from '../../shared/privacy/fixed-point.ts';
import { type CheckedMessage, SECAGG_PROTOCOL } from '../../shared/protocol/secagg.ts';
import { signMessage } from '../../shared/secagg/signing.ts';
import { cohort, seededRandom } from '../unit/shared/secagg/cohort.ts';
import { Driver } from '../unit/shared/secagg/driver.ts';
import { attack, refusalOf } from './outcome.ts';

const NOISED = { noiseMultiplier: 1, dimension: 64, clipNorm: 1, gridStep: roundGrid(64, 1).step };

const headerOf = (driver: Driver) =>
  ({ protocol: SECAGG_PROTOCOL, parametersHash: driver.context.parametersHash }) as const;

/** Members that draw everything anew. */
function again(driver: Driver): Driver {
  const { environment } = driver;
  driver.environment = (id, change = {}) =>
    environment.call(driver, id, { random: seededRandom(`again ${id} ${driver.phase}`), ...change });
  return driver;
}

describe('signatures over who survived', () => {
  attack(
    'of an earlier attempt, to get more of the surplus noise revealed',
    /^refused, forged: consistency of region-00\d: signature does not hold$/,
    async () => {
      const group = await cohort(8, { threshold: 6, colluders: 1 });
      const one = await Driver.open(group, NOISED).until('unmask');
      const { consistency } = one.server.state().messages;
      const all = one.ids;
      const two = again(Driver.open(group, NOISED));
      await two.until('masked');
      await two.until('consistency', new Set([all[7]!]));
      const told = await two.answer(all[0]!, {
        kind: 'survivors',
        ...headerOf(two),
        survivors: all,
        dropped: [],
      });
      two.states.set(all[0]!, told.state);
      const signatures = all.slice(0, 6).map((from) => ({ from, signature: consistency[from]!.signature }));
      return refusalOf(two.answer(all[0]!, { kind: 'signatures', ...headerOf(two), signatures }));
    },
  );

  attack(
    'over two lists at once: two were told that a member lives, two that it dropped',
    /^refused, forged: consistency of region-002: signature does not hold$/,
    async () => {
      const driver = await Driver.open(await cohort(5)).until('consistency');
      const all = driver.ids;
      const lists = [
        { survivors: all, dropped: [] },
        { survivors: all.slice(0, 4), dropped: [all[4]!] },
      ];
      const signatures: { from: string; signature: string }[] = [];
      for (const [i, from] of all.slice(0, 4).entries()) {
        const list = lists[i < 2 ? 0 : 1];
        const signed = await driver.answer(from, { kind: 'survivors', ...headerOf(driver), ...list });
        driver.states.set(from, signed.state);
        signatures.push({ from, signature: signed.reply.signature });
      }
      return refusalOf(driver.answer(all[0]!, { kind: 'signatures', ...headerOf(driver), signatures }));
    },
  );
});

attack(
  'parcels of an earlier attempt, for a member to call them bad and give its secret away',
  /^refused, forged: parcel of region-001 for region-000: signature does not hold$/,
  async () => {
    const group = await cohort(5);
    const one = await Driver.open(group).until('checked');
    const two = again(Driver.open(group));
    await two.until('checked');
    const old = one.server.messageFor(one.ids[0]!);
    return refusalOf(two.answer(two.ids[0]!, old));
  },
);

attack(
  'a member that calls two honest parcels bad, where all three are needed',
  'aborted before the charge, blamed region-002: false-accusation',
  async () => {
    const driver = await Driver.open(await cohort(3, { threshold: 3, colluders: 1 })).until('checked');
    const answers = await driver.answers();
    const liar = driver.ids[2]!;
    const { receive } = driver.states.get(liar)!.secrets!;
    const accused = driver.ids.slice(0, 2).map((dealer) => ({ dealer, secret: receive[dealer]! }));
    const { signature: _, ...unsigned } = answers.get(liar)!.reply as CheckedMessage;
    const lie = await signMessage(driver.group.signers.get(liar)!, { ...unsigned, accused });
    answers.get(liar)!.reply = lie;
    await driver.step(() => true, answers);
    const { abort, faults } = driver.server.state();
    const paid = driver.effects.includes('charge') ? 'after' : 'before';
    return `${driver.phase} ${paid} the charge, blamed ${abort?.blamed}: ${faults[0]?.code}`;
  },
);
