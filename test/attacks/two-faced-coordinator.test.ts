/**
 * A coordinator that tells its participants different things of one round. Secure sums come to nothing, for what members
 * sign does not fit together; where sums are plain, two participants that compare their logs find it out.
 */
import { describe } from 'vitest';
import { differences, logProblem } from '../../shared/certificate/compare.ts';
import { verifyCertificate } from '../../shared/certificate/verify.ts';
import type { RoundSpec } from '../../shared/protocol/rounds.ts';
import { reclaimed, signedCertificate } from '../unit/shared/certificate/signed.ts';
import { hostileHub } from './hostile-hub.ts';
import { attack } from './outcome.ts';

/** One member is told that the round began a minute earlier, and so is charged for another moment. */
const twoFaced = (name: string, spec: RoundSpec): RoundSpec =>
  name === 'clinic-b' ? { ...spec, startedAt: spec.startedAt - 60_000 } : spec;

async function compared(aggregation: 'plain' | 'secure', tells = twoFaced): Promise<string> {
  const hub = await hostileHub({ aggregation, tells });
  try {
    const released = await hub.release(hub.round()).catch(() => false);
    if (!released) return 'nothing was released';
    for (let turn = 0; turn < 4; turn++) for (const { participant } of hub.members) await participant.step();
    const logs = await Promise.all(hub.members.map((member) => member.exported()));
    const problems = await Promise.all(logs.map(logProblem));
    const found = differences(logs.map(({ participant, rounds }) => ({ by: participant, rounds })));
    return [...problems.filter((each) => each !== null), ...found].join('; ') || 'all were told the same';
  } finally {
    hub.close();
  }
}

describe('a coordinator with two faces', () => {
  attack('tells one member another beginning of a secure round', 'nothing was released', () =>
    compared('secure'),
  );
  attack(
    'tells one member another beginning of a plain round',
    'round run.0: clinic-a and clinic-b were told different things: startedAt, task',
    () => compared('plain'),
  );
  attack('tells everybody the same', 'all were told the same', () => compared('secure', (_, spec) => spec));
});

describe('a service that improves a certificate', () => {
  attack('states more noise than was signed', /nobody signed this record of it/, async () => {
    const { certificate, rounds } = await signedCertificate();
    const louder = rounds.map((record) => ({ ...record, noiseMultiplier: 10 * record.noiseMultiplier }));
    return (await verifyCertificate(reclaimed({ ...certificate, rounds: louder }))).problems.join('; ');
  });
  attack(
    'leaves out the statement of a member that was told otherwise',
    /2 signed it, and 2 may collude/,
    async () => {
      const { certificate } = await signedCertificate();
      const statements = certificate.statements.slice(0, 2);
      return (await verifyCertificate(reclaimed({ ...certificate, statements }))).problems.join('; ');
    },
  );
  attack('puts it under a version that the gate never judged', /judged the snapshot/, async () => {
    const { certificate } = await signedCertificate();
    return (await verifyCertificate({ ...certificate, snapshot: '7'.repeat(64) })).problems.join('; ');
  });
});
