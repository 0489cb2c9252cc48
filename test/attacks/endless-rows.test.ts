/**
 * A coordinator whose row table has no end, or is larger than any run's: who would mirror it is out of memory, of disk, or
 * of time. Members stay out before they have joined or been charged anything, keep little of what they were given, and
 * take part in the next honest round.
 */
import { toBase64Url } from '../../shared/crypto/bytes.ts';
import { generateSigner } from '../../shared/crypto/ed25519.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import { catchUp } from '../../shared/participant/enrol.ts';
import { MOST_COORDINATES, MOST_STATE_BYTES } from '../../shared/protocol/round-limits.ts';
import type { CountRound, RowEntry } from '../../shared/protocol/rounds.ts';
import { ROSTER_VERSION, type SignedRoster } from '../../shared/protocol/secagg.ts';
import { type RosterPin, rosterHash, signRoster } from '../../shared/secagg/roster.ts';
import { hostileHub } from './hostile-hub.ts';
import { attack, refusalOf } from './outcome.ts';

const entry = (row: number, item: string, removed = false): RowEntry => ({
  ...{ row, item, ordinal: 0, region: 'east', removed, changedAt: row + 1 },
});
const page = (after: number, length: number, of: (row: number) => RowEntry) =>
  Array.from({ length }, (_, i) => of(after + i));

/** What members say to a round under another table, what each has then, and whether they take part in a true one. */
async function outcomeOf(
  round: Partial<CountRound>,
  rows?: (after: number, limit: number) => RowEntry[],
): Promise<string> {
  const notes = new Set<string>();
  let pages = 0;
  const told = (after: number, limit: number) => {
    pages += 1;
    return rows!(after, limit);
  };
  const lies = { on: true };
  const hub = await hostileHub({
    ...{ aggregation: 'plain', note: (reason) => void notes.add(reason) },
    ...(rows && { rows: (after, limit) => (lies.on ? told(after, limit) : page(after, 8 - after, trueRow)) }),
  });
  try {
    const { members } = hub;
    await hub.work(hub.round({ lineage: 'a lie', ...round }));
    const kept = new Set(
      members.map(({ shard }) => {
        const { rows, keyBytes } = shard.rowsKept();
        return `${rows} rows with ${keyBytes} bytes of keys kept`;
      }),
    );
    const charges = members.flatMap(({ ledger }) => ledger.entries());
    lies.on = false;
    const joined = await hub.release(hub.round({ id: 'run.1', serial: 2 }));
    return [
      [...notes].join('; '),
      `${pages / members.length} pages, ${[...kept].join('; ')}`,
      `charged ${charges.length}`,
      `then they ${joined ? 'take part' : 'stay out'}`,
    ].join(' | ');
  } finally {
    hub.close();
  }
}
const trueRow = (row: number) => entry(row, `doc-${row}`);

attack(
  'a table of nine quadrillion changes',
  'work: rowsAt: 9007199254740991, 9007199254740991 changes of the row table to fetch, where at most 67108864 are taken | 0 pages, 0 rows with 0 bytes of keys kept | charged 0 | then they take part',
  () => outcomeOf({ rowsAt: Number.MAX_SAFE_INTEGER }, () => []),
);

attack(
  'pages of one change each',
  'work: rows: 1 in a page that ends at change 1, before 67108864 | 1 pages, 0 rows with 0 bytes of keys kept | charged 0 | then they take part',
  () => outcomeOf({ rowsAt: 2 ** 26 }, (after) => page(after, 1, trueRow)),
);

attack(
  'the same page again and again',
  'work: rows: change 1 does not follow 2000 | 2 pages, 0 rows with 0 bytes of keys kept | charged 0 | then they take part',
  () => outcomeOf({ rowsAt: 5000 }, (_, limit) => page(0, limit, (row) => entry(row, 'gone', true))),
);

attack(
  'a page of more than was asked for',
  'work: rows: 2001 in a page where 2000 were asked for | 1 pages, 0 rows with 0 bytes of keys kept | charged 0 | then they take part',
  () => outcomeOf({ rowsAt: 5000 }, (after, limit) => page(after, limit + 1, trueRow)),
);

attack(
  'a key of a million characters',
  'work: rows: a key of 1000000 characters where at most 512 are taken | 1 pages, 0 rows with 0 bytes of keys kept | charged 0 | then they take part',
  () => outcomeOf({ rowsAt: 1 }, () => [entry(0, 'k'.repeat(1e6))]),
);

attack(
  'a vector of a billion coordinates',
  `not_as_agreed: round run.0: dimension: 1073741824 coordinates, where a round has at most ${MOST_COORDINATES} | 0 pages, 0 rows with 0 bytes of keys kept | charged 0 | then they take part`,
  () => outcomeOf({ dimension: 2 ** 30 }, () => []),
);

attack(
  'a list of documents of half a gigabyte',
  new RegExp(
    `^work: parameters manifest:run: 536870912 bytes in 512 parts, where at most ${MOST_STATE_BYTES} in parts of 1 MiB are taken .* charged 0 `,
  ),
  () => outcomeOf({ manifest: { key: 'manifest:run', hash: '0'.repeat(64), bytes: 512 << 20, parts: 512 } }),
);

attack(
  'rosters without end, each signed and following the one before',
  'refused, roster: chain: 256 pages of new rosters, and no end; 256 pages',
  async () => {
    const { signer: admin } = await generateSigner(systemRandom);
    const key = toBase64Url(admin.key);
    const members = ['a', 'b'].map((id) => ({ id, key: toBase64Url(systemRandom(32)), operator: id }));
    let last: SignedRoster | null = null;
    let pages = 0;
    const rosters = async (): Promise<SignedRoster[]> => {
      pages += 1;
      const before = last;
      const epoch = before === null ? 0 : before.roster.epoch + 1;
      const previous = before === null ? null : rosterHash(before.roster);
      const roster = { version: ROSTER_VERSION, collection: 'c', epoch, previous, members } as const;
      last = await signRoster({ ...roster, threshold: 2, colluders: 1 }, admin);
      return before === null ? [last] : [before, last];
    };
    let pinned: RosterPin | null = null;
    const pin = {
      get: () => pinned,
      set: (now: RosterPin) => {
        pinned = now;
      },
    };
    const seen = await refusalOf(catchUp({ rosters }, { collection: 'c', admin_key: key }, pin));
    return `${seen}; ${pages} pages`;
  },
);
