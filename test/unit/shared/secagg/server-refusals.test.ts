/** What the coordinator refuses, one by one: the member is named, and the round goes on with the others. */
import { describe, expect, it } from 'vitest';
import type { ClientMessage, ShareMessage, UnmaskMessage } from '../../../../shared/protocol/secagg.ts';
import type { SecaggCode } from '../../../../shared/secagg/errors.ts';
import { HEADER_BYTES } from '../../../../shared/secagg/frames.ts';
import type { ServerAnswer } from '../../../../shared/secagg/server.ts';
import { dealtTo } from '../../../../shared/secagg/server-checks.ts';
import { signMessage, signParcel, type UnsignedMessage } from '../../../../shared/secagg/signing.ts';
import { plainSum, seededRandom } from './cohort.ts';
import type { Driver } from './driver.ts';
import { at, flipped } from './waiting.ts';

const BAD = 'region-002';

/** The sender's message with a change, signed anew, so that only the change is wrong. */
async function resigned(
  driver: Driver,
  change: (message: Record<string, unknown>) => void,
  genuine?: ClientMessage,
): Promise<unknown> {
  const reply = genuine ?? (await driver.answer(BAD)).reply;
  const { signature: _, ...message } = structuredClone(reply) as unknown as Record<string, unknown>;
  change(message);
  const { survivors, maskers } = driver.server.state();
  const dropped = maskers.filter((id) => !survivors.includes(id));
  const signer = driver.group.signers.get(BAD)!;
  return signMessage(signer, message as unknown as UnsignedMessage, { survivors, dropped });
}

function expectNamed(driver: Driver, answer: ServerAnswer, code: SecaggCode, detail: string): void {
  expect(answer.outcome).toMatchObject({ ok: false, code, detail: expect.stringContaining(detail) });
  expect(driver.server.state().faults).toEqual([
    expect.objectContaining({ member: BAD, code, phase: driver.phase }),
  ]);
}

/** The others finish, with or without the member, and the sum is theirs. */
async function goesOn(driver: Driver): Promise<void> {
  await driver.until('done');
  expect(driver.phase).toBe('done');
  const { survivors, parameters } = driver.server.state();
  expect(driver.sum()).toEqual(plainSum(parameters.dimension, survivors));
}

describe('messages', () => {
  it.each(['advertise', 'share', 'checked', 'masked', 'consistency', 'unmask'])(
    'forged ones at %s',
    async (phase) => {
      const driver = await at(phase);
      const { reply } = await driver.answer(BAD);
      const forged = { ...reply, signature: flipped(reply.signature) };
      expectNamed(driver, await driver.server.receive(BAD, forged, 0), 'forged', 'signature');
      await goesOn(driver);
      // The genuine message counted after all.
      expect(driver.server.state().survivors).toContain(BAD);
    },
  );

  it.each(['advertise', 'share', 'checked', 'masked', 'consistency', 'unmask'])(
    'another one for the same step at %s; the same one is answered as before',
    async (phase) => {
      const driver = await at(phase);
      const first = await driver.answer(BAD);
      await driver.deliver(BAD, first);
      const again = await driver.server.receive(BAD, first.reply, 0);
      expect(again).toEqual({ outcome: { ok: true, repeated: true }, effects: [] });
      // Signatures of Ed25519 are unique, so a second consistency message cannot be another one; and who has nobody to
      // accuse has nothing else to say of its parcels.
      if (phase === 'consistency' || phase === 'checked') return;
      const random = seededRandom('another draw');
      const before = await at(phase);
      const genuine =
        phase === 'share' ? (await before.answer(BAD, undefined, { random })).reply : first.reply;
      const other = await resigned(
        driver,
        (message) => {
          if (phase === 'advertise') message.cipherKey = flipped(message.cipherKey as string);
          else if (phase === 'share') return;
          else if (phase === 'masked') message.frames = ['A'.repeat(43)];
          else message.seedShares = [];
        },
        genuine,
      );
      expectNamed(driver, await driver.server.receive(BAD, other, 0), 'conflict', phase);
      await goesOn(driver);
    },
  );

  it('in another’s name: who sent it is named, not whose name it bears', async () => {
    const driver = await at('advertise');
    const { reply } = await driver.answer('region-001');
    expectNamed(driver, await driver.server.receive(BAD, reply, 0), 'forged', 'speaks for region-001');
  });

  it('of strangers, who are not kept', async () => {
    const driver = await at('advertise');
    const { outcome } = await driver.server.receive('stranger', {}, 0);
    expect(outcome).toMatchObject({ ok: false, code: 'malformed' });
    expect(driver.server.state().faults).toEqual([]);
  });

  it('of another shape, with fields that the protocol does not have, or of another version', async () => {
    const cases: [unknown, SecaggCode][] = [
      [null, 'malformed'],
      [{ protocol: 'fedcar-secagg/2', kind: 'advertise' }, 'version'],
      [{ ...(await (await at('advertise')).answer(BAD)).reply, examples: 40 }, 'malformed'],
      [{ ...(await (await at('advertise')).answer(BAD)).reply, maskKey: 'AAAA' }, 'malformed'],
    ];
    for (const [message, code] of cases) {
      const driver = await at('advertise');
      expectNamed(driver, await driver.server.receive(BAD, message, 0), code, '');
    }
  });

  it('of another round', async () => {
    const driver = await at('share');
    const message = await resigned(driver, (m) => {
      m.parametersHash = 'f'.repeat(64);
    });
    expectNamed(driver, await driver.server.receive(BAD, message, 0), 'parameters', 'another round');
  });

  it('that come late: after the deadline, even when the alarm has not rung, or from who missed a phase', async () => {
    const driver = await at('share');
    const answers = await driver.answers();
    for (const [id, answer] of answers) if (id !== BAD) await driver.deliver(id, answer);
    const { deadline } = driver.server.state();
    const { outcome, effects } = await driver.server.receive(BAD, answers.get(BAD)!.reply, deadline!);
    expect(outcome).toMatchObject({ ok: false, code: 'late' });
    expect(effects).toEqual([expect.objectContaining({ kind: 'phase', phase: 'checked' })]);
    expect(driver.server.messageFor(BAD)).toBeNull();
    expect(driver.server.state().faults).toEqual([expect.objectContaining({ member: BAD, code: 'late' })]);
    await goesOn(driver);
    expect(driver.server.state().survivors).not.toContain(BAD);
  });

  it('that come early', async () => {
    const later = await at('consistency');
    const { reply } = await later.answer(BAD);
    const driver = await at('masked');
    expectNamed(driver, await driver.server.receive(BAD, reply, 0), 'out-of-order', 'masked');
  });

  it('with a key of small order or another member’s key', async () => {
    const other = await (await at('advertise')).answer('region-001');
    const stolen = (other.reply as unknown as { maskKey: string }).maskKey;
    for (const key of ['A'.repeat(43), stolen]) {
      const driver = await at('advertise');
      await driver.deliver('region-001', other);
      const message = await resigned(driver, (m) => {
        m.cipherKey = key;
      });
      expectNamed(driver, await driver.server.receive(BAD, message, 0), 'bad-key', 'key');
      await goesOn(driver);
    }
  });

  it('with parcels for others than the neighbours, the wrong number of frames, or itself as a bad peer', async () => {
    const share = await at('share');
    const short = await resigned(share, (m) => (m.parcels as unknown[]).pop());
    expectNamed(share, await share.server.receive(BAD, short, 0), 'malformed', 'parcels');
    const masked = await at('masked');
    const long = await resigned(masked, (m) => (m.frames as string[]).push('A'.repeat(43)));
    expectNamed(masked, await masked.server.receive(BAD, long, 0), 'malformed', 'expected 1, got 2');
    const checked = await at('checked');
    const itself = await resigned(checked, (m) =>
      (m.accused as unknown[]).push({ dealer: BAD, secret: 'A'.repeat(43) }),
    );
    expectNamed(checked, await checked.server.receive(BAD, itself, 0), 'malformed', 'no parcel');
  });
});

describe('frames', () => {
  const announced = async () => {
    const driver = await at('masked');
    const answer = await driver.answer(BAD);
    driver.states.set(BAD, answer.state);
    await driver.server.receive(BAD, answer.reply, 0);
    return { driver, answer, frame: answer.frames[0]!.slice() };
  };
  const cases: [string, (frame: Uint8Array) => Uint8Array, SecaggCode, string][] = [
    ['too short for a header', (f) => f.slice(0, HEADER_BYTES - 1), 'frame', 'length'],
    ['one byte short', (f) => f.slice(0, -1), 'frame', 'length: expected 68 bytes, got 67'],
    ['one coordinate long', (f) => Uint8Array.from([...f, 0, 0, 0, 0]), 'frame', 'length'],
    ['of another magic', (f) => f.map((b, i) => (i === 0 ? b ^ 1 : b)), 'frame', 'magic'],
    ['of another version', (f) => f.map((b, i) => (i === 3 ? 1 : b)), 'version', 'got 1'],
    ['of another round', (f) => f.map((b, i) => (i === 4 ? b ^ 1 : b)), 'frame', 'round'],
    ['of another sender', (f) => f.map((b, i) => (i === 36 ? 1 : b)), 'frame', 'sender'],
    ['with an index out of range', (f) => f.map((b, i) => (i === 40 ? 1 : b)), 'frame', 'index'],
    ['with another total', (f) => f.map((b, i) => (i === 44 ? 2 : b)), 'frame', 'total'],
    [
      'with another coordinate',
      (f) => f.map((b, i) => (i === HEADER_BYTES ? b ^ 1 : b)),
      'frame',
      'announced',
    ],
  ];
  it.each(cases)('%s', async (_name, change, code, detail) => {
    const { driver, answer, frame } = await announced();
    expectNamed(driver, await driver.server.receiveFrame(BAD, change(frame), 0), code, detail);
    expect([...driver.store.vectors.keys()]).toEqual([]);
    await driver.deliver(BAD, answer);
    await goesOn(driver);
    expect(driver.server.state().survivors).toContain(BAD);
  });

  it('before they are announced', async () => {
    const driver = await at('masked');
    const { frames } = await driver.answer(BAD);
    expectNamed(driver, await driver.server.receiveFrame(BAD, frames[0]!, 0), 'out-of-order', 'announced');
  });

  it('late ones; a repeated one counts once', async () => {
    const { driver, answer, frame } = await announced();
    await driver.server.receiveFrame(BAD, frame, 0);
    const again = await driver.server.receiveFrame(BAD, frame, 0);
    expect(again.outcome).toEqual({ ok: true, repeated: true });
    await goesOn(driver);
    const { driver: second } = await announced();
    await second.step((id) => id !== BAD);
    const late = await second.server.receiveFrame(BAD, answer.frames[0]!, second.now);
    expect(late.outcome).toMatchObject({ ok: false, code: 'late' });
    await goesOn(second);
    expect(second.server.state().survivors).not.toContain(BAD);
  });
});

describe('shares', () => {
  it('other than the dealt ones: the holder is named and its answer does not count', async () => {
    const driver = await at('unmask');
    const wrong = (await resigned(driver, (m) => {
      const shares = m.seedShares as UnmaskMessage['seedShares'];
      shares[0] = { ...shares[0]!, share: flipped(shares[0]!.share) };
    })) as UnmaskMessage;
    expectNamed(driver, await driver.server.receive(BAD, wrong, 0), 'bad-share', 'share of region-000');
    await goesOn(driver);
  });

  it('of the wrong kind, missing, or both kinds for one member', async () => {
    const changes: ((m: UnmaskMessage) => void)[] = [
      (m) => m.seedShares.pop(),
      (m) => m.seedShares.push({ of: 'region-004', share: m.seedShares[0]!.share }),
    ];
    for (const change of changes) {
      const driver = await at('unmask');
      const message = await resigned(driver, (m) => change(m as unknown as UnmaskMessage));
      expectNamed(driver, await driver.server.receive(BAD, message, 0), 'malformed', 'shares');
    }
    const driver = await at('consistency');
    const none = await resigned(driver, (m) => {
      m.keyShares = [];
    });
    expectNamed(driver, await driver.server.receive(BAD, none, 0), 'malformed', 'shares');
  });

  it('of another mask key than advertised: the dealer is named, and nothing is released', async () => {
    const driver = await at('share');
    const answers = await driver.answers();
    const other = driver.fork();
    const state = structuredClone(other.states.get(BAD)!);
    state.secrets!.mask = flipped(state.secrets!.mask);
    other.states.set(BAD, state);
    answers.set(BAD, { ...(await other.answer(BAD)), state: answers.get(BAD)!.state });
    await driver.step(undefined, answers);
    await (await driver.until('masked')).until('done', new Set([BAD]));
    expect(driver.server.state().abort).toMatchObject({ code: 'bad-share', blamed: [BAD] });
    expect(driver.store.vectors.size).toBe(0);
    expect(driver.effects).not.toContain('reconstruct');
  });
});

/** What a dealer that seals other shares than it committed to sends, all of it well signed. */
async function badParcels(driver: Driver, bad: (to: string) => boolean): Promise<ShareMessage> {
  const { signature: _, ...message } = (await driver.answer(BAD)).reply as ShareMessage;
  const { attempt } = driver.server.state();
  const signer = driver.group.signers.get(BAD)!;
  const all = { ...message, signature: 'A'.repeat(86) };
  for (const parcel of message.parcels) {
    if (!bad(parcel.to)) continue;
    parcel.box = flipped(parcel.box);
    const signed = { box: parcel.box, ...dealtTo(driver.context, all, parcel.to) };
    parcel.signature = await signParcel(signer, driver.context, attempt, BAD, parcel.to, signed);
  }
  return signMessage(signer, message);
}

describe('a dealer', () => {
  it('whose parcels nobody can open is convicted before anything is charged, and left out', async () => {
    const driver = await at('share');
    const answers = await driver.answers();
    answers.set(BAD, { ...answers.get(BAD)!, reply: await badParcels(driver, () => true) });
    await driver.step(undefined, answers);
    await driver.step();
    expect(driver.server.state()).toMatchObject({ phase: 'masked', convicted: [BAD] });
    await goesOn(driver);
    expect(driver.server.state().survivors).not.toContain(BAD);
  });

  it('ends the round, uncharged and named, where the others are too few', async () => {
    const driver = await at('share');
    const answers = await driver.answers();
    answers.set(BAD, { ...answers.get(BAD)!, reply: await badParcels(driver, () => true) });
    await driver.step(undefined, answers);
    await driver.until('done', new Set(['region-001']));
    expect(driver.server.state().abort).toMatchObject({ code: 'below-threshold', blamed: [BAD] });
    expect(driver.effects).not.toContain('charge');
  });

  it('of one bad parcel is convicted and left out', async () => {
    const driver = await at('share');
    const answers = await driver.answers();
    answers.set(BAD, { ...answers.get(BAD)!, reply: await badParcels(driver, (to) => to === 'region-000') });
    await driver.step(undefined, answers);
    await driver.step();
    const { messages, convicted } = driver.server.state();
    expect(messages.checked['region-000']!.accused).toMatchObject([{ dealer: BAD }]);
    expect(convicted).toEqual([BAD]);
    await goesOn(driver);
    expect(driver.server.state().survivors).not.toContain(BAD);
  });

  it('whose shares lie on no polynomial is named: each holder sees it by itself', async () => {
    const driver = await at('share');
    const answers = await driver.answers();
    const { signature: _, ...message } = answers.get(BAD)!.reply as ShareMessage;
    message.check[1] = flipped(message.check[1]!);
    const { attempt } = driver.server.state();
    const signer = driver.group.signers.get(BAD)!;
    const all = { ...message, signature: 'A'.repeat(86) };
    for (const parcel of message.parcels) {
      const signed = { box: parcel.box, ...dealtTo(driver.context, all, parcel.to) };
      parcel.signature = await signParcel(signer, driver.context, attempt, BAD, parcel.to, signed);
    }
    answers.set(BAD, { ...answers.get(BAD)!, reply: await signMessage(signer, message) });
    await driver.step(undefined, answers);
    await driver.step();
    expect(driver.server.state()).toMatchObject({ phase: 'masked', convicted: [BAD] });
    await goesOn(driver);
  });

  it('that did not sign its parcels is refused at once', async () => {
    const driver = await at('share');
    const message = await resigned(driver, (m) => {
      const parcels = m.parcels as ShareMessage['parcels'];
      parcels[0]!.box = flipped(parcels[0]!.box);
    });
    expectNamed(driver, await driver.server.receive(BAD, message, 0), 'forged', 'parcel of region-002');
  });
});

it.each(['of the right key', 'of another key'])(
  'who calls a good parcel bad is convicted by the secret %s',
  async (which) => {
    const driver = await at('checked');
    const { receive, mask } = driver.states.get(BAD)!.secrets!;
    const secret = which === 'of another key' ? mask : receive['region-000']!;
    const message = await resigned(driver, (m) => {
      m.accused = [{ dealer: 'region-000', secret }];
    });
    expectNamed(driver, await driver.server.receive(BAD, message, 0), 'false-accusation', 'region-000');
    expect(driver.server.state().convicted).toEqual([BAD]);
    await goesOn(driver);
  },
);

it('vectors are asked for only after the ledger has charged; a ledger that refuses ends the round', async () => {
  const driver = await at('checked');
  const answers = await driver.answers();
  expect(driver.server.charged(driver.now).outcome).toEqual({ ok: true, repeated: true });
  for (const [id, answer] of answers) await driver.deliver(id, answer);
  expect(driver.phase).toBe('charge');
  for (const id of driver.ids) expect(driver.server.messageFor(id)).toBeNull();
  expect(driver.server.tick(1e12).effects).toEqual([]);
  const refused = driver.fork();
  expect(refused.server.abort('the budget is spent', driver.now).effects).toEqual([{ kind: 'aborted' }]);
  expect(refused.store.vectors.size).toBe(0);
  expect(refused.server.charged(driver.now).outcome).toEqual({ ok: true, repeated: true });
  expect(refused.phase).toBe('aborted');
  expect(driver.server.charged(driver.now).effects).toEqual([
    expect.objectContaining({ kind: 'phase', phase: 'masked' }),
  ]);
  expect(driver.server.charged(driver.now)).toEqual({ outcome: { ok: true, repeated: true }, effects: [] });
  await goesOn(driver);
});
