/**
 * A round of wire version 2, as an implementation in Python checked it (folder FEDCAR_SHARED, by default
 * ../shared): its roster is still a link of chains, what it rests on (labelled hashes, signatures, derivation, streams,
 * agreement, shares) still gives the same sum, and its messages are refused by their version.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fromBase64Url, fromHex, toBase64Url, toHex, utf8 } from '../../../../shared/crypto/bytes.ts';
import { canonicalJson } from '../../../../shared/crypto/canonical-json.ts';
import { verify } from '../../../../shared/crypto/ed25519.ts';
import { hashJson, labelled } from '../../../../shared/crypto/hash.ts';
import { hkdf } from '../../../../shared/crypto/hkdf.ts';
import { addInto } from '../../../../shared/crypto/ring.ts';
import { combine, lagrangeAtZero } from '../../../../shared/crypto/shamir.ts';
import { agree, importAgreementKey, publicKey } from '../../../../shared/crypto/x25519.ts';
import { AnySignedRoster, SECAGG_PROTOCOL } from '../../../../shared/protocol/secagg.ts';
import { clientStep } from '../../../../shared/secagg/client-step.ts';
import { applyMasks, makeMask, pairSign } from '../../../../shared/secagg/masks.ts';
import { hasHash, isPresent, verifyRoster } from '../../../../shared/secagg/roster.ts';
import { at, refuses } from './waiting.ts';

const V = 'fedcar-secagg/2';
const shared = process.env.FEDCAR_SHARED ?? join(import.meta.dirname, '../../../../../shared');
const path = join(shared, 'cases/transcript/transcript.json');
if (!existsSync(path)) console.error(`skipped: no round of ${V} at ${path} (set FEDCAR_SHARED)`);

const Shares = z.array(z.object({ of: z.string(), share: z.string() }));
const Message = z.looseObject({ sender: z.string(), kind: z.string(), signature: z.string() });
const Transcript = z.object({
  parameters: z.looseObject({ collection: z.string(), round: z.string(), rosterHash: z.string() }),
  parametersHash: z.string(),
  roster: AnySignedRoster,
  admin: z.string(),
  adverts: z.record(z.string(), Message.extend({ maskKey: z.string() })),
  masked: z.array(z.tuple([z.string(), z.object({ reply: Message, frames: z.array(z.string()) })])),
  unmask: z.array(z.tuple([z.string(), Message.extend({ seedShares: Shares, keyShares: Shares })])),
  sharers: z.array(z.string()),
  survivors: z.array(z.string()),
  sum: z.array(z.number()),
});

const read = () => Transcript.parse(JSON.parse(readFileSync(path, 'utf8')));

/** Masks as version 2 derived them, removed with this code's primitives. */
async function unmasked({
  parameters,
  parametersHash,
  roster,
  adverts,
  masked,
  unmask,
  sharers,
  survivors,
}: z.infer<typeof Transcript>) {
  const ids = roster.roster.members.map(({ id }) => id);
  const derive = (secret: Uint8Array, purpose: string, ...rest: string[]) => {
    const info = [V, purpose, parameters.collection, parameters.round, parametersHash, ...rest];
    return hkdf(secret, fromHex(parametersHash), utf8(canonicalJson(info)), 32);
  };
  const restore = (dealer: string, kind: 'seedShares' | 'keyShares') => {
    const used = unmask.slice(0, roster.roster.threshold);
    const points = used.map(([id]) => ids.indexOf(id) + 1);
    const shares = used.map(([, reply]) => reply[kind].find(({ of }) => of === dealer)!.share);
    return combine(
      shares.map((share) => fromBase64Url(share, 32)),
      lagrangeAtZero(points),
    );
  };
  const masks = [];
  for (const id of survivors)
    masks.push(await makeMask(derive(restore(id, 'seedShares'), 'self mask', id), -1));
  for (const gone of sharers.filter((id) => !survivors.includes(id))) {
    const own = await importAgreementKey(restore(gone, 'keyShares'));
    expect(toBase64Url(await publicKey(own))).toBe(adverts[gone]!.maskKey);
    for (const id of survivors) {
      const pair = [gone, id].sort((a, b) => ids.indexOf(a) - ids.indexOf(b));
      const key = derive(await agree(own, fromBase64Url(adverts[id]!.maskKey, 32)), 'pair mask', ...pair);
      masks.push(await makeMask(key, pairSign(ids.indexOf(id), ids.indexOf(gone)) === 1 ? -1 : 1));
    }
  }
  const sum = new Uint32Array(9);
  for (const [id, { frames }] of masked) {
    const frame = Uint8Array.from(Buffer.from(frames[0]!, 'base64'));
    if (survivors.includes(id)) addInto(sum, new Uint32Array(frame.slice(48).buffer));
  }
  await applyMasks(sum, 0, masks);
  return sum;
}

describe.skipIf(!existsSync(path))('a round of version 2', () => {
  it('has a roster that is a link of chains', async () => {
    const { roster, admin, parameters } = read();
    expect(await verifyRoster(roster, admin)).toBe(2);
    expect(hasHash(roster.roster, parameters.rosterHash)).toBe(true);
    expect(isPresent(roster.roster)).toBe(false);
  });

  it('is hashed and signed by the same rule, under labels of its own', async () => {
    const { parameters, parametersHash, adverts, roster, masked, unmask } = read();
    expect(toHex(hashJson(`${V} parameters`, parameters))).toBe(parametersHash);
    const messages = [
      ...Object.values(adverts),
      ...masked.map(([, { reply }]) => reply),
      ...unmask.map(([, reply]) => reply),
    ];
    for (const { signature, ...content } of messages) {
      const { key } = roster.roster.members.find(({ id }) => id === content.sender)!;
      const signed = (version: string) => labelled(`${version} ${content.kind}`, content);
      const holds = (version: string) =>
        verify(fromBase64Url(key, 32), signed(version), fromBase64Url(signature, 64));
      expect(await holds(V)).toBe(true);
      expect(await holds(SECAGG_PROTOCOL)).toBe(false);
    }
  });

  it('has the sum that these primitives uncover', async () => {
    const transcript = read();
    expect([...(await unmasked(transcript))]).toEqual(transcript.sum);
  });

  it('is refused by its version, on both sides', async () => {
    const { adverts, parameters, roster } = read();
    const driver = await at('advertise');
    const id = driver.ids[0]!;
    const { outcome } = await driver.server.receive(id, adverts['region-000'], driver.now);
    expect(outcome).toMatchObject({ ok: false, code: 'version' });
    const invite = { kind: 'invite', protocol: V, parameters, roster, chain: [] };
    await refuses(clientStep(null, invite, driver.environment(id)), 'version', V);
  });
});
