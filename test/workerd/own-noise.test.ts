/** A member that trusts no other member's noise adds as much by itself, end to end through the objects. */
import { expect, it, vi } from 'vitest';
import type { Participants } from '../../shared/protocol/api/participant.ts';
import { call, guestRegion } from './guest-regions.ts';
import { collection, FEW_ITEMS, finished, hubOf, regionOf, start } from './objects.ts';

const MEMBERS = ['east', 'middle', 'north', 'south', 'west'];
const settings = {
  schedule: { everyHours: 0, secureDeadlineMs: 60_000, minParticipants: 5 },
  privacy: { noise: 'on', epsilon: 4, runEpsilon: 4, censusEpsilon: 0, training: { steps: 1 } },
};

/** Noise in the sum of each round of a run of five guests over the noise that is charged for it. */
async function excess(name: string, ownEpsilon: number | undefined): Promise<number[]> {
  await collection(name, { regionsTrain: false, ...settings }, ['hall']);
  const path = `/v1/collections/${name}/participants`;
  const guests = [];
  for (const who of MEMBERS) {
    const { invitation } = await call<{ invitation: string }>('POST', `${path}/invitations`, { name: who });
    const own = who === 'west' ? ownEpsilon : undefined;
    const terms = { invitation, allowed: {}, ownEpsilon: own };
    guests.push(await guestRegion(name, who, { regions: MEMBERS, ...settings }, terms));
  }
  const members = async () =>
    (await call<Participants>('GET', path)).participants.filter(({ state }) => state === 'member');
  await vi.waitUntil(async () => (await members()).length === 5, { timeout: 60_000 });
  await regionOf(name, 'hall').putItems(FEW_ITEMS);
  const id = await start(name);
  for (const guest of guests) await guest.wake();
  const run = await finished(name, id);
  expect(run.rounds.map(({ contributors }) => contributors)).toEqual(run.rounds.map(() => 5));
  expect(run.rounds.length).toBeGreaterThan(0);
  const { charges } = await hubOf(name).privacy();
  return run.rounds.map(
    ({ noise_in_effect: inEffect }, round) => inEffect! / charges[round]!.noise_multiplier,
  );
}

it('five members have √(n/h) of the noise that is charged, and more with one that adds all of it by itself', {
  timeout: 240_000,
}, async () => {
  // Each of five operators adds a third of the variance (h = 3); the one that relies on its own noise adds all.
  for (const ratio of await excess('their-noise', undefined)) expect(ratio).toBeCloseTo(Math.sqrt(5 / 3), 2);
  for (const ratio of await excess('own-noise', 4)) expect(ratio).toBeCloseTo(Math.sqrt(4 / 3 + 1), 2);
});
