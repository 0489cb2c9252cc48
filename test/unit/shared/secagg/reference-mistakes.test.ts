/** Mistakes that other systems of this kind have made, each with a test that would have caught it. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fromBase64Url } from '../../../../shared/crypto/bytes.ts';
import { unpack } from '../../../../shared/crypto/packed-ring.ts';
import { importMaskKey, maskWords } from '../../../../shared/crypto/prg.ts';
import { combine, lagrangeAtZero } from '../../../../shared/crypto/shamir.ts';
import { ClientMessage, Roster, RoundParameters } from '../../../../shared/protocol/secagg.ts';
import { selfMaskKey } from '../../../../shared/secagg/binding.ts';
import { decodeFrame } from '../../../../shared/secagg/frames.ts';
import { cohort, seededVector } from './cohort.ts';
import { Driver } from './driver.ts';
import { at } from './waiting.ts';

describe('a mask generator seeded with 32 bits or fewer', () => {
  it('every bit of the 256-bit seed changes the mask', async () => {
    const { context, ids } = await at('masked');
    const seen = new Set<string>();
    for (let bit = 0; bit < 256; bit++) {
      const seed = new Uint8Array(32);
      seed[bit >> 3] = 1 << (bit & 7);
      seen.add((await maskWords(await importMaskKey(selfMaskKey(seed, context, ids[0]!)), 0, 4)).join());
    }
    expect(seen.size).toBe(256);
  });

  it('seeds and secrets are 32 bytes of the source, each drawn anew', async () => {
    const driver = await at('masked');
    const drawn = [...driver.states.values()].flatMap(({ secrets }) => [
      secrets!.seed!,
      secrets!.mask,
      ...Object.values(secrets!.receive),
    ]);
    expect(new Set(drawn).size).toBe(drawn.length);
    for (const text of drawn) expect(fromBase64Url(text)).toHaveLength(32);
  });
});

describe('a count sent in clear beside the masked sum of the same data', () => {
  /** Names of all fields of a schema, at any depth. */
  function fields(schema: z.ZodType): string[] {
    const found: string[] = [];
    const walk = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      const { properties } = node as { properties?: Record<string, unknown> };
      if (properties !== undefined) found.push(...Object.keys(properties));
      for (const value of Object.values(node)) walk(value);
    };
    walk(z.toJSONSchema(schema));
    return [...new Set(found)].sort();
  }

  it('a participant’s messages have keys, hashes, boxes, shares and signatures, and nothing else', () => {
    expect(fields(ClientMessage)).toEqual([
      'accused',
      'attempt',
      'box',
      'check',
      'cipherKey',
      'dealer',
      'frames',
      'keyShareHash',
      'keyShares',
      'kind',
      'maskKey',
      'of',
      'own',
      'parametersHash',
      'parcels',
      'protocol',
      'receiveKeys',
      'secret',
      'seedShareHash',
      'seedShares',
      'sender',
      'share',
      'signature',
      'surplus',
      'surplusSeeds',
      'to',
    ]);
  });

  it('a message’s length does not depend on the vector', async () => {
    const driver = await at('masked');
    const lengths = new Set<string>();
    for (const fill of [0, 1, 0xffff_ffff]) {
      const input = { dimension: 5, read: (_: number, count: number) => new Uint32Array(count).fill(fill) };
      const { reply, frames } = await driver.answer('region-000', undefined, { input });
      lengths.add(`${JSON.stringify(reply).length} ${frames.map((frame) => frame.length)}`);
    }
    expect(lengths.size).toBe(1);
  });
});

describe('dropout handled only after the sharing phase', () => {
  it.each(['advertise', 'share', 'checked'])(
    'a member that goes at %s costs nothing but itself',
    async (phase) => {
      const driver = await Driver.open(await cohort(4)).until(phase);
      const gone = new Set(['region-001']);
      await driver.until('done', gone);
      expect(driver.phase).toBe('done');
      expect(driver.server.state().survivors).toEqual(['region-000', 'region-002', 'region-003']);
    },
  );
});

describe('no check that alive and dropped are disjoint', () => {
  it('a member’s masks can be removed by nobody who plays by the rules: one kind of share a member', async () => {
    const driver = await at('unmask');
    const alive = new Set(driver.server.state().survivors);
    for (const [, { reply }] of await driver.answers()) {
      if (reply.kind !== 'unmask') throw new TypeError('expected an unmask message');
      for (const { of } of reply.seedShares) expect(alive.has(of)).toBe(true);
    }
    for (const { keyShares } of Object.values(driver.server.state().messages.consistency)) {
      for (const { of } of keyShares) expect(alive.has(of)).toBe(false);
    }
  });

  it('t − 1 colluders and the coordinator restore nothing of an honest member', async () => {
    // All that three of five (t = 4) hold of region-000, both kinds, against its secrets: no subset restores them.
    const driver = await at('masked');
    const answers = await driver.answers();
    const colluders = ['region-001', 'region-002', 'region-003'];
    const { secrets } = driver.states.get('region-000')!;
    for (const kind of ['seedShare', 'keyShare'] as const) {
      const shares = colluders.map((id) => fromBase64Url(answers.get(id)!.state.held['region-000']![kind]!));
      const points = colluders.map((id) => driver.context.position(id) + 1);
      const guess = combine(shares, lagrangeAtZero(points));
      expect([secrets!.seed, secrets!.mask].map((text) => String(fromBase64Url(text!)))).not.toContain(
        String(guess),
      );
    }
  });
});

describe('noise split by the expected number of participants', () => {
  it('t, m, q, z, c, γ and d are what everyone signs, so that the share of noise follows t − m', () => {
    const covered = Object.keys(RoundParameters.shape);
    for (const name of [
      'threshold',
      'colluders',
      'samplingRate',
      'noiseMultiplier',
      'clipNorm',
      'gridStep',
      'dimension',
    ]) {
      expect(covered).toContain(name);
    }
    expect(Object.keys(Roster.shape)).toEqual(expect.arrayContaining(['threshold', 'colluders']));
  });
});

it('a vector sent before its member was dropped stays masked by its own seed', async () => {
  // The coordinator has the frames of a late member and, by the others' shares, its mask key: x + PRG(b) is left.
  const driver = await at('masked');
  const answers = await driver.answers();
  const late = 'region-004';
  await driver.step((id) => id !== late, answers);
  const before = driver.fork();
  await driver.until('unmask');
  const { reply } = await driver.answer('region-000');
  if (reply.kind !== 'unmask') throw new TypeError('expected an unmask message');
  const signed = driver.server.state().messages.consistency['region-000']!;
  expect(signed.keyShares.map(({ of }) => of)).toEqual([late]);
  expect(reply.seedShares.map(({ of }) => of)).not.toContain(late);
  const { payload } = decodeFrame(before.context, late, answers.get(late)!.frames[0]!);
  expect(unpack(payload, 32, 5)).not.toEqual(seededVector(late, 5));
});
