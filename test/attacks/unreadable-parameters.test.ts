/**
 * A coordinator that gives out bytes under the right hash which are not what they are said to be. Whatever a reader makes of
 * them, the member stays out of that round and says so, and neither ends nor tries for ever.
 */
import { utf8 } from '../../shared/crypto/bytes.ts';
import { MOST_ROWS } from '../../shared/protocol/round-limits.ts';
import { hostileHub } from './hostile-hub.ts';
import { attack, refusalOf } from './outcome.ts';

/** What members note of a counting round over this list of documents, and what it costs them. */
async function outcomeOf(manifest: Uint8Array): Promise<string> {
  const notes = new Set<string>();
  const hub = await hostileHub({
    aggregation: 'plain',
    manifest,
    note: (reason) => void notes.add(reason.replaceAll(/\s+/g, ' ')),
  });
  try {
    const worked = await refusalOf(hub.work(hub.round()));
    const charges = hub.members.flatMap(({ ledger }) => ledger.entries());
    const failed = new Set(
      hub.received.map((message) => (message.type === 'failed' ? message.code : message.type)),
    );
    return `${worked}; said ${[...failed].join(', ')}; noted ${[...notes].join('; ')}; charged ${charges.length}`;
  } finally {
    hub.close();
  }
}

const stayOut = (why: string) =>
  new RegExp(`^accepted; said working, work; noted work: parameters manifest:run: ${why}.*; charged 0$`);

attack('a list of documents that is no JSON', stayOut(''), () => outcomeOf(utf8('["doc-0", ')));
attack('a list of documents that is no list', stayOut('no list of documents'), () =>
  outcomeOf(utf8('{"__proto__": ["doc-0"]}')),
);
attack('a list of numbers', stayOut('no list of documents'), () => outcomeOf(utf8('[1, 2, 3]')));
attack('bytes that are no text', stayOut(''), () => outcomeOf(Uint8Array.of(0xff, 0xfe, 0)));
attack('more documents than a run has rows', stayOut(`more than ${MOST_ROWS} documents`), () =>
  outcomeOf(utf8(`[${'1,'.repeat(MOST_ROWS)}1]`)),
);
attack(
  'the same document twice',
  'accepted; said working, work; noted work: round run.0: 1 coordinates where 8 are due; charged 0',
  () => outcomeOf(utf8(`[${Array(8).fill('"doc-0"').join()}]`)),
);
