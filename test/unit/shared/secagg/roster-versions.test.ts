/** Rosters that earlier releases signed: links of a chain that ends in the present form, whatever a member has pinned. */
import { describe, expect, it } from 'vitest';
import { toBase64Url, utf8 } from '../../../../shared/crypto/bytes.ts';
import { signerFromSeed } from '../../../../shared/crypto/ed25519.ts';
import { labelled, sha256 } from '../../../../shared/crypto/hash.ts';
import { catchUp } from '../../../../shared/participant/enrol.ts';
import {
  AnySignedRoster,
  DEPLOYMENT,
  InviteMessage,
  ROSTER_VERSION,
  type Roster,
  SignedRoster,
} from '../../../../shared/protocol/secagg.ts';
import {
  followChain,
  hasHash,
  isPresent,
  type RosterPin,
  rosterHash,
  signRoster,
  verifyRoster,
} from '../../../../shared/secagg/roster.ts';
import vectors from '../../../vectors/fedcar-9dee484-rosters.json' with { type: 'json' };

const COLLECTION = 'help';
const admin = () => signerFromSeed(sha256(utf8('admin')));
const chains = vectors.chains.map(({ protocol, adminKey, rosters, hashes }, index) => ({
  version: index + 1,
  protocol,
  adminKey,
  rosters: rosters.map((signed) => AnySignedRoster.parse(signed)) as [AnySignedRoster, AnySignedRoster],
  hashes: hashes as [string, string],
}));

/** What the directory makes of a chain now: the same members in the present form. */
async function successor(last: AnySignedRoster): Promise<SignedRoster> {
  const { members, threshold, colluders, epoch } = last.roster;
  const operated = members.map((member) => ({ operator: DEPLOYMENT, ...member }));
  const content = { members: operated, threshold, colluders, collection: COLLECTION };
  const roster: Roster = {
    version: ROSTER_VERSION,
    ...content,
    epoch: epoch + 1,
    previous: rosterHash(last.roster),
  };
  return signRoster(roster, await admin());
}

describe.each(chains)('rosters signed under $protocol', ({ version, adminKey, rosters, hashes }) => {
  const [first, second] = rosters;
  const follow = (pin: RosterPin | null, chain: AnySignedRoster[], last: AnySignedRoster) =>
    followChain(pin, chain, last, COLLECTION, adminKey);

  it('are known by their signature and found by their hash', async () => {
    expect(await verifyRoster(first, adminKey)).toBe(version);
    expect(await verifyRoster(second, adminKey)).toBe(version);
    expect(rosters.map(({ roster }, i) => hasHash(roster, hashes[i]!))).toEqual([true, true]);
    expect(hasHash(first.roster, hashes[1])).toBe(false);
    expect(isPresent(first.roster)).toBe(false);
  });

  it('are refused when changed, or signed by another key', async () => {
    const changed = { ...first, roster: { ...first.roster, colluders: 0 } };
    await expect(verifyRoster(changed, adminKey)).rejects.toThrow('not by the admin key');
    const other = toBase64Url((await signerFromSeed(sha256(utf8('other')))).key);
    await expect(verifyRoster(first, other)).rejects.toThrow('not by the admin key');
  });

  it.each([
    ['nothing', null],
    ['the first', { epoch: 0, hash: hashes[0] }],
    ['the second', { epoch: 1, hash: hashes[1] }],
  ])('lead from a pin of %s to one in the present form', async (_name, pin) => {
    const third = await successor(second);
    const next = await follow(pin, [first, second], third);
    expect(next).toEqual({ epoch: 2, hash: rosterHash(third.roster) });
    expect(await follow(next, [first, second], third)).toEqual(next);
  });

  it('do not lead on from the pin of another roster', async () => {
    const third = await successor(second);
    const pin = { epoch: 1, hash: 'd'.repeat(64) };
    await expect(follow(pin, [first, second], third)).rejects.toThrow('epoch: 1 does not follow 1');
    await expect(follow(pin, [first], third)).rejects.toThrow('does not name');
  });

  it('leave the pin that they were given under', async () => {
    expect(await follow(null, [first], second)).toEqual({ epoch: 1, hash: hashes[1] });
  });

  it('are no roster of a round', async () => {
    expect(SignedRoster.safeParse(second).success).toBe(false);
    const third = await successor(second);
    expect(InviteMessage.shape.roster.safeParse(third).success).toBe(true);
    expect(InviteMessage.shape.chain.safeParse([first, second]).success).toBe(true);
  });

  it('are followed by who asks for what came since', async () => {
    const third = await successor(second);
    const all: AnySignedRoster[] = [first, second, third];
    const asked: number[] = [];
    const port = {
      rosters: async (after: number) => {
        asked.push(after);
        return all.filter(({ roster }) => roster.epoch > after);
      },
    };
    let pin: RosterPin | null = { epoch: 1, hash: hashes[1] };
    const keep = {
      get: () => pin,
      set: (to: RosterPin) => {
        pin = to;
      },
    };
    await catchUp(port, { collection: COLLECTION, admin_key: adminKey }, keep);
    expect(pin).toEqual({ epoch: 2, hash: rosterHash(third.roster) });
    expect(asked).toEqual([0, 1]);
  });
});

it('a roster in the present form counts under its own version alone', async () => {
  const { adminKey, rosters } = chains[1]!;
  const { roster } = await successor(rosters[1]);
  const key = await admin();
  for (const label of ['fedcar-secagg/1 roster signature', 'fedcar-secagg/2 roster signature']) {
    const signature = toBase64Url(await key.sign(labelled(label, roster)));
    await expect(verifyRoster({ roster, signature }, adminKey)).rejects.toThrow('not by the admin key');
  }
});
