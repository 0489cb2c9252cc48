/** A member is removed while a round needs all members: the run goes on under the next roster, and pays for one round. */
import { expect, it } from 'vitest';
import { directory } from '../../durable-objects/names.ts';
import { generateSigner } from '../../shared/crypto/ed25519.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import type { Run } from '../../shared/protocol/api/run.ts';
import { PART_BYTES } from '../../shared/protocol/parameters.ts';
import { act, hubFor, signWaiting } from '../attacks/workerd/guests.ts';
import { hubOf, hubStub, objects, start } from './objects.ts';

const NAME = 'leaving';
const GONE = 'guest-003';

it('tries a round again under the roster without who was removed in the middle of it', {
  timeout: 120_000,
}, async () => {
  const { signer: admin } = await generateSigner(systemRandom);
  const guests = await hubFor(NAME, 4, {}, admin);
  const roster = async () => {
    const found = await directory(objects).roster(NAME);
    return found.ok ? found.value.current?.roster : undefined;
  };
  expect(await roster()).toMatchObject({ epoch: 0, threshold: 4 });
  const run = await start(NAME);
  for (let turn = 0; turn < 40 && guests.some(({ round }) => round === ''); turn++) {
    for (const guest of guests.filter(({ round }) => round === '')) await act(hubStub(NAME), guest);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(
    guests.map(({ round }) => round),
    (await hubOf(NAME).run(run))?.error ?? '',
  ).not.toContain('');
  // A vector in clear has no place in a secure round, whatever its length.
  const { round } = guests[0]!;
  for (const length of [4, 4 * 40, PART_BYTES]) {
    const piece = { participant: guests[0]!.name, round, chunk: 0, chunks: 1 };
    expect(await hubStub(NAME).putChunk(piece, new Uint8Array(length))).toEqual({ current: false });
  }
  expect((await hubStub(NAME).arrived(guests[0]!.name, round)).chunks).toEqual([]);
  const removed = await directory(objects).removeParticipant(NAME, GONE);
  expect(removed.ok).toBe(true);
  await signWaiting(NAME, admin);
  const left = guests.filter(({ name }) => name !== GONE);
  const released = (info: Run) =>
    info.rounds.filter(({ error, ended_at }) => error === null && ended_at !== null);
  let info = (await hubOf(NAME).run(run))!;
  for (let turn = 0; turn < 80 && info.state !== 'failed' && released(info).length === 0; turn++) {
    for (const guest of left) await act(hubStub(NAME), guest);
    await new Promise((resolve) => setTimeout(resolve, 100));
    info = (await hubOf(NAME).run(run))!;
  }
  expect(
    info.rounds.map(({ error }) => error),
    info.error ?? '',
  ).toEqual([
    expect.stringContaining(`${GONE} left meanwhile; 3 of 4 participants answered where 4 are needed`),
    ...info.rounds.slice(1).map(() => null),
  ]);
  expect(Object.keys(info.rounds[1]!.participants).sort()).toEqual(left.map(({ name }) => name));
  expect(await roster()).toMatchObject({ epoch: 1, threshold: 3 });
  const { charges } = await hubOf(NAME).privacy();
  expect(charges.map(({ kind, rounds }) => [kind, rounds])).toEqual([['counts', 1]]);
});
