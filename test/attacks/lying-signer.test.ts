/**
 * Members that sign something else than what was, or nothing: of five, where two may collude, a version's certificate
 * holds by the three that count, names who said otherwise, and says how many are needed where they are too few.
 */
import { describe } from 'vitest';
import { signedVersion } from '../../shared/certificate/signed-version.ts';
import { verifyCertificate } from '../../shared/certificate/verify.ts';
import type { Certificate, RoundRecord, Statement } from '../../shared/protocol/certificate.ts';
import {
  NAMES,
  reclaimed,
  type Signed,
  signedCertificate,
  withStatement,
} from '../unit/shared/certificate/signed.ts';
import { attack } from './outcome.ts';

const FIVE = [...NAMES, 'clinic-d', 'clinic-e'];

/** Whether it holds, what its reader is told, and whether it says of the version what the honest members signed. */
async function outcomeOf(certificate: Certificate, honest: Signed): Promise<string> {
  const { problems, notes } = await verifyCertificate(certificate);
  const same =
    JSON.stringify(signedVersion(certificate)) === JSON.stringify(signedVersion(honest.certificate));
  const version = same ? 'the same version' : 'another version';
  const told = [...problems, ...notes].join('; ');
  return `${problems.length === 0 ? 'holds' : 'does not hold'}, ${version}: ${told}`;
}

type Lie = (rounds: RoundRecord[], own: Statement) => [RoundRecord[], Partial<Statement>];

/** The last `liars` of five say the same lie, with their own keys. */
async function said(lie: Lie, liars = 1): Promise<string> {
  const honest = await signedCertificate(FIVE);
  let { certificate } = honest;
  for (let member = FIVE.length - liars; member < FIVE.length; member++) {
    const [told, more] = lie(honest.rounds, certificate.statements[member]!.statement);
    const alone = await honest.telling(member, told, more);
    certificate = withStatement(certificate, alone.statements[member]!, told);
  }
  return outcomeOf(certificate, honest);
}

const at =
  (index: number, change: Partial<RoundRecord>): Lie =>
  (rounds) => [rounds.map((record, i) => (i === index ? { ...record, ...change } : record)), {}];
const other: Lie = (rounds, own) => [
  rounds,
  { versions: own.versions!.map((made) => ({ ...made, learned: 'f'.repeat(64) })) },
];

describe('a member of five', () => {
  attack(
    'signs another hash of what the version learned',
    'holds, the same version: version 1: clinic-a and clinic-e were told that different things came of the run',
    () => said(other),
  );
  attack(
    'leaves out what the version learned',
    'holds, the same version: version 1: clinic-e judged it, and did not sign its content',
    () => said((rounds) => [rounds, { versions: [] }]),
  );
  attack('leaves its signature out', 'holds, the same version: clinic-e has not signed yet', async () => {
    const honest = await signedCertificate(FIVE);
    const statements = honest.certificate.statements.slice(0, 4);
    return outcomeOf(reclaimed({ ...honest.certificate, statements, missing: ['clinic-e'] }), honest);
  });
  attack(
    'signs another task of a round',
    'holds, the same version: round run.1: clinic-e signed otherwise than 4 others: task',
    () => said(at(1, { task: 'f'.repeat(64) })),
  );
  attack(
    'says that the gate judged another snapshot',
    'holds, the same version: round run.3: clinic-e signed otherwise than 4 others: model',
    () => said(at(3, { model: 'f'.repeat(64) })),
  );
  attack(
    'gives a round’s serial to one of its own',
    'holds, the same version: round run.9: clinic-e signed otherwise than 4 others: round',
    () => said(at(1, { round: 'run.9' })),
  );
  attack(
    'says that nobody colludes, so that its word alone would do',
    'holds, the same version: statement of clinic-e: round run.3 had n, t, m = 5,4,0, and its roster has 5,4,2',
    () => said(at(3, { colluders: 0, model: 'f'.repeat(64) })),
  );
  attack(
    'goes by a roster that there is not',
    'holds, the same version: statement of clinic-e: round run.0 went by a roster that is not here',
    () => said(at(0, { roster: { epoch: 7, hash: 'f'.repeat(64) } })),
  );
  attack(
    'tells of a gate that nobody else knows',
    'holds, the same version: round run.7: 1 signed it, and 2 may collude',
    () =>
      said((rounds) => [
        [...rounds, { ...rounds[3]!, round: 'run.7', serial: 99, model: 'f'.repeat(64) }],
        {},
      ]),
  );
  attack(
    'promises less than its ledger spent',
    /^holds, the same version: statement of clinic-e: its charges come to ε 1\.\d+, and it promised 0\.5$/,
    () => said((rounds, { promise }) => [rounds, { promise: { ...promise, epsilon: 0.5 } }]),
  );
});

describe('two of five that collude', () => {
  attack(
    'sign another hash of what the version learned',
    'holds, the same version: version 1: clinic-a and clinic-d, clinic-e were told that different things came of the run',
    () => said(other, 2),
  );
  attack(
    'sign another task of the gate',
    'holds, the same version: round run.3: clinic-d signed otherwise than 3 others: task; round run.3: clinic-e signed otherwise than 3 others: task',
    () => said(at(3, { task: 'f'.repeat(64) }), 2),
  );
});

describe('three of five, more than may collude', () => {
  attack(
    'sign another hash: two who say what was are too few',
    /^does not hold, .*version 1: clinic-c and clinic-a, clinic-b were told that different things came of the run; version 1: no signed gate judged this content/,
    () => said(other, 3),
  );
  attack(
    'leave out what the version learned',
    /^does not hold, the same version: version 1: clinic-c judged it, .*version 1: 2 signed its content, and 2 may collude: 3 are needed/,
    () => said((rounds) => [rounds, { versions: [] }], 3),
  );
});
