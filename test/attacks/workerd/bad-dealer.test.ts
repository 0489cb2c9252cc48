/**
 * One participant deals shares that nobody can use, in every round: it must not stop training, nor cost anyone's budget,
 * and everybody has to be told who it was. One that calls others' good parcels bad must not get them thrown out.
 */
import { SELF } from 'cloudflare:test';
import { fromBase64Url, toBase64Url } from '../../../shared/crypto/bytes.ts';
import type { Participant } from '../../../shared/protocol/api/participant.ts';
import type { ShareMessage } from '../../../shared/protocol/secagg.ts';
import { roundContext } from '../../../shared/secagg/context.ts';
import { dealtTo } from '../../../shared/secagg/server-checks.ts';
import { signMessage, signParcel } from '../../../shared/secagg/signing.ts';
import { hubOf, start } from '../../workerd/objects.ts';
import { attack } from '../outcome.ts';
import { type Guest, hubFor, played } from './guests.ts';

const EVIL = 'guest-001';

/** Plays until the counting round is over, one way or the other. */
async function play(name: string, guests: readonly Guest[]): Promise<string> {
  const hub = hubOf(name);
  const run = await start(name);
  const info = await played(name, run, guests);
  const { charges } = await hub.privacy();
  const response = await SELF.fetch(`http://localhost/v1/collections/${name}/participants`);
  const { participants } = await response.json<{ participants: Participant[] }>();
  const faults = participants.flatMap(({ name: who, fault }) =>
    fault === null ? [] : [`${who} ${fault.detail}`],
  );
  const rounds = info.rounds.map(({ error, participants: all }) => {
    const out = Object.keys(all).filter((who) => all[who]!.phase === 'excluded');
    return `${error === null ? 'released' : error.split('; ')[1]}${out.length === 0 ? '' : ` without ${out}`}`;
  });
  return `${rounds.join(', then ')}; charged ${charges.map((one) => one.rounds)}; faults: ${faults.join(', ')}`;
}

async function badParcels(guest: Guest, message: ShareMessage): Promise<ShareMessage> {
  const { parameters, roster, attempt } = (await guest.client.state())!;
  const context = roundContext(parameters, roster);
  const { signature: _, ...unsigned } = message;
  for (const parcel of unsigned.parcels) {
    parcel.box = toBase64Url(fromBase64Url(parcel.box).map((byte) => byte ^ 1));
    const signed = { box: parcel.box, ...dealtTo(context, message, parcel.to) };
    parcel.signature = await signParcel(guest.signer, context, attempt, guest.name, parcel.to, signed);
  }
  return signMessage(guest.signer, unsigned);
}

/** What the run says at its end where everybody was needed. */
async function ended(name: string, members: number, privacy: object): Promise<string> {
  const guests = await hubFor(name, members, privacy);
  guests.find((guest) => guest.name === EVIL)!.twist = async (guest, message) =>
    message.kind === 'share' ? badParcels(guest, message) : message;
  const { state, error } = await played(name, await start(name), guests);
  const charged = (await hubOf(name).privacy()).charges.length;
  return `${state}, charged ${charged}: ${error?.replace(/ \(bad-share.*\);/, ';')}`;
}

attack(
  'a dealer of three, all of whom are needed, where two are too few for any roster',
  'failed, charged 0: 2 of 3 participants are left where 3 are needed; left out from here on: guest-001; no sum ' +
    'protects the 2 that are left, of whom 2 may collude: invite 1 more, then remove who was left out (fedcar ' +
    'participants remove guest-001), sign roster 1, and start another run',
  () => ended('three', 3, {}),
);

attack(
  'a dealer of four, all of whom are needed, where three have a roster',
  'failed, charged 0: 3 of 4 participants are left where 4 are needed; left out from here on: guest-001; remove who ' +
    'was left out (fedcar participants remove guest-001), sign roster 1, and start another run: of those left 3 of 3 ' +
    'are needed',
  () => ended('four', 4, {}),
);

attack(
  'a dealer of five whose parcels nobody can open',
  /^released without guest-001; charged 1; faults: guest-001 bad-share, parcel: the one for guest-00\d is bad$/,
  async () => {
    const guests = await hubFor('dealer', 5);
    guests.find(({ name }) => name === EVIL)!.twist = async (guest, message) =>
      message.kind === 'share' ? badParcels(guest, message) : message;
    return play('dealer', guests);
  },
);

attack(
  'a member of five that calls two good parcels bad',
  /^released without guest-001; charged 1; faults: guest-001 false-accusation, guest-000: its parcel is good$/,
  async () => {
    const guests = await hubFor('accuser', 5);
    let receive: Record<string, string> = {};
    guests.find(({ name }) => name === EVIL)!.twist = async (guest, message) => {
      receive = { ...receive, ...(await guest.client.state())!.secrets?.receive };
      if (message.kind !== 'checked') return message;
      const { signature: _, ...unsigned } = message;
      const accused = ['guest-000', 'guest-002'].map((dealer) => ({ dealer, secret: receive[dealer]! }));
      return signMessage(guest.signer, { ...unsigned, accused });
    };
    return play('accuser', guests);
  },
);
